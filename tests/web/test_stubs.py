"""The app writes nothing into its own installation, which may be read-only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WIDGET = """
from gradio.components import HTML
class Lamp(HTML):
    "A component of ours."
"""
LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
if sys.argv[2] == "ours":
    from ourvidz.web.look import write_no_stubs
    write_no_stubs()
import lamp
print(lamp.Lamp.__name__)
"""


@pytest.mark.parametrize(("way", "left"), [("ours", []), ("gradio's", ["lamp.pyi"])])
def test_no_stub_is_written_beside_a_component(tmp_path: Path, way: str, left: list[str]) -> None:
    assert loaded(tmp_path, way) == "Lamp"
    assert [path.name for path in tmp_path.glob("*.pyi")] == left


def test_a_read_only_installation_loads(tmp_path: Path) -> None:
    (tmp_path / "lamp.pyi").mkdir()  # what stands there can not be written, by root neither
    assert loaded(tmp_path, "ours") == "Lamp"
    assert list((tmp_path / "lamp.pyi").iterdir()) == []


def loaded(folder: Path, way: str) -> str:
    """Load a component from `folder`, to which nothing may be written."""
    (folder / "lamp.py").write_text(WIDGET)
    folder.chmod(0o555 if way == "ours" else 0o755)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", LOAD, str(folder), way],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        folder.chmod(0o755)
    return ran.stdout.strip()
