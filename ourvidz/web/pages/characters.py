"""Characters: who stays the same from video to video."""

from __future__ import annotations

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.web import nav
from ourvidz.web.events import QUIET, on_load
from ourvidz.web.guard import Desk
from ourvidz.web.pages.characters_view import acted, loading
from ourvidz.web.pages.markup import Press
from ourvidz.web.toasts import tell
from ourvidz.web.widgets.board import Board, press_of

PATH, TITLE = "characters", "Characters"


def build(desk: Desk) -> None:
    """The page."""
    nav.bar(desk, PATH)
    board = Board(loading(), elem_id="ov-characters")

    def opened(me: Identity) -> str:
        return acted(me, desk.studio, Press(act="show")).markup

    def pressed(me: Identity, event: gr.EventData) -> str:
        answer = acted(me, desk.studio, press_of(event))
        if answer.said:
            tell(answer.said)
        return answer.markup

    on_load(desk.guard(opened), [], [board])
    board.act(desk.guard(pressed), None, [board], **QUIET)
