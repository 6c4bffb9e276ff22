"""Words that pop up. Gradio takes them for markup, and some repeat what a person has typed."""

from __future__ import annotations

import re
from html import escape

import gradio as gr

from ourvidz.domain.errors import InvalidRequest, OurVidzError
from ourvidz.web.texts import FIELDS, SCENE


def tell(text: str, *, duration: float = 4) -> None:
    """Show `text`, for `duration` seconds."""
    gr.Info(escape(text, quote=False), title="", duration=duration)


def trouble(text: str) -> gr.Error:
    """What a handler raises to have `text` shown as an error."""
    return gr.Error(escape(text, quote=False), title="", print_exception=False)


def told(error: OurVidzError) -> str:
    """An error as a page tells it: a field by the name that people see.

    >>> told(InvalidRequest("prompt", "is empty; describe what should be seen"))
    'The text is empty; describe what should be seen.'
    >>> told(InvalidRequest("scenes[1].seconds", "must be 5, 10, 15"))
    'Scene 2: the length must be 5, 10, 15.'
    >>> told(InvalidRequest("line 3", "has no time"))
    'Line 3 has no time.'
    """
    if not isinstance(error, InvalidRequest):
        return str(error)
    scene = re.fullmatch(r"scenes\[(\d+)\]\.(\w+)", error.field)
    field = scene[2] if scene else error.field
    sentence = f"{FIELDS.get(field, field)} {error.reason}."
    if scene:
        return SCENE.format(int(scene[1]) + 1, sentence[:1].lower() + sentence[1:])
    return sentence[:1].upper() + sentence[1:]
