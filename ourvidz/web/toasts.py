"""Words that pop up. Gradio takes them for markup, and some repeat what a person has typed."""

from __future__ import annotations

from html import escape

import gradio as gr


def tell(text: str, *, duration: float = 4) -> None:
    """Show `text`, for `duration` seconds."""
    gr.Info(escape(text, quote=False), title="", duration=duration)


def trouble(text: str) -> gr.Error:
    """What a handler raises to have `text` shown as an error."""
    return gr.Error(escape(text, quote=False), title="", print_exception=False)
