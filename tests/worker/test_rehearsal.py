"""A worker that knows nothing of its machine finds out while nothing is asked of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ourvidz.domain.orders import preview_params, video_params
from ourvidz.pipeline.budget import Speeds, expected_seconds, read_calibrations
from ourvidz.worker.runner import PipelineRunner
from tests.tiny import save_tiny_starter
from tests.worker.test_pipeline_jobs import REQUEST
from tests.worker.workshop import Workshop


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calibration.json"


@pytest.fixture
def studio(
    workshop: Workshop, path: Path, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Workshop:  # fmt: skip
    """A workshop with tiny models and a home in which nobody has made anything."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    models_dir = save_tiny_starter(tmp_path_factory.mktemp("models"))
    settings = replace(
        workshop.settings, models_dir=models_dir, lease_s=60.0, fence_s=45.0, speeds_path=path
    )
    return replace(workshop, settings=settings, runner=PipelineRunner)


def expected_s(path: Path) -> float | None:
    """What an app says that was running all the time."""
    machine = Speeds(path).newest()
    return machine and expected_seconds("starter", "fast", 80, machine)


def test_an_idle_worker_makes_the_time_of_the_first_clip_known(
    studio: Workshop, path: Path
) -> None:
    assert expected_s(path) is None
    with studio.working():
        studio.wait_for(lambda: expected_s(path))
        rehearsed = path.read_text()
        # What nobody asked for is in no folder, and no job has been made of it.
        studio.wait_for(lambda: not any(studio.settings.scratch_dir.iterdir()))
        job = studio.ended(studio.order_params("video", video_params(REQUEST)))
        assert job.state == "succeeded", job.error
        assert path.read_text() != rehearsed
    assert (expected_s(path) or 0) > 0


def test_a_job_that_waits_goes_before(studio: Workshop, path: Path) -> None:
    job = studio.order_params("preview", preview_params(REQUEST, 1))
    with studio.working():
        assert studio.ended(job).state == "succeeded"
        studio.wait_for(lambda: expected_s(path))  # in the pause after it
    (kept,) = read_calibrations(path)
    assert {rate.still for rate in kept.rates} == {True, False}


def test_a_worker_that_rehearses_stops_at_once(studio: Workshop, path: Path) -> None:
    with studio.working():
        scratch_dir = studio.settings.scratch_dir
        studio.wait_for(lambda: any(scratch_dir.iterdir()))
    assert not path.exists()  # the end was not waited for


def test_a_broken_file_ends_no_worker_and_is_cured(studio: Workshop, path: Path) -> None:
    path.write_text("{")
    with studio.working():
        studio.wait_for(lambda: expected_s(path))


def test_who_offers_only_large_models_rehearses_nothing(studio: Workshop, path: Path) -> None:
    runner = PipelineRunner(replace(studio.settings, models=("wan2.1-14b",)), studio.policy)
    runner.rest(lambda: False)
    assert not path.exists() and runner.loaded is None
