"""What may stand in a job's params, and that both ways agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.orders import (
    clip_key_of,
    enhance_order,
    enhance_params,
    image_keys_of,
    num_images_of,
    preview_params,
    request_of,
    video_params,
)
from ourvidz.domain.request import VideoRequest

ME = UUID(int=1)
SOMEBODY = UUID(int=2)
FULL = VideoRequest(
    prompt="a red sailboat",
    enhanced_prompt="A red sailboat. Golden hour.",
    negative_prompt="text",
    profile="fast",
    width=224,
    height=128,
    num_frames=17,
    seed=2**63 - 1,
    num_inference_steps=4,
    guidance_scale=3,
    flow_shift=2.5,
    output_size=(1280, 720),
)


def through_a_database(params: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(params))


@pytest.mark.parametrize("request_", [FULL, VideoRequest(prompt="a cat")])
def test_a_request_comes_back_as_it_was(request_: VideoRequest) -> None:
    for kind, params in (("video", video_params(request_)), ("preview", preview_params(request_))):
        assert request_of(kind, through_a_database(params)) == request_  # type: ignore[arg-type]


def test_a_picture_travels_as_a_key_and_comes_back_as_a_path() -> None:
    key = f"videos-preview/{ME}/job/a1/still.png"
    request = FULL.replace(image=Path("somewhere/on/a/machine.png"))
    params = through_a_database(video_params(request, image_key=key))
    assert "machine" not in str(params)
    assert image_keys_of(params, ME) == (key, None)
    assert request_of("video", params, Path("here.png")) == FULL.replace(image=Path("here.png"))


@pytest.mark.parametrize(
    "key",
    [
        f"videos-preview/{SOMEBODY}/job/a1/still.png",
        f"videos-preview/{ME}x/still.png",
        "videos-preview/still.png",
        f"videos-preview/{ME}/../{SOMEBODY}/still.png",
        f"no-such-bucket/{ME}/still.png",
        "/etc/passwd",
    ],
)
def test_only_my_own_pictures_are_taken(key: str) -> None:
    with pytest.raises(InvalidRequest):
        image_keys_of({"prompt": "a cat", "image_key": key}, ME)


def test_previews_and_enhancements_say_how_many_and_which() -> None:
    assert num_images_of(through_a_database(preview_params(FULL, 2))) == 2
    assert num_images_of({"prompt": "a cat"}) == 4
    for number in (0, 5):
        with pytest.raises(InvalidRequest, match="num_images"):
            preview_params(FULL, number)
    assert enhance_order(enhance_params("a cat", 9)) == ("a cat", 9)


HUGE = 10**400
HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("params", {"prompt": "a cat", "cost": 0}),
    ("params", {"prompt": "a cat", "image": "/etc/passwd"}),
    ("params", {"prompt": "a cat", "num_images": 2}),
    ("prompt", {}),
    ("prompt", {"prompt": None}),
    ("prompt", {"prompt": ["a cat"]}),
    ("prompt", {"prompt": "a\x00cat"}),
    ("prompt", {"prompt": "a\ud800cat"}),
    ("prompt", {"prompt": "x" * 2_001}),
    ("model", {"prompt": "a cat", "model": "sora"}),
    ("model", {"prompt": "a cat", "model": {"$ne": 1}}),
    ("profile", {"prompt": "a cat", "profile": "free"}),
    ("seed", {"prompt": "a cat", "seed": -1}),
    ("seed", {"prompt": "a cat", "seed": HUGE}),
    ("seed", {"prompt": "a cat", "seed": True}),
    ("num_frames", {"prompt": "a cat", "num_frames": 80.0}),
    ("num_frames", {"prompt": "a cat", "num_frames": 10_000}),
    ("width", {"prompt": "a cat", "width": 0}),
    ("height", {"prompt": "a cat", "height": HUGE}),
    ("num_inference_steps", {"prompt": "a cat", "num_inference_steps": "9"}),
    ("guidance_scale", {"prompt": "a cat", "guidance_scale": float("nan")}),
    ("guidance_scale", {"prompt": "a cat", "guidance_scale": HUGE}),
    ("flow_shift", {"prompt": "a cat", "flow_shift": "1"}),
    ("output_size", {"prompt": "a cat", "output_size": [1]}),
    ("output_size", {"prompt": "a cat", "output_size": [16, -16]}),
    ("output_size", {"prompt": "a cat", "output_size": "16x16"}),
    ("last_image_key", {"prompt": "a cat", "last_image_key": f"videos-preview/{ME}/a.png"}),
    ("image_key", {"prompt": "a cat", "image_key": 5}),
]


@pytest.mark.parametrize(("field", "params"), HOSTILE, ids=lambda value: str(value)[:40])
def test_hostile_params_are_refused_by_name(field: str, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        request_of("video", params)
    assert refused.value.field == field
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("kind", ["stitch", "character", "enhance"])
def test_a_kind_without_a_request_gives_none(kind: Any) -> None:
    with pytest.raises(InvalidRequest):
        request_of(kind, {"prompt": "a cat", "width": 224})


def test_the_clip_that_a_preview_ends_with_is_ones_own() -> None:
    key = f"videos-final/{ME}/j1/a1/clip.mp4"
    params = through_a_database(preview_params(FULL, 1, clip_key=key))
    assert clip_key_of(params, ME) == key
    assert clip_key_of(preview_params(FULL), ME) is None
    for wrong in (f"videos-final/{ME}x/j1/a1/clip.mp4", "videos-final/clip.mp4"):
        with pytest.raises(InvalidRequest, match="clip_key: is not one of your videos"):
            clip_key_of({"prompt": "a cat", "clip_key": wrong}, ME)
    for name in ("image_key", "last_image_key"):
        with pytest.raises(InvalidRequest, match="is not known here"):
            clip_key_of({"prompt": "a cat", name: key}, ME)
