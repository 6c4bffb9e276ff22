"""Every job makes the next one's time better known; the first one is rehearsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ourvidz.domain.errors import Cancelled
from ourvidz.domain.progress import Progress, ignore_progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import CPU, Speeds, plan, read_calibrations
from ourvidz.pipeline.generate import generate_clip, preview, render
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.rehearsal import find_out, is_measured
from ourvidz.pipeline.scratch import Scratch

SMALL = VideoRequest(
    prompt="a red sailboat", seed=7, num_frames=5, num_inference_steps=3,
    width=96, height=64, output_size=(96, 64),
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calibration.json"


def manager_of(home: Path, path: Path) -> ModelManager:
    return ModelManager(models_dir=home / "models", device="cpu", speeds=Speeds(path))


def test_a_rehearsal_tells_the_time_of_clips_and_leaves_nothing_else(
    home: Path, path: Path
) -> None:
    manager, folder = manager_of(home, path), path.parent / "rehearsal"
    assert not is_measured(manager)
    find_out(manager, ["wan2.1-14b"], ignore_progress, folder)
    assert not is_measured(manager)
    find_out(manager, ["starter"], ignore_progress, folder)
    assert is_measured(manager) and is_measured(manager_of(home, path))
    assert [file.name for file in path.parent.iterdir()] == ["calibration.json"]
    (kept,) = read_calibrations(path)
    assert (kept.machine, kept.export_s_per_mpx is not None) == ("CPU", True)
    made = plan(VideoRequest(prompt="a cat"), manager.machine)
    assert made.calibrated == "measured here" and made.seconds and kept.facts["date"] in str(made)
    assert {"denoise", "decode", "export"} <= {s.stage for s in made.stages if s.seconds}


def test_a_rehearsal_that_is_stopped_keeps_nothing(home: Path, path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "denoise" and progress.step == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        find_out(manager_of(home, path), ["starter"], stop, path.parent / "rehearsal")
    assert list(path.parent.iterdir()) == []


def test_the_time_left_is_known_before_the_first_step_of_a_new_process(
    home: Path, path: Path
) -> None:
    render(SMALL, manager_of(home, path), out_dir=path.parent)
    seen: list[Progress] = []
    render(SMALL.replace(seed=8), manager_of(home, path), seen.append, path.parent)
    first = next(p for p in seen if p.stage == "denoise" and p.step == 0)
    assert first.eta_s is not None and first.eta_s > 0


def test_stills_and_clips_are_told_apart(home: Path, path: Path) -> None:
    manager = manager_of(home, path)
    preview(SMALL, manager, out_dir=path.parent, num_images=2)
    (kept,) = read_calibrations(path)
    assert {rate.still for rate in kept.rates} == {True} and kept.export_s_per_mpx is None
    render(SMALL, manager, out_dir=path.parent)
    (kept,) = read_calibrations(path)
    assert {(rate.work, rate.still) for rate in kept.rates} == {
        ("denoise", True), ("decode", True), ("denoise", False), ("decode", False),
    }  # fmt: skip
    assert {rate.family for rate in kept.rates} == {"starter"}
    assert kept.export_s_per_mpx is None  # it was not delivered in the starter's size


def test_stages_that_an_earlier_attempt_finished_tell_nothing(home: Path, path: Path) -> None:
    scratch = Scratch(path.parent / "stages")
    for _ in range(2):
        path.unlink(missing_ok=True)
        generate_clip(SMALL, manager_of(home, path), ignore_progress, path.parent, scratch=scratch)
    (kept,) = read_calibrations(path)
    assert {rate.work for rate in kept.rates} == {"decode"}


def test_a_job_does_not_fail_where_its_speed_can_not_be_kept(home: Path, path: Path) -> None:
    path.mkdir()
    (path / "in the way").touch()
    clip = render(SMALL, manager_of(home, path), out_dir=path.parent)
    assert clip.path.is_file()
    assert Speeds(path).known(CPU) == CPU
