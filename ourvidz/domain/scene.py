"""A scene: one place and moment of a film, in the user's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.library import MAX_NAME_CHARS, check_text
from ourvidz.domain.request import FPS, VideoRequest

#: From a scene into the next one. A crossfade overlaps them; a fade goes through black.
Transition = Literal["cut", "crossfade", "fade"]

SHOT_S = 5
MAX_SECONDS = 1_800
#: Of the longest film: each has a shot at least.
MAX_SCENES = MAX_SECONDS // SHOT_S
MAX_TRANSITION_S = 1.0
MAX_CHARACTERS = 8
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """It may be a draft: `check_scenes`, and so `Film`, says whether it can be rendered.

    id: stays with the scene however it is moved or reworded; a-z, 0-9 and "-". prompt: the
    user's words. seconds: a multiple of 5. transition, transition_s: into the next scene; how
    long counts in frames of 1/16 s and means nothing for a cut. characters: names.
    enhanced_prompt: what the model is given instead of the prompt, if any.
    """

    id: str
    prompt: str
    seconds: int = SHOT_S
    transition: Transition = "cut"
    transition_s: float = 0.5
    characters: tuple[str, ...] = ()
    enhanced_prompt: str | None = None

    @property
    def num_shots(self) -> int:
        """How many shots of five seconds the scene is rendered in."""
        return self.seconds // SHOT_S

    @property
    def transition_frames(self) -> int:
        """Frames of the transition into the next scene; 0 for a cut.

        >>> [Scene(id="a", prompt="a cat", transition=t).transition_frames for t in ("cut", "fade")]
        [0, 8]
        """
        return 0 if self.transition == "cut" else round(self.transition_s * FPS)


def check_scenes(scenes: tuple[Scene, ...]) -> None:
    """Raise InvalidRequest for scenes that make no film, naming the first one that is wrong.

    >>> check_scenes((Scene(id="a", prompt="a cat"), Scene(id="b", prompt=" ")))
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: scenes[1].prompt: is empty; describe what should be seen
    """
    if not scenes:
        raise InvalidRequest("scenes", "there are none; write at least one")
    seen: set[str] = set()
    for index, scene in enumerate(scenes):
        try:
            _check_scene(scene)
            if scene.id in seen:
                raise InvalidRequest("id", "is another scene's too; give each its own")
        except InvalidRequest as error:
            raise InvalidRequest(f"scenes[{index}].{error.field}", error.reason) from error
        seen.add(scene.id)
    seconds = sum(scene.seconds for scene in scenes)
    if seconds > MAX_SECONDS:
        raise InvalidRequest(
            "scenes",
            f"are {seconds / 60:g} minutes together and a film has at most "
            f"{MAX_SECONDS // 60}; shorten or remove scenes",
        )


def _check_scene(scene: Scene) -> None:
    if not _ID.fullmatch(scene.id):
        raise InvalidRequest("id", "must be 1 to 32 of a-z, 0-9 and -")
    VideoRequest(prompt=scene.prompt, enhanced_prompt=scene.enhanced_prompt)
    check_text("prompt", scene.prompt + (scene.enhanced_prompt or ""), 2**20)
    if scene.seconds % SHOT_S or not SHOT_S <= scene.seconds <= MAX_SECONDS:
        raise InvalidRequest("seconds", f"must be {SHOT_S}, 10, 15, ... {MAX_SECONDS}")
    if scene.transition not in get_args(Transition):
        raise InvalidRequest("transition", "must be cut, crossfade or fade")
    frames = scene.transition_s * FPS
    if not 1 <= frames <= MAX_TRANSITION_S * FPS or frames % 1:
        raise InvalidRequest("transition_s", "must be 1/16 to 1 s in steps of 1/16; 0.5 is usual")
    if len(scene.characters) > MAX_CHARACTERS:
        raise InvalidRequest("characters", f"are too many; keep at most {MAX_CHARACTERS}")
    for name in scene.characters:
        check_text("characters", name, MAX_NAME_CHARS)
        if not name.strip() or name != " ".join(name.split()):
            raise InvalidRequest("characters", "must be names, each on one line")
