"""What is imported is pinned, and what is pinned has a reason."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = (ROOT / "requirements.txt", ROOT / "requirements-nodeps.txt")
LINES = [
    line for file in FILES for line in file.read_text().splitlines() if line and line[0] != "#"
]
PINS = {line.split("==")[0].lower(): line for line in LINES}
PYTHON = [
    path for room in ("ourvidz", "benchmarks", "tests") for path in (ROOT / room).rglob("*.py")
]


@pytest.mark.parametrize("line", LINES)
def test_a_dependency_is_pinned_and_has_a_reason(line: str) -> None:
    assert re.fullmatch(r"[\w-]+==[\w.]+ +# \S.{10,}", line)


def test_torch_comes_first_because_all_else_would_choose_another_one() -> None:
    assert LINES[0].startswith("torch==")


@pytest.mark.parametrize("name", ["torchvision", "moviepy"])
def test_what_breaks_the_rest_is_not_asked_for(name: str) -> None:
    assert name not in PINS


def test_every_library_that_is_imported_is_pinned() -> None:
    distributions = packages_distributions()
    imported = set[str]().union(*(imports(path) for path in PYTHON))
    foreign = imported - set(sys.stdlib_module_names) - {"ourvidz", "tests", "benchmarks"}
    homeless = {
        module
        for module in foreign
        if not {name.lower() for name in distributions.get(module, ())} & PINS.keys()
    }
    assert homeless == set()


def test_what_is_installed_is_what_is_pinned() -> None:
    pinned = {name: line.split("==")[1].split()[0] for name, line in PINS.items()}
    installed = {name: version(name).partition("+")[0] for name in pinned}
    assert installed == pinned


def imports(path: Path) -> set[str]:
    """Top-level modules that a file imports anywhere."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add((node.module or "").partition(".")[0])
    return modules
