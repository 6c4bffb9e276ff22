"""Where the person is: kept in the address of the page, so that reload and links lead back."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ourvidz.web.widgets import script_of


class Place(gr.HTML):
    """Its value is the query of the address, like "?project=…&step=prompt"; shows nothing.

    As an output it changes the address, which Back then leads away from; as an input it is what
    the address said, to be believed as little as any other. `back` fires when the browser has gone
    back or forward: paint the page again. For it, and for the load event of a page, give
    `js=READ_ADDRESS`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            "",
            html_template="",
            js_on_load="ov.place(element, props, trigger, watch, 'back')",
            head=script_of(),
            apply_default_css=False,
            elem_classes=["ov-nothing"],
            **settings,
        )


READ_ADDRESS = "() => window.location.search"
