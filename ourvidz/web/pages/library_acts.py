"""What can be done in the library, as its browser asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from ourvidz.domain.account import Identity
from ourvidz.domain.library import Video
from ourvidz.studio import library, orders
from ourvidz.studio.door import Studio
from ourvidz.web.pages.library_view import View, shown
from ourvidz.web.pages.markup import Answer, Press
from ourvidz.web.texts_library import LIBRARY


def acted(me: Identity, studio: Studio, press: Press) -> Answer:
    """Do it, and show the library as it is now. An act that is not known only shows it."""
    said, gone, goto = "", None, ""
    if press.act in _ACTS:
        said = _ACTS[press.act](me, studio, press)
    elif press.act == "delete":
        gone = _deleted(me, studio, press)
    elif press.act == "reuse":
        goto = f"/app/?project={library.reuse(me, studio, press.id).id}"
    view = View.of(press.at)
    return Answer(
        markup=shown(me, studio, view, now=datetime.now(UTC), gone=gone, goto=goto), said=said
    )


def _renamed(me: Identity, studio: Studio, press: Press) -> str:
    library.rename(me, studio, press.id, press.text("title"))
    return LIBRARY["renamed"]


def _undone(me: Identity, studio: Studio, press: Press) -> str:
    library.undo(me, studio, press.id)
    return LIBRARY["undone"]


def _retried(me: Identity, studio: Studio, press: Press) -> str:
    orders.retry(me, studio, press.id)
    return LIBRARY["retried"]


def _put_away(me: Identity, studio: Studio, press: Press) -> str:
    library.put_away(me, studio, press.id)
    return LIBRARY["removed"]


def _deleted(me: Identity, studio: Studio, press: Press) -> Video:
    return library.delete(me, studio, press.id)


_ACTS: Mapping[str, Callable[[Identity, Studio, Press], str]] = MappingProxyType(
    {"rename": _renamed, "undo": _undone, "retry": _retried, "put_away": _put_away}
)
