"""The bar that leads from page to page and shows what can be spent."""

from __future__ import annotations

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.studio import account
from ourvidz.studio.door import Studio
from ourvidz.web.events import on_load
from ourvidz.web.guard import Desk
from ourvidz.web.icons import icon
from ourvidz.web.texts_create import NAV

#: Paths below /app/ in the order they stand there, by the name of their icon and text.
_LINKS = (("create", ""), ("films", "films"), ("library", "library"),
          ("characters", "characters"), ("account", "account"))  # fmt: skip


def bar(desk: Desk, path: str) -> gr.HTML:
    """Put the bar into the page whose PATH this is: the first line of every `build`.

    Where a handler has spent or got back credits, return `shown(me, desk.studio, PATH)` to it.
    """
    made = gr.HTML(markup(path), js_on_load=None, apply_default_css=False, elem_id="ov-nav")

    def fill(me: Identity) -> str:
        return shown(me, desk.studio, path)

    on_load(desk.guard(fill), [], [made])
    return made


def shown(me: Identity, studio: Studio, path: str) -> str:
    """The bar with this person's balance."""
    return markup(path, account.balance(me, studio))


def markup(path: str, credits: int | None = None) -> str:
    """The bar as HTML; credits: None while they are not known.

    >>> 'aria-current="page"' in markup("library"), "3" in markup("", 3)
    (True, True)
    """
    links = "".join(
        f'<li><a href="/app/{where}"{_CURRENT if where == path else ""}>{icon(name)}'
        f"<span>{NAV[name]}</span></a></li>"
        for name, where in _LINKS
    )
    have = (
        "" if credits is None else NAV["balance_one" if credits == 1 else "balance"].format(credits)
    )
    return (
        f'<header class="ov-top"><a class="ov-brand" href="/app/">'
        f'<img src="/static/icon.svg" alt="" width="32" height="32"><span>{NAV["product"]}</span>'
        f'</a><a class="ov-balance" href="/app/account" id="ov-credits">{icon("credits")}'
        f"<span>{have or '…'}</span></a></header>"
        f'<nav class="ov-nav" aria-label="{NAV["label"]}"><ul>{links}</ul></nav>'
    )


_CURRENT = ' aria-current="page"'
