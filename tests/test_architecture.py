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

#: Mutable values that a module may not hold under a name.
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = {"list", "dict", "set", "defaultdict", "deque", "Counter", "OrderedDict"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_file_fits_in_a_head(path: Path) -> None:
    assert lines(path) <= MAX_LINES


def test_most_files_are_short() -> None:
    assert statistics.median(map(lines, SOURCES)) <= MAX_MEDIAN_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_holds_no_mutable_state(path: Path) -> None:
    for statement in ast.parse(path.read_text()).body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            continue
        value = statement.value
        called = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id
        assert not isinstance(value, MUTABLE), f"line {statement.lineno}: make it a tuple"
        assert called not in MUTABLE_CALLS, f"line {statement.lineno}: make it immutable"


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


def test_the_mapped_files_of_the_readme_exist() -> None:
    mapped = re.findall(r"^\| `([\w./-]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(mapped) > 10
    assert [path for path in mapped if not (ROOT / path).exists()] == []
