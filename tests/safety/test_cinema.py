"""What our own enhancer writes is never refused: its sentences, each beside harmless words."""

from __future__ import annotations

import pytest

from ourvidz.domain.cinema import CAMERAS, LIGHTS, MOODS, shot
from ourvidz.domain.errors import PolicyRefused
from ourvidz.domain.idea import LAST_VIEW, VIEWS
from ourvidz.ports import Policy

SENTENCES = (
    *(("camera", view) for view in (*VIEWS, LAST_VIEW)),
    *(("light", light.text) for light in LIGHTS),
    *(("camera", camera.text) for camera in CAMERAS),
    *(("mood", mood) for mood in MOODS),
)


@pytest.mark.parametrize(
    "words", ["a red sailboat", "a woman with red hair walks", "two kids building a snowman"]
)
def test_every_sentence_of_the_enhancer_passes(floor: Policy, words: str) -> None:
    for part, text in SENTENCES:
        floor.check([words, shot(words, **{part: text})])


@pytest.mark.parametrize("text", ["Mia walks. Soft light.", "A slow pull-back from a lake."])
def test_words_of_light_and_camera_pass_by_themselves(floor: Policy, text: str) -> None:
    floor.check([text])


def test_words_beside_our_sentences_are_still_judged(floor: Policy) -> None:
    for _part, text in SENTENCES:
        with pytest.raises(PolicyRefused):
            floor.check([f"a naked child. {text}"])
