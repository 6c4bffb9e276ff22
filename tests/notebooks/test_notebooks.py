"""Every notebook runs from top to bottom on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import nbformat
import pytest
from nbclient import NotebookClient

from ourvidz.pipeline.budget import (
    Calibration,
    Rate,
    machine_named,
    plan,
    write_calibration,
)

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


def test_what_a_researchers_own_card_gave_stands_in_the_notebook_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its speeds are counted with, and its rows are shown with their cap and what is missing."""
    mpl.use("Agg")
    rates = (
        Rate(work="denoise", precision="fp8", tflops=100.0),
        Rate(work="decode", precision="fp32", tflops=50.0),
    )
    own = Calibration(machine="NVIDIA GeForce RTX 4090", rates=rates)
    write_calibration(own, tmp_path / "calibration.json")
    monkeypatch.setenv("OURVIDZ_HOME", str(tmp_path))
    row = {"scenario": "a clip", "precision": "fp8", "seconds_per_forward": 1.0, "not_measured": ""}
    none = dict.fromkeys(("tflops", "roofline_fraction", "vs_diffusers", "clip_s"))
    result = {
        "rows": [{**row, **none, "incomplete": "was stopped"}], "vram_limit_gb": 24.0,
        "gpu": "A card", "hardware": "a host", "date": "2026-12-01", "commit": "abc",
    }  # fmt: skip
    (tmp_path / "throughput-a-card.json").write_text(json.dumps(result))
    notebook = nbformat.read(FOLDER / "04_tuning_4090_throughput.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    first, levers, shown = (
        next(source for source in code if words in source)
        for words in ("CARD =", "levers =", "throughput-*.json")
    )
    space: dict[str, Any] = {}
    exec(first, space)
    made = plan(space["request"](profile="fast"), space["CARD"])
    assert made.calibrated == "measured here"
    exec(levers, space | {"CARD": machine_named("RTX 3080", ram_bytes=2**36)})
    assert "50 guided steps, 720p does not fit: wan2.1-14b needs" in capsys.readouterr().out
    headings: list[str] = []
    space |= {"RESULTS": tmp_path, "Markdown": headings.append}
    exec(shown, space)
    assert headings == ["**A card**, capped at 24 GB, 2026-12-01, commit abc"]
    said = capsys.readouterr().out
    assert "not all of it was measured (was stopped): a clip" in said
    assert "No GPU has given figures" not in said
