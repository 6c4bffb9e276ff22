"""What can not be made is refused before anything is loaded, and the refusal says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import MAX_PROMPT_CHARS, VideoRequest


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", " \n\t"),
        ("prompt", "a" * (MAX_PROMPT_CHARS + 1)),
        ("prompt", "a\x00cat"),
        ("prompt", "a caf\udce9"),  # as Python reads a byte that is no UTF-8 in what was typed
        ("enhanced_prompt", "a" * (MAX_PROMPT_CHARS + 1)),
        ("negative_prompt", "\x00"),
        ("num_frames", 0),
        ("num_frames", 162),
        ("seed", -1),
        ("seed", 2**63),
        ("num_inference_steps", 0),
        ("num_inference_steps", 201),
        ("guidance_scale", 0.5),
        ("guidance_scale", float("nan")),
        ("flow_shift", 0.0),
        ("last_image", Path("end.png")),
        ("profile", "ultra"),
    ],
)
def test_a_value_that_no_model_could_use_is_refused_by_name(field: str, value: Any) -> None:
    values: dict[str, Any] = {"prompt": "a cat", field: value}
    with pytest.raises(InvalidRequest) as refused:
        VideoRequest(**values)
    assert refused.value.field == field


@pytest.mark.parametrize("prompt", ["a", "a" * MAX_PROMPT_CHARS, "猫が走る", "a cat 🐈"])
def test_any_words_within_the_limit_are_accepted(prompt: str) -> None:
    assert VideoRequest(prompt=prompt).model_prompt == prompt


def test_the_extremes_are_accepted() -> None:
    VideoRequest(prompt="a cat", seed=0, num_frames=1, guidance_scale=1, num_inference_steps=1)
    VideoRequest(prompt="a cat", seed=2**63 - 1, num_frames=161, guidance_scale=30)


@pytest.mark.parametrize("delivered", range(1, 162))
def test_the_model_makes_at_most_three_frames_too_many(delivered: int) -> None:
    sampled = VideoRequest(prompt="a cat", num_frames=delivered).sampled_frames
    assert sampled % 4 == 1
    assert 0 <= sampled - delivered < 4


def test_the_model_is_given_the_enhanced_prompt_when_there_is_one() -> None:
    request = VideoRequest(prompt="a cat")
    assert request.replace(enhanced_prompt="A cat. Golden light.").model_prompt.endswith("light.")
    assert request.replace(enhanced_prompt="").model_prompt == "a cat"


def test_a_changed_copy_is_checked_again() -> None:
    with pytest.raises(InvalidRequest):
        VideoRequest(prompt="a cat").replace(prompt="")
