"""A page for people where programs are told in JSON that there is nothing, or not now."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ourvidz.web.forms import HOME, Forms
from ourvidz.web.texts import ENTRANCE

_NOTHING, _NOT_NOW = (403, 404), (429, 503)


class Nothing:
    """The middleware: who goes with a browser to an address without anything sees a page, and so
    does who meets a server that is busy or away.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._forms = app, Forms(ENTRANCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything passes but a refusal in JSON that a person would read."""
        if scope["type"] != "http" or not _is_for_people(scope):
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def shown(message: Message) -> None:
            nonlocal is_replaced
            name = _page_for(message, scope) if message["type"] == "http.response.start" else ""
            if name:
                is_replaced = True
                on = _on(scope) if name == "not_now" else HOME
                page = self._forms.page(Request(scope), name, message["status"], next=on)
                await page(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, shown)


def _is_for_people(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _page_for(message: Message, scope: Scope) -> str:
    """Which page says what this answer says, "" for an answer that passes."""
    kind = Headers(raw=message["headers"]).get("content-type", "")
    if not kind.startswith("application/json"):
        return ""
    if message["status"] in _NOT_NOW:
        return "not_now"
    return "nothing" if message["status"] in _NOTHING and scope["method"] == "GET" else ""


def _on(scope: Scope) -> str:
    """Where the page leads: what was asked for once more, where that can be asked for again."""
    wanted = Request(scope).url
    is_page = scope["method"] == "GET" and wanted.path.startswith(("/app", "/admin", "/account"))
    return wanted.path + (f"?{wanted.query}" if wanted.query else "") if is_page else HOME
