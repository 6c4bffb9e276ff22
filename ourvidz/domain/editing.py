"""A storyboard edited by hand: every change gives all of its scenes anew."""

from __future__ import annotations

import re
from dataclasses import replace

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.scene import SHOT_S, Scene
from ourvidz.domain.storyboard_text import scene_id

Scenes = tuple[Scene, ...]

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def place_of(scenes: Scenes, id: str) -> int:
    """Where a scene stands. Raises InvalidRequest when it is not there any more."""
    for index, scene in enumerate(scenes):
        if scene.id == id:
            return index
    raise InvalidRequest("scene", "is not in this film any more; reload the page")


def changed(scenes: Scenes, scene: Scene) -> Scenes:
    """With `scene` in the place of the one that has its id."""
    index = place_of(scenes, scene.id)
    return (*scenes[:index], scene, *scenes[index + 1 :])


def moved(scenes: Scenes, id: str, by: int) -> Scenes:
    """With a scene `by` places further on; the first and the last one stay where they are.

    >>> a, b, c = (Scene(id=name, prompt=name) for name in "abc")
    >>> [one.id for one in moved((a, b, c), "a", 1)], [one.id for one in moved((a, b), "a", -1)]
    (['b', 'a', 'c'], ['a', 'b'])
    """
    index = place_of(scenes, id)
    rest = scenes[:index] + scenes[index + 1 :]
    to = min(max(index + by, 0), len(rest))
    return (*rest[:to], scenes[index], *rest[to:])


def added(scenes: Scenes, prompt: str, seconds: int) -> Scenes:
    """With one more scene at the end."""
    return (*scenes, Scene(id=_new_id(scenes, prompt), prompt=prompt, seconds=seconds))


def duplicated(scenes: Scenes, id: str) -> Scenes:
    """With a copy right after a scene.

    >>> [one.prompt for one in duplicated((Scene(id="a", prompt="a cat"),), "a")]
    ['a cat', 'a cat']
    """
    index = place_of(scenes, id)
    copy = replace(scenes[index], id=_new_id(scenes, scenes[index].prompt))
    return (*scenes[: index + 1], copy, *scenes[index + 1 :])


def halved(scenes: Scenes, id: str) -> Scenes:
    """With a scene in two: its time is shared, and its sentences where there are several.

    Raises InvalidRequest for a scene of one shot.

    >>> two = halved((Scene(id="a", prompt="A cat sleeps. It wakes up.", seconds=15),), "a")
    >>> [(one.prompt, one.seconds) for one in two]
    [('A cat sleeps.', 10), ('It wakes up.', 5)]
    """
    index = place_of(scenes, id)
    scene = scenes[index]
    if scene.num_shots < 2:
        raise InvalidRequest("seconds", f"are {SHOT_S}; a scene of one shot can not be split")
    sentences = _SENTENCE.split(scene.prompt.strip())
    half = -(-len(sentences) // 2)
    words = (" ".join(sentences[:half]), " ".join(sentences[half:]) or scene.prompt)
    shots = -(-scene.num_shots // 2)
    first = replace(
        scene, prompt=words[0], seconds=shots * SHOT_S, transition="cut", enhanced_prompt=None
    )
    second = replace(
        scene,
        id=_new_id(scenes, words[1]),
        prompt=words[1],
        seconds=(scene.num_shots - shots) * SHOT_S,
        enhanced_prompt=None,
    )
    return (*scenes[:index], first, second, *scenes[index + 1 :])


def removed(scenes: Scenes, id: str) -> Scenes:
    """Without a scene."""
    index = place_of(scenes, id)
    return scenes[:index] + scenes[index + 1 :]


def _new_id(scenes: Scenes, words: str) -> str:
    return scene_id(words, {scene.id for scene in scenes})
