"""How to take one cure out of this process. Each entry undoes what one line of the product does.

Only `nursery` calls these, in a process that is forked for it. They say what a careless version of
the product would do, so that an attack can be seen to succeed there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from tests.site import weakened_files

HEADER = "x-i-am"


def _origin() -> None:
    """A browser's request counts, whoever made the browser send it."""
    from ourvidz.web import gate

    gate._foreign = lambda scope: None


def _size() -> None:
    """Bodies and heads of any size."""
    from ourvidz.web import gate

    gate._too_large = lambda scope: None


def _patience() -> None:
    """Who sends slowly is waited for."""
    from ourvidz.web import gate, wire

    gate._BODY_S = wire.HEAD_S = 3600.0


def _hasty() -> None:
    """Not a cure taken out: the same, with times that a test can wait for."""
    from ourvidz.web import gate, wire

    gate._BODY_S = wire.HEAD_S = 0.5


def _pace() -> None:
    """As often as one likes."""
    from ourvidz.web.pace import Pace

    Pace.allows = lambda self, who: True  # type: ignore[method-assign]


def _tabs() -> None:
    """A session hash is an identity."""
    from ourvidz.web.tabs import Tabs

    Tabs._owns = lambda self, user_id, tab: True  # type: ignore[method-assign]


def _types() -> None:
    """JSON is looked into when it is called so in the usual way, and anything else let through."""
    import json

    from ourvidz.web import tabs

    strict = tabs._said

    def said(scope: Any, body: bytes) -> dict[str, Any] | None:
        kind = dict(scope["headers"]).get(b"content-type", b"")
        if kind.startswith(b"application/json"):
            json.loads(body)
            return strict(scope, body)
        return {"fn_index": json.loads(body).get("fn_index"), "session_hash": "any"}

    tabs._said = said


def _numbers() -> None:
    """Any number may name a handler."""
    _mounting(lambda blocks, mounted: replace(mounted, handlers=range(-(10**6), 10**6)))


def _routes() -> None:
    """All of Gradio's routes."""
    from ourvidz.web.gate import Mounted

    Mounted.serves = lambda self, path: True  # type: ignore[method-assign]


def _launched() -> None:
    """A mounted app as Gradio leaves it."""

    def unlaunch(blocks: Any, mounted: Any) -> Any:
        blocks.has_launched = False
        return mounted

    _mounting(unlaunch)


def _files() -> None:
    """Not a cure taken out: one page more, with everything that takes files."""
    from ourvidz.web import studio_app
    from tests.site import filepage

    studio_app.PAGES = (*studio_app.PAGES, filepage)


def _echo() -> None:
    """What Gradio answers is passed on as it is."""
    from ourvidz.web import leaving

    leaving._ECHOED = ()


def _cors() -> None:
    """Gradio decides who may read across origins."""
    from ourvidz.web import site

    class Nothing:
        def __init__(self, app: Any, **settings: Any) -> None:
            self._app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self._app(scope, receive, send)

    site.CORSMiddleware = Nothing  # type: ignore[misc, assignment]


def _door() -> None:
    """Everybody may come in."""
    from ourvidz.web.gate import Gate

    async def come_in(self: Any, request: Any, path: str) -> None:
        request.state.me = await self._sessions.identify(self._cookies.session(request))

    Gate._stranger = come_in  # type: ignore[method-assign]


def _guard() -> None:
    """A handler believes who the browser says it is."""
    from ourvidz.domain.account import Identity
    from ourvidz.web.guard import Desk

    def believed(self: Any, request: Any) -> Identity:
        user_id = UUID(request.request.headers[HEADER])
        claims = {"sub": str(user_id), "role": "authenticated", "exp": 2**40}
        return Identity(user_id=user_id, email="", session_id="", claims=claims)

    Desk._person = believed  # type: ignore[method-assign]


def _name() -> None:
    """Gradio is told that somebody is there."""
    from ourvidz.web import studio_app

    studio_app._name = lambda state: "somebody"


def _office() -> None:
    """The office is not locked."""
    from ourvidz.web.gate import Gate

    async def open_to_all(self: Any, me: Any, path: str) -> bool:
        return True

    Gate._may_see = open_to_all  # type: ignore[method-assign]


