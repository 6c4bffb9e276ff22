"""What may be written into a project: values from a browser, believed one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, get_args

from ourvidz.domain.account import Identity
from ourvidz.domain.catalog import family
from ourvidz.domain.credits import price
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.library import MAX_NAME_CHARS, Character, check_text
from ourvidz.domain.request import MAX_PROMPT_CHARS, Profile
from ourvidz.studio.door import Studio, as_id

_MAX_SEED = 2**63 - 1


def checked(me: Identity, studio: Studio, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they can be kept.

    Raises InvalidRequest for unknown names, wrong types and what no model could make, and
    NotAllowed for a character that is not theirs.
    """
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if name == "character_id":
            kept[name] = None if value is None else character_of(me, studio, value).id
        elif name in _CHECKS:
            kept[name] = _CHECKS[name](name, value)
        else:
            raise InvalidRequest("project", f"has no {str(name)[:40]!r}; leave it out")
    return kept


def character_of(me: Identity, studio: Studio, character_id: Any) -> Character:
    """One of one's own characters."""
    wanted = as_id(character_id)
    for character in studio.records.characters(me):
        if character.id == wanted:
            return character
    raise NotAllowed


def checked_seed(name: str, value: Any) -> int | None:
    """A seed as it came from a browser; None stands for a new one each time."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_SEED:
        raise InvalidRequest(name, "must be a whole number from 0 to 2**63 - 1")
    return value


def _title(name: str, value: Any) -> str:
    return _text(name, value, MAX_NAME_CHARS).strip()


def _prompt(name: str, value: Any) -> str:
    return _text(name, value, MAX_PROMPT_CHARS)


def _maybe_prompt(name: str, value: Any) -> str | None:
    return _prompt(name, value) if value else None


def _text(name: str, value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(name, "must be a text")
    check_text(name, value, longest)
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest(name, "must be true or false")
    return value


def _model(name: str, value: Any) -> str:
    return family(_text(name, value, 64)).name


def _profile(name: str, value: Any) -> str:
    if value not in get_args(Profile):
        raise InvalidRequest(name, "must be fast, balanced or quality")
    return value


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequest(name, "must be a number")
    price(value)
    return float(value)


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "title": _title,
        "prompt": _prompt,
        "enhanced_prompt": _maybe_prompt,
        "use_enhanced": _flag,
        "negative_prompt": _prompt,
        "model": _model,
        "profile": _profile,
        "seconds": _seconds,
        "seed": checked_seed,
    }
)
