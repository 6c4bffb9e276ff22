"""What the child makes of params, and what it refuses before any GPU work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
import torch

from benchmarks.fleet import AllowAll
from ourvidz.domain.errors import InvalidRequest, PolicyRefused
from ourvidz.domain.job import JobKind
from ourvidz.domain.progress import Progress
from ourvidz.ports import Policy
from ourvidz.worker import WorkerSettings
from ourvidz.worker.messages import Parcel, Task
from ourvidz.worker.runner import PipelineRunner, jpeg_of
from tests.tiny import save_tiny_starter
from tests.worker.runners import OnlyCats

SMALL = {
    "num_frames": 5, "num_inference_steps": 2, "width": 96, "height": 64, "output_size": [96, 64],
}  # fmt: skip


class House:
    """One policy for one runner, so that its models are loaded once; a test sets the rules."""

    def __init__(self) -> None:
        self.rules: Policy = AllowAll()

    def check(self, texts: Sequence[str], **more: Any) -> None:
        self.rules.check(texts, **more)


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, house: House) -> PipelineRunner:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runner")
    models_dir = save_tiny_starter(folder / "models")
    settings = WorkerSettings(scratch_dir=folder, models_dir=models_dir, device="cpu")
    return PipelineRunner(settings, lambda: house)


@pytest.fixture
def open_runner(runner: PipelineRunner, house: House) -> PipelineRunner:
    house.rules = AllowAll()
    return runner


@pytest.fixture
def strict_runner(runner: PipelineRunner, house: House) -> PipelineRunner:
    house.rules = OnlyCats()
    return runner


def task(folder: Path, kind: JobKind, job_id: UUID | None = None, **params: Any) -> Task:
    return Task(
        job_id=job_id or uuid4(), kind=kind, params=params,
        out_dir=folder / "out", scratch_dir=folder / "stages",
    )  # fmt: skip


def seen_by(runner: PipelineRunner, one: Task) -> list[Progress]:
    """Reports of a run that is refused."""
    seen: list[Progress] = []
    with pytest.raises(PolicyRefused):
        runner.run(one, seen.append)
    return seen


def test_a_video_comes_with_all_that_the_library_shows(
    open_runner: PipelineRunner, tmp_path: Path
) -> None:
    result = open_runner.run(
        task(tmp_path, "video", prompt="a cat", seed=7, **SMALL), lambda progress: None
    )
    media, thumbnail = result["media_key"], result["thumbnail_key"]
    assert isinstance(media, Parcel) and isinstance(thumbnail, Parcel)
    assert (media.bucket, media.content_type) == ("videos-final", "video/mp4")
    assert thumbnail.content_type == "image/jpeg" and thumbnail.path.is_file()
    assert result["size_bytes"] == media.path.stat().st_size
    expected = {"width": 96, "height": 64, "num_frames": 5, "fps": 16, "seed": 7}
    assert {name: result[name] for name in expected} == expected
    assert result["seconds"] == 5 / 16
    assert result["metadata"]["prompt"] == "a cat"
    assert {"denoise", "decode"} <= set(result["seconds_by_stage"])
    assert open_runner.loaded == "starter"


def test_a_preview_gives_its_stills_in_order(open_runner: PipelineRunner, tmp_path: Path) -> None:
    one = task(tmp_path, "preview", prompt="a cat", seed=7, num_images=2, **SMALL)
    stills = open_runner.run(one, lambda progress: None)["stills"]
    assert [still["seed"] for still in stills] == [7, 8]
    assert {(s["width"], s["height"], s["key"].bucket) for s in stills} == {
        (96, 64, "videos-preview")
    }


def test_a_missing_seed_is_the_same_in_every_attempt(
    open_runner: PipelineRunner, tmp_path: Path
) -> None:
    one = task(tmp_path, "video", prompt="a cat", **SMALL)
    seeds = {
        open_runner.run(replace(one, scratch_dir=tmp_path / name), lambda progress: None)["seed"]
        for name in ("a", "b")
    }
    assert len(seeds) == 1


def test_words_are_enhanced_and_the_next_attempt_takes_them(
    open_runner: PipelineRunner, tmp_path: Path
) -> None:
    one = task(tmp_path, "enhance", prompt="a red sailboat on the sea", seed=3)
    result = open_runner.run(one, lambda progress: None)
    assert result["original"] == "a red sailboat on the sea"
    assert result["source"] in ("model", "template") and result["enhanced"] != result["original"]
    seen: list[Progress] = []
    assert open_runner.run(one, seen.append) == result
    assert seen == [], "the language model did not run again"


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("enhance", {"prompt": "a dog"}),
        ("preview", {"prompt": "a dog"}),
        ("video", {"prompt": "a dog"}),
        ("video", {"prompt": "a cat", "enhanced_prompt": "a dog"}),
        ("video", {"prompt": "a cat", "negative_prompt": "anything"}),
        ("video", {"prompt": "a cat", "image_key": "character-references/u/a.png"}),
    ],
)
def test_what_breaks_the_rules_is_refused_before_any_work(
    strict_runner: PipelineRunner, tmp_path: Path, kind: JobKind, params: dict[str, Any]
) -> None:
    assert seen_by(strict_runner, task(tmp_path, kind, **params)) == []
    assert not (tmp_path / "out").exists()


def test_an_approved_still_is_no_uploaded_picture(
    strict_runner: PipelineRunner, tmp_path: Path
) -> None:
    params = {"prompt": "a cat", "image_key": "videos-preview/u/j/a1/a.png", **SMALL}
    one = task(tmp_path, "video", **params)
    strict_runner.run(one, lambda progress: None)


def test_enhanced_words_that_break_the_rules_are_not_used(
    strict_runner: PipelineRunner, tmp_path: Path
) -> None:
    result = strict_runner.run(
        task(tmp_path, "enhance", prompt="a cat", seed=1), lambda progress: None
    )
    assert (result["enhanced"], result["source"]) == ("a cat", "original")
    assert "was not used" in result["reason"]


def test_a_broken_policy_lets_nothing_pass(strict_runner: PipelineRunner, tmp_path: Path) -> None:
    seen: list[Progress] = []
    with pytest.raises(ZeroDivisionError):
        strict_runner.run(task(tmp_path, "video", prompt="a mouse"), seen.append)
    assert seen == []


def test_hostile_params_are_refused(open_runner: PipelineRunner, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        open_runner.run(task(tmp_path, "video", prompt="a cat", out_dir="/"), lambda progress: None)


def test_a_live_picture_is_small() -> None:
    jpeg = jpeg_of(np.zeros((720, 1280, 3), np.uint8))
    assert jpeg.startswith(b"\xff\xd8") and len(jpeg) < 20_000