def _clerk() -> None:
    """Handlers of the office do not ask who is an admin."""
    from ourvidz.web.guard import Desk

    def signed_in(self: Any, request: Any) -> Any:
        return self.sessions.now(self.cookies.session(request.request))

    Desk._person = signed_in  # type: ignore[method-assign]


def _books() -> None:
    """The studio serves whoever asks for what is the operator's."""
    from ourvidz.studio import admin

    admin._admit = lambda me, studio, *, writes=False: None


def _rows() -> None:
    """The database is asked as the app, not as the person."""
    from ourvidz.backends.postgres.connection import Database

    real = Database.transaction

    def transaction(self: Any, claims: Mapping[str, Any]) -> Any:
        return real(self, {**claims, "role": "service_role"})

    Database.transaction = transaction  # type: ignore[method-assign, assignment]


def _links() -> None:
    """Links are not signed."""
    from ourvidz.backends.embedded.links import Link, Signer

    Signer.read = lambda self, right, key, query: Link(  # type: ignore[method-assign]
        right=right, key=key, expires=2**40, content_type="image/png", limit_bytes=2**20
    )


def _keys() -> None:
    """The name of a file is a path."""
    from ourvidz.backends.embedded.shelf import Shelf

    Shelf.path = lambda self, key: self._root / key  # type: ignore[method-assign]


def _escape() -> None:
    """Words of users are markup."""
    from jinja2 import Environment

    from ourvidz.web import toasts
    from ourvidz.web.create import idea, words
    from ourvidz.web.pages import markup

    idea.escape = words.escape = toasts.escape = lambda text, **_: text  # type: ignore[assignment]
    markup.Environment = lambda **settings: Environment(**{**settings, "autoescape": False})  # type: ignore[assignment, misc]
    markup._templates.cache_clear()


def _forms() -> None:
    """What was typed into a form is shown again as markup."""
    from ourvidz.web.forms import Forms

    real = Forms.__init__

    def made(self: Any, texts: Any) -> None:
        real(self, texts)
        self._pages.env.autoescape = False

    Forms.__init__ = made  # type: ignore[method-assign]


def _inside() -> None:
    """After a form one goes on to wherever the address says."""
    from ourvidz.web import entrance, forms

    forms.inside = entrance.inside = lambda address: address


def _cookies() -> None:
    """Cookies as the framework reads them."""
    from ourvidz.web.cookies import Cookies

    Cookies._sent = lambda self, request, what: request.cookies.get(self._name(what))  # type: ignore[method-assign]


def _age() -> None:
    """An age needs no signature of ours."""
    from ourvidz.web.cookies import Cookies

    Cookies._signed = lambda self, until: "00"  # type: ignore[method-assign]


def _ending() -> None:
    """Signing out deletes the cookie, which is the browser's business."""
    from ourvidz.web.sessions import Sessions

    async def end(self: Any, cookie: Any, *, everywhere: bool = False) -> None:
        return None

    Sessions.end = end  # type: ignore[method-assign]


def _headers() -> None:
    """Answers without security headers."""
    from ourvidz.web import leaving, server

    server._HEADERS, leaving._CSP = (), "default-src *"


def _mounting(change: Callable[[Any, Any], Any]) -> None:
    """Mount as always, then change the result."""
    from ourvidz.web import studio_app

    real = studio_app.mount

    def mount(app: Any, blocks: Any, path: str) -> Any:
        return change(blocks, real(app, blocks, path))

    studio_app.mount = mount


_ACTS = (
    _age, _books, _cookies, _clerk, _cors, _door, _echo, _ending, _escape, _files, _forms,
    _guard, _hasty, _headers, _inside, _keys, _launched, _links, _name, _numbers, _office,
    _origin, _pace, _patience, _routes, _rows, _size, _tabs, _types,
)  # fmt: skip
WEAKENED: Mapping[str, Callable[[], None]] = MappingProxyType(
    {act.__name__.strip("_"): act for act in (*_ACTS, *weakened_files.ACTS)}
)
