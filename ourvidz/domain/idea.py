"""One idea becomes the scenes of a film: the same words, seen by a camera that moves on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ourvidz.domain.cinema import CAMERAS, sentences
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import MAX_PROMPT_CHARS, VideoRequest
from ourvidz.domain.scene import MAX_SECONDS, SHOT_S, Scene
from ourvidz.domain.storyboard_text import scene_id

#: From the whole to the detail and back again, as films are told; all of them `CAMERAS`.
VIEWS: tuple[str, ...] = (
    "Static wide shot.",
    "Slow push-in.",
    "Slow pan to the right.",
    "Low tracking shot that follows the movement.",
    "Slow zoom in.",
    "Slow pan to the left.",
    "Gentle handheld shot.",
    "Slow zoom out.",
)
LAST_VIEW = "Slow pull-back."
_SAYS_CAMERA = re.compile(
    r"\b(camera|zoom\w*|pan|pans|panning|shot|close-up|closeup|aerial|tracking|push-in)\b", re.I
)


def split_idea(prompt: str, seconds: int, enhanced: str | None = None) -> tuple[Scene, ...]:
    """Scenes of together `seconds` (5 to 1800, a multiple of 5) that all tell one idea.

    The words for subject, place and light stay the same; only the camera changes, unless the
    words say what it does. enhanced: the idea as the enhancer wrote it; each scene gets it with
    its own camera.

    >>> [(s.seconds, s.prompt) for s in split_idea("a red car in the desert", 15)]
    [(10, 'A red car in the desert. Static wide shot.'), (5, 'A red car in the desert. \
Slow pull-back.')]
    """
    words = VideoRequest(prompt=prompt).prompt
    views = outline(seconds)
    return board(
        [length for length, _ in views],
        [_with_view(words, view) for _, view in views],
        [enhanced and _with_view(enhanced, view) for _, view in views],
    )


def outline(seconds: int) -> tuple[tuple[int, str], ...]:
    """(seconds, camera) of every scene of a film that tells one idea in `seconds`.

    Scenes are about 10 s long in a short film and 30 s in a long one.

    >>> outline(10), outline(15)
    (((10, 'Static wide shot.'),), ((10, 'Static wide shot.'), (5, 'Slow pull-back.')))
    """
    if seconds % SHOT_S or not SHOT_S <= seconds <= MAX_SECONDS:
        raise InvalidRequest("seconds", f"must be {SHOT_S}, 10, 15, ... {MAX_SECONDS}")
    usual = 10 if seconds <= 60 else 15 if seconds <= 300 else 30
    shots, count = seconds // SHOT_S, max(1, -(-seconds // usual))
    few, more = divmod(shots, count)
    views = [VIEWS[index % len(VIEWS)] for index in range(count)]
    if count > 1:
        views[-1] = LAST_VIEW
    return tuple((SHOT_S * (few + (index < more)), view) for index, view in enumerate(views))


def board(
    lengths: Sequence[int], prompts: Sequence[str], enhanced: Sequence[str | None]
) -> tuple[Scene, ...]:
    """Scenes with an id each, made of their words."""
    scenes: list[Scene] = []
    for length, prompt, told in zip(lengths, prompts, enhanced, strict=True):
        name = scene_id(prompt, {scene.id for scene in scenes})
        scenes.append(Scene(id=name, prompt=prompt, seconds=length, enhanced_prompt=told))
    return tuple(scenes)


def _with_view(words: str, view: str) -> str:
    """The words with `view` for a camera; a sentence from `CAMERAS` gives way to it."""
    words = " ".join(words.split())
    for camera in CAMERAS:
        if camera.text in words:
            return words.replace(camera.text, view)
    if _SAYS_CAMERA.search(words):
        return words
    told = sentences(words, view)
    return told if len(told) <= MAX_PROMPT_CHARS else words
