"""A page with every component that takes files, as a careless page would have them: for attacks."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.web.events import QUIET
from ourvidz.web.guard import Desk

PATH, TITLE = "files", "Files"

#: What Gradio has for files, and where in its value a file stands.
KINDS = ("File", "UploadButton", "Image", "Video", "Audio", "Gallery", "ImageEditor",
         "MultimodalTextbox", "Model3D", "ImageSlider", "AnnotatedImage", "Chatbot", "Textbox",
         "HTML", "JSON", "DownloadButton")  # fmt: skip


def build(desk: Desk) -> None:
    """One component of each kind; its handler tells what it was given."""
    for kind in KINDS:
        component = getattr(gr, kind)(elem_id=f"file-{kind}")
        button, told = gr.Button(elem_id=f"send-{kind}"), gr.Textbox()

        def tell(me: Identity, value: Any) -> str:
            return repr(value)

        button.click(desk.guard(tell), [component], [told], **QUIET)
