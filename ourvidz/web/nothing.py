"""A page for people where programs are told in JSON that there is nothing."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ourvidz.web.forms import Forms
from ourvidz.web.texts import ENTRANCE

_NOTHING = (403, 404)


class Nothing:
    """The middleware: who goes to an address without anything, with a browser, sees a page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._forms = app, Forms(ENTRANCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything passes but a refusal in JSON that a person would read."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _is_for_people(scope):
            await self._app(scope, receive, send)
            return
        is_replaced = False

        async def shown(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and _is_nothing(message):
                is_replaced = True
                page = self._forms.page(Request(scope), "nothing", message["status"])
                await page(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, shown)


def _is_for_people(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _is_nothing(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type", "")
    return message["status"] in _NOTHING and kind.startswith("application/json")
