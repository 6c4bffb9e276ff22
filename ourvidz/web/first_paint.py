"""The first thing that is seen: where one is, long before Gradio's scripts have come.

Gradio sends an empty page, seventy kilobytes of settings in it, and draws when its scripts are
there. Pages get the bar and a title into that emptiness, taken away when Gradio has drawn its own,
and are compressed.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PLACE = b"<gradio-app"
#: Gone when Gradio's bar is there; what Gradio draws is never waited for longer than that.
_SHELL = """<div id="ov-first" aria-busy="true">{bar}
<main><h1>{title}</h1><div class="ov-frame ov-skeleton"></div></main></div>
<script>(() => {{
  const first = document.getElementById('ov-first');
  const seen = new MutationObserver(() => {{
    if (!document.querySelector('gradio-app #ov-nav header')) return;
    seen.disconnect();
    first.remove();
  }});
  seen.observe(document.body, {{ childList: true, subtree: true }});
}})();</script>
"""


def shell(bar: str, title: str) -> str:
    """What is seen at first. bar: the navigation's markup, whose ids are Gradio's to have.

    >>> 'id="ov-credits"' in shell('<a id="ov-credits">', "Create")
    False
    """
    return _SHELL.format(bar=bar.replace(' id="ov-credits"', ""), title=escape(title))


class FirstPaint:
    """The middleware. shells: what is seen at first, by the page's path without a closing slash."""

    def __init__(self, app: ASGIApp, shells: Mapping[str, str]) -> None:
        self._app = app
        self._shells = {path: text.encode() for path, text in shells.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pages are finished here; everything else passes."""
        shown = self._shells.get(str(scope.get("path")).rstrip("/"))
        if scope["type"] != "http" or scope["method"] != "GET" or shown is None:
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _finishing(send, shown, _takes_gzip(scope)))


def _takes_gzip(scope: Scope) -> bool:
    return "gzip" in Headers(scope=scope).get("accept-encoding", "")


def _finishing(send: Send, shown: bytes, compressed: bool) -> Send:
    start: Message = {}
    body = bytearray()

    async def finish(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        headers = MutableHeaders(scope=start)
        page = bytes(body)
        if headers.get("content-type", "").startswith("text/html"):
            page = page.replace(_PLACE, shown + _PLACE, 1)
            headers.add_vary_header("accept-encoding")
            if compressed:
                page = gzip.compress(page, 5, mtime=0)
                headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(page))
        await send(start)
        await send({"type": "http.response.body", "body": page})

    return finish
