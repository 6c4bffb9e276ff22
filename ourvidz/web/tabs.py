"""Which browser tab belongs to whom: Gradio's session hash is no identity, so it gets an owner."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import Scope

from ourvidz.domain.account import Identity
from ourvidz.web.messages import refused_page

_KEPT, _KEPT_EACH = 20_000, 200
_RELOAD = "Reload the page; nothing is lost."


class Tabs:
    """The first person who uses a session hash owns it; nobody else sees its events or state.

    Who opens many tabs loses their own oldest ones; nobody can push out those of others.
    """

    def __init__(self) -> None:
        self._owners: dict[str, UUID] = {}
        self._mine: OrderedDict[UUID, OrderedDict[str, None]] = OrderedDict()

    def refusal(
        self, scope: Scope, body: bytes, me: Identity, handlers: Collection[int]
    ) -> Response | None:
        """Why this request to Gradio is not handed on, if so. handlers: the numbers there are."""
        named: list[Any] = [*QueryParams(scope["query_string"]).getlist("session_hash")]
        if scope["method"] == "POST":
            said = _said(scope, body)
            if said is None:
                return refused_page(400, _RELOAD)
            number = said.get("fn_index")
            # A page from before an update calls what is not there any more.
            if isinstance(number, bool) or not isinstance(number, int) or number not in handlers:
                return refused_page(404, _RELOAD)
            named.append(said.get("session_hash"))
        if not all(isinstance(tab, str) and 0 < len(tab) <= 100 for tab in named):
            return refused_page(400, _RELOAD)
        if not all([self._owns(me.user_id, tab) for tab in named]):
            return refused_page(403, _RELOAD)
        return None

    def _owns(self, user_id: UUID, tab: str) -> bool:
        """
        >>> tabs, ann, bob = Tabs(), UUID(int=1), UUID(int=2)
        >>> tabs._owns(ann, "x"), tabs._owns(bob, "x"), tabs._owns(bob, "y")
        (True, False, True)
        """
        if self._owners.setdefault(tab, user_id) != user_id:
            return False
        mine = self._mine.setdefault(user_id, OrderedDict())
        mine[tab] = None
        mine.move_to_end(tab)
        self._mine.move_to_end(user_id)
        if len(mine) > _KEPT_EACH:
            del self._owners[mine.popitem(last=False)[0]]
        if len(self._owners) > _KEPT:
            for old in self._mine.popitem(last=False)[1]:
                del self._owners[old]
        return True


def _said(scope: Scope, body: bytes) -> dict[str, Any] | None:
    """The one JSON object that Gradio is going to read as well; None for anything else.

    Gradio takes other spellings of the type for JSON, too: what is not looked into here must not
    be read there.
    """
    if Headers(scope=scope).getlist("content-type") != ["application/json"]:
        return None
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
