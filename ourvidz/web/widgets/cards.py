"""A list of anything with buttons in it: markup made on the server, one event for all of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ourvidz.web.widgets import script_of


class Cards(gr.HTML):
    """Shows HTML that Python has made, and tells which of its buttons was pressed.

        cards = Cards(elem_id="ov-videos")
        cards.act(desk.guard(acted), [place, cards], [cards], **QUIET)

        def acted(me, where, shown, event: gr.EventData):
            act, item = pressed(event)          # whatever the browser claims: check both

    The value is a string of HTML in which every text of a user has gone through `html.escape`.
    A button is `<button data-act="delete" data-id="…">`; with `data-ask="Really?"` the browser
    asks first. After an update the focus stays on the button with the same act and id.
    """

    def __init__(self, value: str = "", **settings: Any) -> None:
        super().__init__(
            value,
            js_on_load="ov.cards(element, trigger, 'act')",
            head=script_of(),
            apply_default_css=False,
            **settings,
        )


def pressed(event: gr.EventData) -> tuple[str, str]:
    """(act, id) of the button, as two short strings; nothing about them is to be believed."""
    said: Any = getattr(event, "_data", None)
    values: dict[str, Any] = said if isinstance(said, dict) else {}
    return str(values.get("act") or "")[:40], str(values.get("id") or "")[:300]
