"""One of some, where what there is to choose from may change while the page is open."""

from __future__ import annotations

from typing import Any

import gradio as gr


class Choice(gr.Dropdown):
    """A dropdown whose value is handed on as the browser says it, to be believed as little.

    Gradio refuses what is not among the choices that it remembers; for a page that was open before
    a restart, these are the choices of an empty page, and whatever is pressed there fails.
    """

    is_template = True  # drawn as what it is made of

    def preprocess(self, payload: Any) -> str:
        """The value that was chosen, "" for none."""
        return payload if isinstance(payload, str) else ""
