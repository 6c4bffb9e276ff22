"""Every notebook runs from top to bottom on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
#: (as committed, here) in the cell tagged "parameters", where a person has more time.
SHORTER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"06_films": ("SECONDS = 60", "SECONDS = 10")}
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_committed_has_no_warning_of_the_machine_it_ran_on(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", ())]
    assert outputs and not [one for one in outputs if one.get("name") == "stderr"]


@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries, not of ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_without_an_error(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    if path.stem in SHORTER:
        usual, short = SHORTER[path.stem]
        (cell,) = (one for one in notebook.cells if "parameters" in one.metadata.get("tags", ()))
        assert usual in cell.source
        cell.source = cell.source.replace(usual, short)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": FOLDER}}
    )
    client.execute()
    ran = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert ran and all(cell.execution_count for cell in ran)
