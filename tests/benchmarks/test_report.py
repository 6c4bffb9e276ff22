"""Tables and plots say what the results say, and nothing else."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from benchmarks import report
from benchmarks.rows import Row

FACTS = {"hardware": "AMD EPYC, 2 cores", "date": "2026-11-24", "commit": "abc1234"}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    mpl.use("Agg")
    rows = [
        Row(
            scenario="starter small",
            seconds_per_forward=0.125,
            clip_s=2.5,
            vs_diffusers=0.9,
            ceiling="bfloat16",
        ),
        Row(scenario="wan2.1-14b large", not_measured="needs a GPU"),
    ]
    throughput = {"rows": [asdict(row) for row in rows], "vram_limit_gb": None} | FACTS
    (tmp_path / "throughput-cpu.json").write_text(json.dumps(throughput))
    one = {
        "lever": "steps", "value": "20", "forwards": 40, "denoise_s": 1.5, "decode_s": 0.5,
        "adherence": 0.75, "adherence_low": 0.6, "adherence_high": 0.86, "answers": 40,
        "psnr_db": 27.34,
    }  # fmt: skip
    reference: dict[str, Any] = one | {"value": "40", "forwards": 80, "psnr_db": None}
    tradeoffs = {"rows": [one, reference], "captions": 8, "frames": 9} | FACTS
    (tmp_path / "tradeoffs.json").write_text(json.dumps(tradeoffs))
    return tmp_path


def test_every_figure_has_its_machine_date_and_commit(results: Path) -> None:
    text = report.report(results)
    assert text.count("AMD EPYC, 2 cores, 2026-11-24, commit abc1234") == 2
    assert "| starter small | 0.125 | - | - | - | - | 0.90 | 2.5 | - | bfloat16 |" in text
    assert "| steps 20 | 40 | 1.50 | 0.50 | 27.3 | 75 % (60 to 86) |" in text
    assert "| steps 40 | 80 | 1.50 | 0.50 | - | 75 % (60 to 86) |" in text


def test_what_nobody_measured_is_called_that(results: Path) -> None:
    text = report.report(results)
    assert "- not measured (needs a GPU): wan2.1-14b large" in text
    assert "Not measured on a GPU yet." in text


def test_predicted_memory_stands_beside_measured(results: Path) -> None:
    rows = [{"case": "a clip", "predicted_gib": 1.2, "measured_gib": 1.0}]
    memory = {"rows": rows, "worst_over": 1.2, "worst_under": 1.2} | FACTS
    (results / "memory.json").write_text(json.dumps(memory))
    assert "| a clip | 1.20 | 1.00 |" in report.report(results)


def test_it_writes_the_report_and_its_plots(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    words = ["report", "--results", str(results), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", words)
    report.main()
    assert {path.name for path in out.iterdir()} == {"REPORT.md", "throughput.png", "tradeoffs.png"}
    assert all(path.stat().st_size > 500 for path in out.iterdir())


def test_the_committed_results_can_be_reported() -> None:
    assert report.report(report.RESULTS).startswith("# What was measured")
