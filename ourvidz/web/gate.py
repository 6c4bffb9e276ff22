"""In front of everything: who may come in where.

Pure ASGI, so that answers are neither held back nor copied. In this order: no other site's request
changes anything; nothing is larger than agreed; grown-ups only; signed-in people only, and nobody
without end; admins only below /admin; of Gradio's own routes only those that its pages use;
nothing comes in more slowly than agreed; a browser tab is its owner's. What may leave is decided
in `leaving`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed, Unavailable
from ourvidz.web.cookies import Cookies
from ourvidz.web.leaving import cleaned, policy
from ourvidz.web.messages import answer_to, refused, refused_page
from ourvidz.web.pace import Pace
from ourvidz.web.sessions import Sessions
from ourvidz.web.tabs import Tabs

_LOG = logging.getLogger(__name__)

#: Reached by everyone: what the gate's own pages and probes need.
_OPEN = ("/age", "/static/", "/healthz", "/favicon.ico", "/manifest.json", "/robots.txt")
#: Reached without a session, but not without an age.
_VISITORS = ("/auth/",)
#: These bring signatures of their own and no cookie.
_SIGNED = ("/m/", "/tus/", "/api/worker/")

#: What Gradio's pages fetch beside themselves. The rest answers as if it were not there: it runs
#: functions, reads files and takes uploads that no page of ours needs.
_GRADIO = frozenset(
    {"gradio_api/queue/join", "gradio_api/queue/data", "gradio_api/app_id", "theme.css"}
)
_GRADIO_FILES = ("assets/", "static/")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEAD_BYTES, _BODY_BYTES, _BODY_S = 32 * 2**10, 256 * 2**10, 20.0


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """One mount of Gradio: its path, the pages below it, and the numbers of their handlers."""

    path: str
    pages: Collection[str]
    handlers: Collection[int]

    def serves(self, path: str) -> bool:
        """Whether its pages use that route.

        >>> app = Mounted(path="/app", pages={"", "library"}, handlers=())
        >>> [app.serves(f"/app/{inner}") for inner in (
        ...     "library", "gradio_api/queue/join", "gradio_api/file=/etc/passwd", "config")]
        [True, True, False, False]
        """
        inner = path[len(self.path) :].strip("/")
        return inner in self.pages or inner in _GRADIO or inner.startswith(_GRADIO_FILES)


class Gate:
    """The middleware. The app finds who asks in `request.state.me`: an Identity, or None.

    mounts: where Gradio is; admin: the mount that only admins see, to others it is not there.
    media_url: where files are shown from when not from here.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: Sessions,
        cookies: Cookies,
        is_admin: Callable[[Identity], bool],
        mounts: Sequence[Mounted],
        admin: str = "/admin",
        media_url: str | None = None,
    ) -> None:
        self._app, self._sessions, self._cookies = app, sessions, cookies
        self._is_admin, self._mounts, self._admin = is_admin, mounts, admin
        self._policy = policy(media_url)
        self._tabs = Tabs()
        # A first page is some seventy requests and five events.
        self._requests, self._events = Pace(600, 60.0), Pace(40, 4.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse here, or hand on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        path = str(scope["path"])
        request.state.me = None
        if path.startswith(_SIGNED):
            await self._app(scope, receive, send)
            return
        refusal = _foreign(scope) or _too_large(scope)
        try:
            refusal = refusal or await self._stranger(request, path)
        except Unavailable as error:  # out here nobody else catches it
            _LOG.warning("nobody can be recognised: %s", error)
            in_page = "/gradio_api/" in path
            refusal = refused_page(503, str(error)) if in_page else answer_to(error)
        if refusal is None:
            refusal, receive = await self._heard(request, path, receive)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, cleaned(send, path, self._policy))

    async def _stranger(self, request: HTTPConnection, path: str) -> Response | None:
        """Who may not come in here is sent to where they can, or told that nothing is here."""
        if path.startswith(_OPEN):
            return None
        if not self._cookies.is_adult(request):
            return _ask(request, "/age")
        me = await self._sessions.identify(self._cookies.session(request))
        request.state.me = me
        if path.startswith(_VISITORS):
            return None
        if me is None:
            return _ask(request, "/auth/sign-in")
        if not self._requests.allows(me.user_id):
            return _too_often()
        mount = self._mount(path)
        is_hidden = mount is not None and not mount.serves(path)
        if is_hidden or not await self._may_see(me, path):
            return refused(404, "NotAllowed", "There is nothing here.")
        return None

    async def _may_see(self, me: Identity, path: str) -> bool:
        if not _is_below(path, self._admin):
            return True
        try:
            return await run_in_threadpool(self._is_admin, me)
        except NotAllowed:
            return False

    async def _heard(
        self, request: HTTPConnection, path: str, receive: Receive
    ) -> tuple[Response | None, Receive]:
        """A refusal of what comes too slowly or is not for Gradio; and how to hear it again."""
        scope, body = request.scope, b""
        if scope["method"] not in _SAFE:
            try:
                async with asyncio.timeout(_BODY_S):
                    body = await _whole(receive)
            except (TimeoutError, ClientDisconnect):
                text = "The request took too long to come in; send it again."
                return _refused(scope, 408, "InvalidRequest", text), receive
            receive = _again(body, receive)
        me, mount = request.state.me, self._mount(path)
        if me is None or mount is None:
            return None, receive
        if body and not self._events.allows(me.user_id):
            return _too_often(), receive
        return self._tabs.refusal(scope, body, me, mount.handlers), receive

    def _mount(self, path: str) -> Mounted | None:
        return next((one for one in self._mounts if _is_below(path, one.path)), None)


