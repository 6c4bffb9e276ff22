"""Cards by the names that people and drivers give them, and the speeds measured on one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.budget import (
    MACHINES,
    Calibration,
    Rate,
    machine_measured,
    machine_named,
    machine_seen,
    read_calibrations,
    write_calibration,
)

GIB = 2**30


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("RTX 4090", "RTX 4090"),
        ("rtx4090", "RTX 4090"),
        ("4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB"),
        ("NVIDIA L40S", "L40S"),
    ],
)
def test_a_card_is_known_by_its_names(written: str, name: str) -> None:
    assert machine_named(written).name == name


@pytest.mark.parametrize("written", ["RTX 4090 D", "RTX 4070 Ti", "H100 NVL", "Tesla T4", ""])
def test_another_card_is_never_taken_for_one_that_is_nearly_called_so(written: str) -> None:
    with pytest.raises(InvalidRequest, match=r"gpu: .* is not known; give its memory with --vram"):
        machine_named(written)


def test_a_card_that_the_table_lacks_is_planned_for_by_the_memory_it_is_said_to_have() -> None:
    asked = machine_named("RTX 6000 Ada", vram_bytes=48 * GIB, ram_bytes=64 * GIB)
    assert (asked.name, asked.vram_bytes, asked.ram_bytes) == ("RTX 6000 Ada", 48 * GIB, 64 * GIB)
    assert asked.compute_capability is None and not asked.has_fp8
    with pytest.raises(InvalidRequest, match="one of"):
        machine_named(" ", vram_bytes=48 * GIB)


def test_a_card_that_only_its_driver_knows_counts_with_what_that_says() -> None:
    seen = machine_seen(
        "Something 7", vram_bytes=10 * GIB, ram_bytes=20 * GIB, compute_capability=(8, 9)
    )
    assert (seen.name, seen.vram_bytes, seen.has_fp8) == ("Something 7", 10 * GIB, True)
    assert seen.bf16_tflops is None


def test_what_is_printed_on_a_box_is_more_than_a_process_gets() -> None:
    for name, gib in (("RTX 3060", 12), ("RTX 4090", 24), ("RTX 5090", 32), ("H200", 141)):
        assert 0.9 * gib * GIB < MACHINES[name].vram_bytes < gib * GIB


@pytest.fixture
def speeds() -> Calibration:
    return Calibration(
        machine="NVIDIA GeForce RTX 4090",
        rates=(Rate(work="denoise", precision="fp8", tflops=200.0, attention="native"),),
        export_s_per_mpx=0.01,
        facts={"date": "2026-11-25"},
    )


def test_speeds_come_back_from_their_file(speeds: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "new" / "calibration.json"
    write_calibration(speeds, path)
    assert read_calibrations(path) == (speeds,)
    machine = machine_measured(speeds)
    assert (machine.name, machine.calibration) == ("RTX 4090", speeds)


def test_machines_share_a_file_and_the_last_one_that_worked_is_the_newest(
    speeds: Calibration, tmp_path: Path
) -> None:
    path, other = tmp_path / "calibration.json", Calibration(machine="CPU", rates=())
    for one in (speeds, other, replace(speeds, export_s_per_mpx=0.02)):
        write_calibration(one, path)
    kept = read_calibrations(path)
    assert [one.machine for one in kept] == ["CPU", "NVIDIA GeForce RTX 4090"]
    assert kept[-1].export_s_per_mpx == 0.02
    assert [file.name for file in tmp_path.iterdir()] == ["calibration.json"]


def test_no_file_is_no_speeds(tmp_path: Path) -> None:
    assert read_calibrations(tmp_path / "none.json") == ()


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", '{"format": 1, "machine": "a", "rates": []}', '{"format": 2}',
        '{"format": 2, "machines": [{"machine": "a"}]}',
        '{"format": 2, "machines": [{"machine": "a", "rates": [{"work": "denoise"}]}]}',
        '{"format": 2, "machines": [{"machine": "a", "rates": [{"speed": 1}]}]}',
        json.dumps({"format": 2, "machines": [{
            "machine": "a", "rates": [{"work": "denoise", "precision": "fp8", "tflops": -1}],
        }]}),
    ],
)  # fmt: skip
def test_a_broken_file_says_how_to_come_to_a_new_one(content: str, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(InvalidRequest, match=r"calibration: .*delete it: the next clip"):
        read_calibrations(path)
