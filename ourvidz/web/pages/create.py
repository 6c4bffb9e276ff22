"""Create: from an idea to a video."""

from __future__ import annotations

import gradio as gr

from ourvidz.web import nav
from ourvidz.web.guard import Desk

PATH, TITLE = "", "Create"


def build(desk: Desk) -> None:
    """The page."""
    nav.bar(desk, PATH)
    gr.HTML("<h1>Create</h1>")