def _is_below(path: str, mount: str) -> bool:
    return path == mount or path.startswith(f"{mount}/")


def _foreign(scope: Scope) -> Response | None:
    """Whether another site makes this browser change something here."""
    headers = Headers(scope=scope)
    if scope["method"] in _SAFE:
        return None
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_ours = site in (None, "same-origin", "none")
    if origin is not None:
        is_ours = is_ours and origin.partition("://")[2] == headers.get("host")
    if is_ours and (site or origin):
        return None
    text = "This came from another site. Open OurVidz and do it there."
    return _refused(scope, 403, "NotAllowed", text)


def _too_large(scope: Scope) -> Response | None:
    """Whether the head is too long, or a body has no length or too much of it."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEAD_BYTES:
        text = "The head is too long; delete this site's cookies."
        return _refused(scope, 431, "InvalidRequest", text)
    if scope["method"] in _SAFE:
        return None
    headers = Headers(scope=scope)
    length = headers.get("content-length")
    # With both, the encoding would count and the length would not.
    if length is None or not length.isdecimal() or "transfer-encoding" in headers:
        return _refused(scope, 411, "InvalidRequest", "The request must say how long it is.")
    if int(length) > _BODY_BYTES:
        text = f"This is too large: {_BODY_BYTES // 2**10} KB are allowed. Make it shorter."
        return _refused(scope, 413, "InvalidRequest", text)
    return None


def _refused(scope: Scope, status: int, family: str, text: str) -> Response:
    """An error for programs; for Gradio's pages, which show the first words they find."""
    in_page = "/gradio_api/" in str(scope["path"])
    return refused_page(status, text) if in_page else refused(status, family, text)


def _too_often() -> Response:
    answer = refused_page(429, "That was too often. Wait a few seconds.")
    answer.headers["retry-after"] = "5"
    return answer


def _ask(request: HTTPConnection, where: str) -> Response:
    """To a page: the form that lets them in, and back afterwards. To a script: a plain no."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if request.scope["method"] not in ("GET", "HEAD") or not wants_page:
        text = "Please sign in again; nothing is lost. Reload the page."
        in_page = "/gradio_api/" in request.url.path
        return refused_page(401, text) if in_page else refused(401, "NotAllowed", text)
    path, query = request.url.path, request.url.query
    after = quote(path + (f"?{query}" if query else ""), safe="/")
    headers = {"cache-control": "no-store"}
    return RedirectResponse(f"{where}?next={after}", status_code=303, headers=headers)


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
