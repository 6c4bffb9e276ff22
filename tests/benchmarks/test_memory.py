"""The plan holds: what was measured lies below it, and not far."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from benchmarks import memory
from benchmarks.provenance import RESULTS
from ourvidz.domain.catalog import FAMILIES
from ourvidz.pipeline.budget import CPU, MACHINES, plan

KEPT = [json.loads((RESULTS / f"{name}.json").read_text()) for name in ("memory", "memory_bf16")]
ROWS = [row for result in KEPT for row in result["rows"]]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['case']} {row['fast_bf16']}")
def test_todays_plan_holds_for_what_was_measured(row: dict[str, Any]) -> None:
    values: dict[str, Any] = {name: row[name] for name in memory.Case.__dataclass_fields__}
    values["size"] = tuple(values["size"])
    case = memory.Case(**values)
    machine = replace(CPU, fast_bf16=row["fast_bf16"])
    made = plan(case.request, machine, ability=case.ability, num_videos=case.num_images)
    measured = row["measured_gib"] * 2**30
    assert measured <= made.peak_bytes <= 1.25 * measured


@pytest.mark.parametrize("result", KEPT, ids=["fp32", "bf16"])
def test_a_committed_result_covers_every_task_several_sizes_and_lengths(
    result: dict[str, Any],
) -> None:
    rows = result["rows"]
    assert {row["case"] for row in rows} <= {case.name for case in memory.ON_CPU}
    assert {row["ability"] for row in rows} >= {"image", "text_to_video", "first_frame"}
    assert result["worst_under"] == min(row["ratio"] for row in rows) >= 1.0
    assert result["worst_over"] == max(row["ratio"] for row in rows) <= 1.25


def test_a_case_is_measured_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    memory.main(["--only", "image 448x256 x1", "--random-weights"])
    shown = capsys.readouterr().out.splitlines()
    result = json.loads(shown[-1])
    assert len(result["rows"]) == 1
    assert 1.0 <= result["worst_under"] == result["worst_over"] <= 1.25
    assert any("not measured, there is no CUDA device" in line for line in shown)


@pytest.mark.parametrize("case", memory.ON_GPU, ids=lambda case: case.name)
def test_cases_for_cards_are_what_a_24_gb_card_can_do(case: memory.Case) -> None:
    assert FAMILIES[case.model].needs
    made = plan(case.request, MACHINES["RTX 4090"], ability=case.ability)
    assert made.peak_bytes + made.headroom_bytes <= MACHINES["RTX 4090"].vram_bytes


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a card it can be measured")
def test_a_case_that_fails_is_named_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = memory.Case(model="wan2.1-14b", ability="image", size=(1280, 720), num_frames=1)
    assert memory.run_all((case,), None) == []
    told = capsys.readouterr().out
    assert "not measured" in told and "needs an NVIDIA GPU" in told
