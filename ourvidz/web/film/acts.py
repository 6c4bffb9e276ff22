"""What can be done with films, as a browser asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.scene import SHOT_S
from ourvidz.studio import film_orders, films, keyframes
from ourvidz.studio.door import Studio
from ourvidz.web.film.editing import Done, edit, restored, settled
from ourvidz.web.film.view import View, shown
from ourvidz.web.pages.markup import Answer, Press
from ourvidz.web.texts_film import FILMS

_LISTED = "/app/films"


def acted(me: Identity, studio: Studio, press: Press) -> Answer:
    """Do it, and show the page as it is now. An act that is not known only shows it."""
    view = View.of(press.at)
    if press.act in ("begin", "begin_text"):
        return _begun(me, studio, press)
    if view.film is None or press.act == "show":
        return Answer(markup=_shown(me, studio, view))
    if press.act == "delete_film":
        films.delete_film(me, studio, view.film)
        return Answer(markup=shown(me, studio, View(), goto=_LISTED), said=FILMS["film_deleted"])
    done = _done(me, studio, view.film, press)
    # A text that was kept is looked at as cards.
    goto = _LISTED + View(film=view.film).query() if press.act == "text" and done.before else ""
    return Answer(markup=shown(me, studio, view, undo=done.before, goto=goto), said=done.said)


def _shown(me: Identity, studio: Studio, view: View) -> str:
    try:
        return shown(me, studio, view)
    except NotAllowed:
        if view.film is None:
            raise
        return shown(me, studio, View())  # gone, or never theirs


def _begun(me: Identity, studio: Studio, press: Press) -> Answer:
    """A new storyboard: one idea split into scenes, or a text to be written; the idea, if there is
    one, is its first scene.
    """
    idea, length = press.text("idea").strip(), press.text("seconds")
    is_text = press.act == "begin_text" or not idea
    values: dict[str, object] = {}
    if idea:
        is_number = length.isascii() and length.isdigit() and len(length) <= 6
        seconds = SHOT_S if is_text else int(length) if is_number else 0
        scenes = films.split(me, studio, idea, seconds)
        if is_text:  # what they write themselves gets no camera of ours
            scenes = tuple(replace(one, prompt=idea) for one in scenes)
        values = {"title": _title(idea), "scenes": scenes}
    film = films.create_film(me, studio, values).film
    view = View(film=film.id, text=is_text)
    return Answer(markup=shown(me, studio, View(), goto=_LISTED + view.query()))


def _title(idea: str) -> str:
    """The first words."""
    words = " ".join(idea.split())
    return words if len(words) <= 60 else words[:60].rpartition(" ")[0] or words[:60]


def _done(me: Identity, studio: Studio, film_id: UUID, press: Press) -> Done:
    if press.act in _ACTS:
        return Done(said=_ACTS[press.act](_Asked(me, studio, film_id, press)))
    if press.act == "settings":
        return settled(me, studio, film_id, press)
    if press.act == "restore":
        return restored(me, studio, film_id, press)
    return edit(me, studio, film_id, press)


@dataclass(frozen=True)
class _Asked:
    me: Identity
    studio: Studio
    film_id: UUID
    press: Press


def _pictures(asked: _Asked) -> str:
    which = [asked.press.id] if asked.press.id else None
    keyframes.keyframes(asked.me, asked.studio, asked.film_id, which)
    return ""


def _approve(asked: _Asked) -> str:
    which = [asked.press.id] if asked.press.id else None
    keyframes.approve(asked.me, asked.studio, asked.film_id, which)
    return ""


def _take_back(asked: _Asked) -> str:
    keyframes.approve(
        asked.me, asked.studio, asked.film_id, [asked.press.id], approved=False
    )  # fmt: skip
    return ""


def _render(asked: _Asked) -> str:
    film_orders.render_film(asked.me, asked.studio, asked.film_id)
    return FILMS["ordered"]


def _cancel(asked: _Asked) -> str:
    film_orders.cancel_film(asked.me, asked.studio, asked.film_id)
    return FILMS["cancelled"]


def _retry(asked: _Asked) -> str:
    film_orders.retry_film(asked.me, asked.studio, asked.film_id)
    return FILMS["ordered"]


def _take(asked: _Asked) -> str:
    film_orders.take_film(asked.me, asked.studio, asked.film_id)
    return ""


def _redo(asked: _Asked) -> str:
    film_orders.redo_shot(asked.me, asked.studio, asked.film_id, asked.press.id)
    return FILMS["redone"]


_ACTS: Mapping[str, Callable[[_Asked], str]] = MappingProxyType(
    {
        "pictures": _pictures,
        "approve": _approve,
        "take_back": _take_back,
        "render": _render,
        "cancel": _cancel,
        "retry": _retry,
        "take": _take,
        "redo": _redo,
    }
)
