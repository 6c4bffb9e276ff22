"""Films: a storyboard is written, looked at, and made into a film."""

from __future__ import annotations

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.web import nav
from ourvidz.web.events import QUIET, on_load
from ourvidz.web.film.acts import acted
from ourvidz.web.guard import Desk
from ourvidz.web.pages.markup import Press, render
from ourvidz.web.texts_film import FILMS
from ourvidz.web.toasts import tell
from ourvidz.web.widgets.board import Board, press_of
from ourvidz.web.widgets.place import READ_ADDRESS

PATH, TITLE = "films", "Films"


def build(desk: Desk) -> None:
    """The page."""
    bar = nav.bar(desk, PATH)
    board = Board(render("library_loading.html", t=FILMS), script="film.js", elem_id="ov-films")

    def opened(me: Identity, query: str) -> str:
        return acted(me, desk.studio, Press(act="show", at=str(query or ""))).markup

    def pressed(me: Identity, event: gr.EventData) -> tuple[str, str]:
        answer = acted(me, desk.studio, press_of(event))
        if answer.said:
            tell(answer.said)
        return answer.markup, nav.shown(me, desk.studio, PATH)

    on_load(desk.guard(opened), [board], [board], js=READ_ADDRESS)
    board.act(desk.guard(pressed), None, [board, bar], **QUIET)
