"""How pages tie handlers to what happens; keeps Gradio's defaults out that do not suit us."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import gradio as gr
from gradio.context import Context

#: For every event: not listed in a public interface, and no veil over the page.
QUIET: Mapping[str, Any] = MappingProxyType(
    {"api_visibility": "private", "show_progress": "hidden"}
)


def on_load(
    handler: Callable[..., Any],
    inputs: Sequence[gr.components.Component],
    outputs: Sequence[gr.components.Component],
    js: str | None = None,
) -> None:
    """Call a guarded handler when the page being built is opened or reloaded.

    js: a function in the browser whose result is taken instead of the inputs.
    """
    blocks = Context.root_block
    if blocks is None:
        raise RuntimeError("a page is built inside gr.Blocks")
    blocks.load(handler, list(inputs), list(outputs), js=js, **QUIET)
