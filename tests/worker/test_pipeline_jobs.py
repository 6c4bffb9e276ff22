"""Jobs of the real pipeline, with tiny models, through the real child process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ourvidz.domain.orders import preview_params, video_params
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.images import load_image
from ourvidz.worker.runner import PipelineRunner
from tests.tiny import save_tiny_starter
from tests.worker.runners import DiesInsideDenoising, DiesWhenDenoised
from tests.worker.workshop import Workshop

REQUEST = VideoRequest(
    prompt="a red sailboat", seed=7, num_frames=5, num_inference_steps=3,
    width=96, height=64, output_size=(96, 64),
)  # fmt: skip


@pytest.fixture
def studio(
    workshop: Workshop, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Workshop:
    """A workshop whose worker runs the pipeline on tiny models, with patience for slow imports."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    models_dir = save_tiny_starter(tmp_path_factory.mktemp("models"))
    settings = replace(workshop.settings, models_dir=models_dir, lease_s=60.0, fence_s=45.0)
    return replace(workshop, settings=settings, runner=PipelineRunner)


def test_from_words_to_stills_to_the_video_of_the_chosen_one(studio: Workshop) -> None:
    with studio.working():
        preview = studio.ended(studio.order_params("preview", preview_params(REQUEST, 2)))
        assert preview.result is not None, preview.error
        first, second = preview.result["stills"]
        assert (first["seed"], second["seed"]) == (7, 8)
        params = video_params(REQUEST, image_key=second["key"])
        video = studio.ended(studio.order_params("video", params))
    assert video.state == "succeeded", video.error
    assert video.result is not None
    assert video.result["metadata"]["ability"] == "first_frame"
    frames = read_frames(studio.folder / "media" / video.result["media_key"])
    assert frames.shape == (5, 64, 96, 3)


def test_the_last_frame_of_a_video_is_offered_as_it_is(studio: Workshop) -> None:
    with studio.working():
        video = studio.ended(studio.order_params("video", video_params(REQUEST)))
        assert video.result is not None, video.error
        key = video.result["media_key"]
        params = preview_params(REQUEST.replace(seed=9), 1, clip_key=key)
        preview = studio.ended(studio.order_params("preview", params))
        gone = studio.ended(
            studio.order_params("preview", params | {"clip_key": key.replace("/a1/", "/a9/")})
        )
    assert preview.result is not None, preview.error
    (still,) = preview.result["stills"]
    assert (still["seed"], still["width"], still["height"]) == (9, 96, 64)
    media = studio.folder / "media"
    shown = load_image(media / still["key"])
    assert np.array_equal(shown, read_frames(media / key)[-1])
    assert (gone.state, gone.error_family) == ("failed", "NotAllowed")


def test_a_second_attempt_goes_on_where_the_first_one_died(studio: Workshop) -> None:
    studio.runner = DiesWhenDenoised
    with studio.working():
        job = studio.order_params("video", video_params(REQUEST))
        studio.wait_for(lambda: studio.job(job).error)
        studio.house.end_pauses()
        ended = studio.ended(job)
        whole = studio.ended(studio.order_params("video", video_params(REQUEST)))
    assert (ended.state, ended.attempts, whole.attempts) == ("succeeded", 2, 1)
    reports = (studio.settings.scratch_dir / f"{job.id}-reports").read_text().splitlines()
    first, second = (
        [report for report in reports if report.startswith(f"{attempt} ")] for attempt in (1, 2)
    )
    assert "1 denoise 3" in first
    assert not any("denoise" in report or "encode" in report for report in second)
    assert "2 decode 2" in second
    resumed, undisturbed = (
        read_frames(studio.folder / "media" / result["media_key"])
        for result in (ended.result, whole.result)
        if result is not None
    )
    assert np.array_equal(resumed, undisturbed)
    assert not (studio.settings.scratch_dir / str(job.id)).exists()


def test_a_second_attempt_goes_on_at_the_step_where_the_first_one_died(studio: Workshop) -> None:
    studio.runner = DiesInsideDenoising
    with studio.working():
        job = studio.order_params("video", video_params(REQUEST))
        studio.wait_for(lambda: studio.job(job).error)
        studio.house.end_pauses()
        ended = studio.ended(job)
        whole = studio.ended(studio.order_params("video", video_params(REQUEST)))
    assert (ended.state, ended.attempts) == ("succeeded", 2)
    reports = (studio.settings.scratch_dir / f"{job.id}-reports").read_text().splitlines()
    steps = [report.split()[2] for report in reports if report.startswith("2 denoise")]
    assert (steps[0], steps[-1]) == ("2", "3")
    resumed, undisturbed = (
        read_frames(studio.folder / "media" / result["media_key"])
        for result in (ended.result, whole.result)
        if result is not None
    )
    assert np.array_equal(resumed, undisturbed)
