"""Parts of pages that Gradio does not have: their markup is made here, their life in studio.js."""

from __future__ import annotations

from ourvidz.web.static_files import versioned


def script_of(name: str = "studio.js") -> str:
    """A file of web/static for the `head` of a widget that uses it.

    Gradio then waits for the script before it starts the widget, which it does not for a script in
    the head of the page. With its version, so that no browser runs the one of before an update
    with the pages of after it.

    >>> script_of()[:32]
    '<script src="/static/studio.js?v'
    """
    return f'<script src="{versioned(name)}"></script>'
