"""Speeds that are learnt while one works: who sees them, and what can not spoil them."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from ourvidz.domain.progress import Stage
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import (
    CPU,
    Calibration,
    Rate,
    Speeds,
    machine_named,
    plan,
    rates_of,
)

CLIP = VideoRequest(prompt="a cat")
LARGE = VideoRequest(prompt="a cat", model="wan2.1-14b")


def ran(seconds: dict[Stage, float], machine: str = "CPU", export: float = 0.01) -> Calibration:
    """What a clip of the starter tells that took so long."""
    rates = rates_of(plan(CLIP), seconds)
    return Calibration(machine=machine, rates=rates, export_s_per_mpx=export)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calibration.json"


def test_what_a_clip_took_is_what_the_next_one_is_planned_to_take(path: Path) -> None:
    Speeds(path).learn(ran({"denoise": 6.0, "decode": 3.0}))
    made = plan(CLIP, Speeds(path).known(CPU))
    seconds = {one.stage: one.seconds for one in made.stages}
    assert (seconds["denoise"], seconds["decode"]) == (pytest.approx(6.0), pytest.approx(3.0))
    assert made.calibrated == "measured here"
    half = plan(CLIP.replace(num_inference_steps=10), Speeds(path).known(CPU))
    assert half.stages[1].seconds == pytest.approx(6.0 * 10 / made.workload.num_inference_steps)


def test_a_card_is_measured_in_the_format_that_ran_and_not_while_it_waited_for_blocks() -> None:
    card = machine_named("RTX 4090", ram_bytes=2**36)
    made = plan(LARGE, card)
    rates = {rate.work: rate for rate in rates_of(made, {"denoise": 900.0, "decode": 20.0})}
    assert (rates["denoise"].precision, rates["decode"].precision) == (made.quantization, "fp32")
    small = plan(LARGE, machine_named("RTX 4090", vram_bytes=12 * 2**30, ram_bytes=2**36))
    assert small.placement == "streamed"
    copied = small.component("transformer").host_bytes * small.workload.forwards / 25e9
    assert [rate.work for rate in rates_of(small, {"denoise": copied * 1.05})] == []
    assert [rate.work for rate in rates_of(small, {"denoise": copied * 2})] == ["denoise"]


def test_nothing_is_learnt_from_a_stage_that_took_no_time() -> None:
    assert rates_of(plan(CLIP), {"denoise": 0.0, "decode": 1e-12, "encode": 5.0}) == ()


def test_one_run_that_others_disturbed_does_little_and_is_undone_by_the_next(path: Path) -> None:
    speeds = Speeds(path)

    def planned() -> float:
        return plan(CLIP, speeds.known(CPU)).stages[1].seconds or 0.0

    for seconds, believed in ((50.0, 50.0), (5.0, 5.0), (500.0, 6.5), (5.2, 5.2), (5.5, 5.5)):
        speeds.learn(ran({"denoise": seconds, "decode": seconds}))
        assert planned() == pytest.approx(believed)
    for _ in range(4):  # it has become slower for good
        speeds.learn(ran({"denoise": 12.0, "decode": 12.0}))
    assert planned() == pytest.approx(12.0)


def test_who_reads_sees_what_another_process_wrote_without_asking_again(path: Path) -> None:
    app, worker = Speeds(path), Speeds(path)
    assert app.newest() is None
    worker.learn(ran({"denoise": 6.0, "decode": 3.0}))
    seen = app.newest()
    assert seen is not None and seen.calibration is not None
    assert app.newest() is not None and app.newest().calibration is seen.calibration  # type: ignore[union-attr]
    worker.learn(ran({"denoise": 3.0, "decode": 3.0}))
    assert plan(CLIP, app.newest()).stages[1].seconds == pytest.approx(3.0)
    path.unlink()
    assert app.newest() is None


def test_a_processor_does_not_forget_a_card_of_the_same_home(path: Path) -> None:
    speeds = Speeds(path)
    card = ran({"denoise": 1.0, "decode": 1.0}, "NVIDIA GeForce RTX 4090")
    speeds.learn(card)
    speeds.learn(ran({"denoise": 9.0, "decode": 9.0}))
    assert speeds.known(machine_named("4090")).calibration == card
    assert speeds.known(machine_named("3090")).calibration is None
    newest = speeds.newest()
    assert newest is not None and newest.name == "CPU"


def test_a_card_that_only_told_its_name_is_planned_for_by_published_speeds(path: Path) -> None:
    Speeds(path).learn(Calibration(machine="NVIDIA GeForce RTX 4090", rates=()))
    machine = Speeds(path).newest()
    assert plan(LARGE, machine).calibrated == "published"
    Speeds(path).learn(ran({"denoise": 1.0, "decode": 1.0}, "NVIDIA GeForce RTX 4090"))
    assert plan(LARGE, Speeds(path).newest()).calibrated == "published"


def test_the_format_that_a_processor_is_fast_in_is_the_one_of_its_last_clip(path: Path) -> None:
    speeds, clip = Speeds(path), {"denoise": 6.0, "decode": 3.0}
    for machine in (CPU, replace(CPU, fast_bf16=True), CPU, replace(CPU, fast_bf16=True)):
        rates = rates_of(plan(CLIP, machine), clip)  # type: ignore[arg-type]
        speeds.learn(Calibration(machine="CPU", rates=rates))
        newest = speeds.newest()
        assert newest is not None and newest.fast_bf16 == machine.fast_bf16
        assert plan(CLIP, newest).calibrated == "measured here"


def test_a_broken_file_is_told_once_and_cured_by_the_next_clip(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("{")
    speeds = Speeds(path)
    for _ in range(3):
        assert speeds.newest() is None
        assert speeds.known(CPU) == CPU
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "delete it" in caplog.text
    speeds.learn(ran({"denoise": 6.0, "decode": 3.0}))
    assert Speeds(path).newest() is not None


def test_where_nothing_can_be_kept_nothing_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = tmp_path / "no-home" / "calibration.json"
    Speeds(nowhere).learn(ran({"denoise": 6.0, "decode": 3.0}))
    assert not nowhere.parent.exists() and not caplog.records
    taken = tmp_path / "calibration.json"
    taken.mkdir()
    (taken / "in the way").touch()
    speeds = Speeds(taken)
    for _ in range(3):
        speeds.learn(ran({"denoise": 6.0, "decode": 3.0}))
    assert caplog.text.count("can not be written") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["calibration.json"]


def test_a_file_holds_what_was_measured_by_any_model_too() -> None:
    rate = Rate(work="denoise", precision="bf16", tflops=2.0)
    assert Calibration(machine="a", rates=(rate,)).tflops("denoise", "bf16", "starter") == 2.0
