"""A film as JSON values, both ways: what the database keeps and what a film's folder holds.

Values went through a database or a disk: nothing about them is believed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Film
from ourvidz.domain.scene import MAX_SCENES, Scene

#: More characters than 360 scenes can hold make no text, whatever they are.
MAX_TEXT_CHARS = 4_000

_FILM: Mapping[str, type] = MappingProxyType(
    {
        "title": str,
        "model": str,
        "profile": str,
        "seed": int,
        "continuity": str,
        "negative_prompt": str,
        "scenes": list,
    }
)
_SCENE: Mapping[str, type] = MappingProxyType(
    {
        "id": str,
        "prompt": str,
        "seconds": int,
        "transition": str,
        "transition_s": float,
        "characters": list,
        "enhanced_prompt": str,
    }
)
_MEANS: Mapping[type, str] = MappingProxyType(
    {str: "a text", int: "a whole number", float: "a number", list: "a list"}
)


def film_values(film: Film) -> dict[str, Any]:
    """JSON values from which `film_of` makes an equal film."""
    values = {name: getattr(film, name) for name in _FILM}
    return {**values, "scenes": [scene_values(scene) for scene in film.scenes]}


def scene_values(scene: Scene) -> dict[str, Any]:
    """JSON values from which `scene_of` makes an equal scene; what is None is left out."""
    values = {**dataclasses.asdict(scene), "characters": list(scene.characters)}
    return {name: value for name, value in values.items() if value is not None}


def film_of(values: Mapping[str, Any]) -> Film:
    """The film of `values`, with every name known and every value of its type.

    Raises InvalidRequest naming what is wrong, as in "scenes[3].seconds".

    >>> film_of({"title": "Sea", "scenes": [{"id": "a", "prompt": "a sailboat"}]}).num_frames
    80
    >>> film_of({"title": "Sea", "scenes": [{"id": "a", "prompt": "a boat", "seconds": "10"}]})
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: scenes[0].seconds: must be a whole number
    """
    given = _checked(values, _FILM, "film")
    scenes = given.pop("scenes", [])
    if len(scenes) > MAX_SCENES:
        raise InvalidRequest("scenes", f"are more than {MAX_SCENES}; remove some")
    given.setdefault("title", "")
    return Film(
        **given, scenes=tuple(scene_of(one, f"scenes[{i}].") for i, one in enumerate(scenes))
    )


def scene_of(values: Any, where: str = "") -> Scene:
    """One scene of `values`, which may still be a draft. where: begins the field of an error."""
    if not isinstance(values, Mapping):
        raise InvalidRequest(where.rstrip(".") or "scene", "must be an object with a prompt")
    checked = _checked(values, _SCENE, "scene", where)  # pyright: ignore[reportUnknownArgumentType]
    names = checked.pop("characters", [])
    for name in names:
        _check_value(f"{where}characters", name, str)
    given: dict[str, Any] = {"id": "", "prompt": "", **checked}
    return Scene(**given, characters=tuple(names))


def _checked(
    values: Mapping[str, Any], known: Mapping[str, type], what: str, where: str = ""
) -> dict[str, Any]:
    """The values with every name known and of its type; null counts as left out."""
    for name in values:
        if name not in known:
            field = where.rstrip(".") or what
            raise InvalidRequest(field, f"{str(name)[:40]!r} is not known here; leave it out")
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        _check_value(f"{where}{name}", value, known[name])
    return given


def _check_value(field: str, value: Any, kind: type) -> None:
    kinds = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise InvalidRequest(field, f"must be {_MEANS[kind]}")
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidRequest(field, "contains half a character; type it again")
        if len(value) > MAX_TEXT_CHARS:
            raise InvalidRequest(field, f"is longer than {MAX_TEXT_CHARS} characters; shorten it")
