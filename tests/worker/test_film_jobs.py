"""A film by the real pipeline, with tiny models, through the real child process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from ourvidz.domain.film_orders import stills_params
from ourvidz.domain.job import Job
from ourvidz.domain.orders import video_params
from ourvidz.domain.request import VideoRequest
from ourvidz.domain.storyboard import NewFilm, ShotOrder, StillOrder
from ourvidz.pipeline.export import read_frames, read_metadata
from ourvidz.worker.runner import PipelineRunner
from tests.tiny import save_tiny_starter
from tests.worker.runners import FakeClips
from tests.worker.workshop import Workshop

REQUEST = VideoRequest(
    prompt="a red sailboat", seed=7, num_frames=5, num_inference_steps=2,
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


def order_film(workshop: Workshop, board: UUID, shots: list[ShotOrder], seams: Any) -> Job:
    """The film, and a bell for it."""
    new = NewFilm(
        storyboard_id=board,
        model="starter",
        params={"title": "Sea", "seed": 1, "continuity": "anchored", "seams": seams},
        shots=tuple(shots),
        idempotency_key="film",
    )
    film = workshop.house.records.enqueue_film(workshop.me, new)
    workshop.live.ring("starter")
    return film


def media(workshop: Workshop, key: str | None) -> Path:
    assert key is not None
    return workshop.folder / "media" / key


def test_from_a_scene_to_one_file(studio: Workshop) -> None:
    records, me = studio.house.records, studio.me
    board = records.create_storyboard(me, {"title": "Sea"}).id
    keys = ["a/0", "a/1", "a/2"]
    params = stills_params(
        REQUEST.replace(num_frames=1), list(zip(keys, (7, 8, 8), strict=True)), recipe="r"
    )
    with studio.working():
        (job,) = records.order_stills(me, board, "starter", [StillOrder(params=params)])
        studio.live.ring("starter")
        ended = studio.ended(job)
        assert ended.state == "succeeded", ended.error
        pictures = records.pictures(me, board)
        assert [one.key for one in pictures] == keys
        images = [one.image_key or "" for one in pictures]
        assert len(set(images)) == 3
        assert records.approve_pictures(me, board, keys, approved=True) == 3
        shots = [
            ShotOrder(
                key=f"a/{at}",
                params=video_params(
                    REQUEST.replace(seed=at), image_key=images[at], last_image_key=images[at + 1]
                ),
            )
            for at in range(2)
        ]
        film = studio.ended(order_film(studio, board, shots, [["crossfade", 4]]))
    assert film.state == "succeeded", (film.error, records.takes(me, film.id))
    video = records.film_video(me, film.id)
    assert video is not None
    assert (video.num_frames, video.width, video.height) == (6, 96, 64)
    joined = read_frames(media(studio, video.media_key))
    assert joined.shape == (6, 64, 96, 3)
    assert read_metadata(media(studio, video.media_key))["title"] == "Sea"
    takes = records.takes(me, film.id)
    assert media(studio, video.thumbnail_key).read_bytes() == (
        media(studio, takes[0].thumbnail_key).read_bytes()
    )
    first = read_frames(media(studio, takes[0].media_key))[0].astype(int)
    assert np.abs(joined[0].astype(int) - first).mean() < 3


def test_a_chained_shot_goes_on_from_the_clip_before(studio: Workshop) -> None:
    records, me = studio.house.records, studio.me
    board = records.create_storyboard(me, {"title": "Sea"}).id
    shots = [
        ShotOrder(key=f"a/{at}", params=video_params(REQUEST.replace(seed=at)), after=at > 0)
        for at in range(2)
    ]
    with studio.working():
        film = studio.ended(order_film(studio, board, shots, [["cut", 0]]))
    assert film.state == "succeeded", film.error
    video = records.film_video(me, film.id)
    assert video is not None
    assert video.num_frames == 10
    last = records.takes(me, film.id)[1]
    assert read_metadata(media(studio, last.media_key))["ability"] == "extension"


def test_a_damaged_clip_is_named_and_another_take_of_it_costs_nothing(workshop: Workshop) -> None:
    """Clips here are made by a script: they are no videos, so the film can not be joined."""
    workshop.runner = FakeClips
    records, me = workshop.house.records, workshop.me
    board = records.create_storyboard(me, {"title": "Sea"}).id
    shots = [
        ShotOrder(key=f"a/{at}", params={"prompt": "x", "num_frames": 80, "seed": at})
        for at in range(2)
    ]
    with workshop.working():
        film = order_film(workshop, board, shots, [["cut", 0]])
        told = workshop.wait_for(lambda: workshop.job(film).error)
    assert told == "shot 1: has a clip that can not be joined; make another take of it"
    (join,) = records.stitches(me, film.id)
    assert (join.state, join.attempts) == ("failed", 1)
    credits = workshop.credits
    records.redo_shot(me, film.id, "a/0", {"prompt": "x", "num_frames": 80, "seed": 5})
    assert workshop.credits == credits


def test_a_picture_that_is_none_is_named_and_nothing_is_paid(workshop: Workshop) -> None:
    workshop.runner = PipelineRunner
    records, me = workshop.house.records, workshop.me
    board = records.create_storyboard(me, {"title": "Sea"}).id
    credits = workshop.credits
    shot = ShotOrder(key="a/0", params={"prompt": "x", "num_frames": 80, "image_key": "nonsense"})
    with workshop.working():
        film = order_film(workshop, board, [shot], [])
        told = workshop.wait_for(lambda: workshop.job(film).error)
    assert "1 of 1 shots could not be made" in told
    (take,) = records.takes(me, film.id)
    assert (take.state, take.attempts) == ("failed", 1)
    assert "key" in (take.error or "")
    records.cancel(me, film.id)
    assert workshop.credits == credits
