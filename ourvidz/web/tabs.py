"""Which browser tab belongs to whom: Gradio's session hash is no identity, so it gets an owner."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from uuid import UUID

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from ourvidz.domain.account import Identity
from ourvidz.web.messages import refused_page

_KEPT = 20_000
_IN_PATH = re.compile(r"/heartbeat/([^/?]+)")


class Tabs:
    """The first person who uses a session hash owns it; nobody else sees its events or state."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, UUID] = OrderedDict()

    async def checked(
        self, scope: Scope, receive: Receive, me: Identity | None
    ) -> tuple[Response | None, Receive]:
        """A refusal, or None; and how to receive the body, part of which may have been read."""
        body, receive = await _peeked(scope, receive)
        for tab in _tabs_named(scope, body):
            if me is None or not self._owns(me.user_id, tab):
                return refused_page(403, "Reload the page; nothing is lost."), receive
        return None, receive

    def _owns(self, user_id: UUID, tab: str) -> bool:
        """
        >>> tabs, ann, bob = Tabs(), UUID(int=1), UUID(int=2)
        >>> tabs._owns(ann, "x"), tabs._owns(bob, "x"), tabs._owns(bob, "y")
        (True, False, True)
        """
        owner = self._owners.setdefault(tab, user_id)
        self._owners.move_to_end(tab)
        if len(self._owners) > _KEPT:
            self._owners.popitem(last=False)
        return owner == user_id


async def _peeked(scope: Scope, receive: Receive) -> tuple[bytes, Receive]:
    """The body of a JSON request, which the gate has found short, and a receive that repeats it."""
    content_type = dict(scope["headers"]).get(b"content-type", b"")
    if scope["method"] != "POST" or not content_type.startswith(b"application/json"):
        return b"", receive
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return body, again


def _tabs_named(scope: Scope, body: bytes) -> list[str]:
    request = HTTPConnection(scope)
    named = request.query_params.getlist("session_hash") + _IN_PATH.findall(str(scope["path"]))
    try:
        said = json.loads(body) if body else {}
    except ValueError:
        said = {}
    if isinstance(said, dict) and isinstance(tab := said.get("session_hash"), str):
        named.append(tab)
    return [tab[:200] for tab in named]
