"""What the pages of the administration share: their bar, and how a board is tied to its view."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
from markupsafe import Markup

from ourvidz.domain.account import Identity
from ourvidz.studio.door import Studio
from ourvidz.web.events import QUIET, on_load
from ourvidz.web.guard import Desk
from ourvidz.web.icons import icon
from ourvidz.web.pages.markup import Answer, Press, render
from ourvidz.web.texts_admin import ADMIN
from ourvidz.web.toasts import tell
from ourvidz.web.widgets.board import Board, press_of
from ourvidz.web.widgets.place import READ_ADDRESS

_LINKS = (("overview", "", "queue"), ("jobs", "jobs", "library"),
          ("people", "people", "characters"), ("figures", "figures", "figures"))  # fmt: skip

#: Does what was pressed and shows the page.
Acted = Callable[[Identity, Studio, Press], Answer]


def bar(path: str) -> None:
    """Put the bar into the page whose PATH this is."""
    links = [(ADMIN[name], f"/admin/{where}", Markup(icon(one)), where == path)
             for name, where, one in _LINKS]  # fmt: skip
    gr.HTML(
        render("admin_bar.html", t=ADMIN, links=links),
        js_on_load=None,
        apply_default_css=False,
        elem_id="ov-nav",
    )


def board(desk: Desk, name: str, title: str, acted: Acted) -> Board:
    """A board that fills the page: by its address when it opens, by what is pressed then."""
    made = Board(loading(title), elem_id=f"adm-{name}")

    def opened(me: Identity, query: str) -> str:
        return acted(me, desk.studio, Press(act="show", at=str(query or ""))).markup

    def pressed(me: Identity, event: gr.EventData) -> str:
        answer = acted(me, desk.studio, press_of(event))
        if answer.said:
            tell(answer.said, duration=10)
        return answer.markup

    on_load(desk.guard(opened), [made], [made], js=READ_ADDRESS)
    made.act(desk.guard(pressed), None, [made], **QUIET)
    return made


def loading(title: str) -> str:
    """What is shown before the first answer."""
    return render("admin_loading.html", t=ADMIN, title=title)
