"""Open values of a request are filled from the catalog, impossible ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.profiles import ability_of, resolve

CAT = VideoRequest(prompt="a cat")


def test_nothing_is_left_open() -> None:
    request = resolve(CAT)
    assert None not in (
        request.width,
        request.height,
        request.seed,
        request.num_inference_steps,
        request.guidance_scale,
        request.flow_shift,
        request.output_size,
    )
    assert resolve(request) == request


def test_profiles_trade_steps_for_time() -> None:
    steps = [
        resolve(CAT.replace(profile=profile)).num_inference_steps or 0
        for profile in ("fast", "balanced", "quality")
    ]
    assert steps == sorted(set(steps))


def test_what_was_asked_for_is_kept() -> None:
    asked = CAT.replace(
        width=96, height=64, seed=0, num_inference_steps=3, guidance_scale=1.0, flow_shift=2.0,
        output_size=(96, 64),
    )  # fmt: skip
    assert resolve(asked) == asked


def test_drawn_seeds_differ() -> None:
    assert len({resolve(CAT).seed for _ in range(4)}) > 1


def test_one_side_alone_keeps_the_proportions() -> None:
    wide = resolve(CAT.replace(width=448))
    assert (wide.width, wide.height) == (448, 256)
    tall = resolve(CAT.replace(height=64))
    assert (tall.width, tall.height) == (96, 64) or (tall.width, tall.height) == (128, 64)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "sora"}, "model: 'sora' is not known; choose one of starter"),
        ({"width": 100, "height": 64}, "width: 100 is not a multiple of 32; use 96"),
        ({"width": 9600, "height": 64}, "width: 9600x64 is far more than starter was trained at"),
        (
            {"width": 1280, "height": 720},
            "width: 1280x720 is far more than starter was trained at; use 224x128; "
            "the file is 1280x720 all the same",
        ),
        ({"num_frames": 97}, "num_frames: 97 is more than starter makes at once; use 80"),
    ],
)
def test_the_impossible_is_refused_with_a_way_out(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        resolve(CAT.replace(**changes))
    assert message in str(refused.value)


def test_the_pictures_decide_what_the_model_must_be_able_to_do() -> None:
    one = CAT.replace(image=Path("a.png"))
    assert ability_of(CAT) == "text_to_video"
    assert ability_of(one) == "first_frame"
    assert ability_of(one.replace(last_image=Path("b.png"))) == "first_last_frame"
