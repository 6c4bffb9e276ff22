"""What our own enhancer writes is never refused: its sentences, each beside harmless words."""

from __future__ import annotations

import pytest

from ourvidz.domain.cinema import CAMERAS, LIGHTS, MOODS, shot
from ourvidz.ports import Policy

SENTENCES = (
    *(("light", light.text) for light in LIGHTS),
    *(("camera", camera.text) for camera in CAMERAS),
    *(("mood", mood) for mood in MOODS),
)


@pytest.mark.parametrize("words", ["a red sailboat", "a woman with red hair walks"])
def test_every_sentence_of_the_enhancer_passes(floor: Policy, words: str) -> None:
    for part, text in SENTENCES:
        floor.check([words, shot(words, **{part: text})])


@pytest.mark.parametrize("text", ["Mia walks. Soft light.", "A slow pull-back from a lake."])
def test_words_of_light_and_camera_pass_by_themselves(floor: Policy, text: str) -> None:
    floor.check([text])
