"""Scenes changed on the page: what a form says becomes scenes, and the way back is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ourvidz.domain import editing
from ourvidz.domain.account import Identity
from ourvidz.domain.editing import Scenes
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film_values import scene_values
from ourvidz.domain.scene import SHOT_S
from ourvidz.domain.storyboard_text import parse_storyboard
from ourvidz.studio import films
from ourvidz.studio.door import Studio
from ourvidz.web.pages.markup import Press
from ourvidz.web.texts_film import FILMS


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done. before: the scenes of before as JSON, to undo it; "" where there is none."""

    said: str = ""
    before: str = ""


def edit(me: Identity, studio: Studio, film_id: UUID, press: Press) -> Done:
    """Change scenes. An act that is not known changes nothing."""
    change = _EDITS.get(press.act)
    if change is None:
        return Done()
    before = films.film(me, studio, film_id).scenes
    number = _number(before, press.id)
    after = change(before, press)
    if after == before:
        return Done()
    return _kept(me, studio, film_id, {"scenes": after}, before, _SAID[press.act].format(number))


def settled(me: Identity, studio: Studio, film_id: UUID, press: Press) -> Done:
    """Title, quality, continuity, and what should not be seen."""
    names = ("title", "profile", "continuity", "negative_prompt")
    given = {name: press.text(name) for name in names if name in press.fields}
    films.change_film(me, studio, film_id, given)
    return Done(said=FILMS["changed"])


def restored(me: Identity, studio: Studio, film_id: UUID, press: Press) -> Done:
    """The scenes as they were, from the browser that has kept them."""
    try:
        scenes = json.loads(press.text("scenes"))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("scenes", "can not be read; nothing was changed") from error
    draft = films.change_film(me, studio, film_id, {"scenes": scenes})
    return Done(said=_refusals(draft) or FILMS["undone"])


def _kept(
    me: Identity,
    studio: Studio,
    film_id: UUID,
    values: Mapping[str, Any],
    before: Scenes,
    said: str,
) -> Done:
    draft = films.change_film(me, studio, film_id, values)
    # It comes back in one request: letters as they are, escaped ones take up to six times the room.
    kept = json.dumps([scene_values(scene) for scene in before], ensure_ascii=False)
    return Done(said=_refusals(draft) or said, before=kept)


def _refusals(draft: films.Draft) -> str:
    return " ".join(FILMS["refused"].format(one.reason) for one in draft.refused)


def _number(scenes: Scenes, id: str) -> int:
    return next((number for number, one in enumerate(scenes, 1) if one.id == id), 0)


def _seconds(press: Press) -> int:
    said = press.text("seconds").strip()
    if not said.isascii() or not said.isdigit() or len(said) > 6:
        raise InvalidRequest("seconds", f"must be {SHOT_S}, 10, 15, ...")
    return int(said)


def _scene(scenes: Scenes, press: Press) -> Scenes:
    old = scenes[editing.place_of(scenes, press.id)]
    prompt = press.text("prompt").strip()
    new = replace(
        old,
        prompt=prompt,
        seconds=_seconds(press),
        transition=press.text("transition"),  # type: ignore[arg-type]  # checked by the studio
        characters=press.fields.get("characters", ()),
        enhanced_prompt=old.enhanced_prompt if prompt == old.prompt else None,
    )
    return editing.changed(scenes, new)


def _added(scenes: Scenes, press: Press) -> Scenes:
    prompt = press.text("prompt").strip()
    if not prompt:
        raise InvalidRequest("prompt", "is empty; describe what should be seen")
    return editing.added(scenes, prompt, _seconds(press))


_EDITS: Mapping[str, Callable[[Scenes, Press], Scenes]] = MappingProxyType(
    {
        "scene": _scene,
        "add": _added,
        "text": lambda scenes, press: parse_storyboard(press.text("storyboard"), scenes),
        "up": lambda scenes, press: editing.moved(scenes, press.id, -1),
        "down": lambda scenes, press: editing.moved(scenes, press.id, 1),
        "duplicate": lambda scenes, press: editing.duplicated(scenes, press.id),
        "split": lambda scenes, press: editing.halved(scenes, press.id),
        "delete": lambda scenes, press: editing.removed(scenes, press.id),
    }
)
_SAID: Mapping[str, str] = MappingProxyType(
    {
        "scene": FILMS["scene_changed"],
        "add": FILMS["scene_added"],
        "text": FILMS["text_saved"],
        "up": FILMS["scene_moved"],
        "down": FILMS["scene_moved"],
        "duplicate": FILMS["scene_duplicated"],
        "split": FILMS["scene_split"],
        "delete": FILMS["scene_deleted"],
    }
)
