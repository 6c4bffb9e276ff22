"""A whole page of cards and forms: markup made on the server, one event for all of it."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from ourvidz.web.pages.markup import Press
from ourvidz.web.widgets import script_of


class Board(gr.HTML):
    """As `Cards`, and it tells the page's address and the fields of a form as well.

    Its life is in static/board.js: links with `data-go` change the address without a new page,
    `data-play` becomes a player, `data-job` follows a job, `data-tags` edits a list of words.
    The script puts the markup in: Gradio would change old elements into new ones one by one, and
    what was typed or played in one card would go on in another. What is typed in a `data-keep`
    form, and not sent, comes back with the page in the same tab, where the markup says by
    `data-whose` for whom it was made. script: a file of web/static with more of it, which hears
    "ov-shown" after each answer.
    """

    def __init__(self, value: str = "", *, script: str = "", **settings: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="ov-board"></div>',
            js_on_load="ovBoard(element, props, trigger, watch, 'act')",
            head="".join(script_of(name) for name in ("studio.js", "board.js", script) if name),
            apply_default_css=False,
            **settings,
        )

    def act(self, *given: Any, **settings: Any) -> Any:
        """Tie a handler to what is pressed. The script lets presses wait for one another; Gradio
        would leave out those that come before the answer.
        """
        return self.__getattr__("act")(*given, trigger_mode="multiple", **settings)

    def postprocess(self, value: str | None) -> str | None:
        """Every answer is news to the browser, so that a form which was sent closes."""
        return super().postprocess(f"{value or ''}<!--{time.time_ns()}-->")


def press_of(event: gr.EventData) -> Press:
    """What was pressed."""
    return Press.of(getattr(event, "_data", None))
