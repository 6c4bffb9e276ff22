"""What may be written into a storyboard: values from a browser, believed one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Continuity
from ourvidz.domain.film_values import MAX_SCENES, scene_of
from ourvidz.domain.scene import Scene, check_scenes
from ourvidz.studio.door import Studio
from ourvidz.studio.drafts import checked

#: As of a project.
_SHARED = ("title", "negative_prompt", "model", "profile", "seed")


def checked_film(me: Identity, studio: Studio, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they can be kept, scenes as `Scene`.

    Raises InvalidRequest for unknown names, wrong types, and scenes that could never be
    rendered. Scenes may still be without words, and there may be none.
    """
    kept = checked(me, studio, {name: values[name] for name in _SHARED if name in values})
    if kept.get("seed", 0) is None:
        raise InvalidRequest("seed", "must be a whole number from 0 to 2**63 - 1")
    for name, value in values.items():
        if name == "scenes":
            kept[name] = _scenes(value)
        elif name == "continuity":
            if value not in get_args(Continuity):
                raise InvalidRequest(name, "must be anchored, chained or independent")
            kept[name] = value
        elif name not in _SHARED:
            raise InvalidRequest("film", f"has no {str(name)[:40]!r}; leave it out")
    return kept


def _scenes(value: Any) -> tuple[Scene, ...]:
    given: list[Any] = list(value) if isinstance(value, list | tuple) else [None]  # pyright: ignore[reportUnknownArgumentType]
    if len(given) > MAX_SCENES:
        raise InvalidRequest("scenes", f"are more than {MAX_SCENES}; remove some")
    scenes = tuple(
        one if isinstance(one, Scene) else scene_of(one, f"scenes[{index}].")
        for index, one in enumerate(given)
    )
    if scenes:
        # Words may come later; everything else must be right at once.
        check_scenes(tuple(replace(one, prompt=one.prompt.strip() or "-") for one in scenes))
    return scenes
