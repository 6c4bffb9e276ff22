"""The house keeps its order: small files, quiet imports, no state, no machine paths."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "ourvidz").rglob("*.py"))
PYTHON = sorted(path for room in ("ourvidz", "benchmarks", "tests") for path in
                (ROOT / room).rglob("*.py"))  # fmt: skip
PROSE = [*ROOT.glob("*.md"), *(ROOT / "ourvidz").rglob("*.md"), ROOT / "Makefile"]

MAX_LINES = 300
MAX_MEDIAN_LINES = 120

#: What state is made of. A constant may be a dict, but it is full from the start and in capitals.
CONTAINERS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
CONTAINER_NAMES = {"list", "dict", "set", "defaultdict", "deque", "Counter", "OrderedDict"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_file_fits_in_a_head(path: Path) -> None:
    assert lines(path) <= MAX_LINES


def test_most_files_are_short() -> None:
    assert statistics.median(map(lines, SOURCES)) <= MAX_MEDIAN_LINES


def is_state(name: str, value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func).rpartition(".")[2]
        return called in CONTAINER_NAMES and not (value.args and name.isupper())
    empty = value is not None and ast.unparse(value) in ("[]", "{}")
    return isinstance(value, CONTAINERS) and (empty or not name.isupper())


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("_CACHE = {}", True),
        ("seen = [1]", True),
        ("SEEN = collections.deque()", True),
        ("_BITS = {'bf16': 16}", False),
        ("SIZES = (1, 2)", False),
        ("WORDS = set(TEXT)", False),
    ],
)
def test_a_full_constant_is_told_from_state(code: str, state: bool) -> None:
    name, _, value = code.partition(" = ")
    assert is_state(name, ast.parse(value, mode="eval").body) == state


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_holds_no_mutable_state(path: Path) -> None:
    for statement in ast.parse(path.read_text()).body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        name = ast.unparse(target)
        assert name == "__all__" or not is_state(name, statement.value), f"{name} is state"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_importing_a_module_has_no_effect(path: Path) -> None:
    for statement in ast.parse(path.read_text()).body:
        text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        acts = isinstance(statement, ast.Expr | ast.For | ast.While | ast.With | ast.Try)
        assert text or not acts, f"line {statement.lineno} runs at import"


@pytest.mark.parametrize("module", ["ourvidz", "ourvidz.pipeline", "ourvidz.cli"])
def test_importing_loads_no_model_library(module: str) -> None:
    code = (
        f"import sys, {module}; print(*{{'torch', 'diffusers', 'transformers'}} & {{*sys.modules}})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (loaded.returncode, loaded.stdout.strip()) == (0, ""), loaded.stderr


@pytest.mark.parametrize("path", [*PYTHON, *PROSE], ids=name_of)
def test_no_file_names_a_place_of_one_machine(path: Path) -> None:
    places = "|".join(("work", "tmp", "root", "home"))
    found = re.search(rf"(?<![\w.~}}])/({places})/\w+", path.read_text())
    assert found is None, f"{found and found.group()} exists on one machine only"


def test_benchmarks_measure_what_is_served_and_know_nothing_above_it() -> None:
    measured = {"backends", "web", "worker", "safety", "pipeline", "ports", "starter"}
    measured |= {"domain", "settings"}
    for path in (ROOT / "benchmarks").rglob("*.py"):
        rooms = set(re.findall(r"(?:from|import) ourvidz\.(\w+)", path.read_text()))
        assert rooms <= measured, path.name
