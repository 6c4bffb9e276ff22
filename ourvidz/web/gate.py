"""In front of everything: who may come in where, and what may leave.

Pure ASGI, so that streams are neither held back nor copied. In this order: no other site's request
changes anything; nothing is larger than agreed; grown-ups only; signed-in people only; admins
only below /admin; of Gradio's own routes only those that its pages use.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.web.cookies import Cookies
from ourvidz.web.messages import refused, refused_page
from ourvidz.web.sessions import Sessions
from ourvidz.web.tabs import Tabs

#: Reached by everyone: what the gate's own pages and probes need.
_OPEN = ("/age", "/static/", "/healthz", "/favicon.ico", "/manifest.json", "/robots.txt")
#: Reached without a session, but not without an age.
_VISITORS = ("/auth/",)
#: These bring signatures of their own and no cookie.
_SIGNED = ("/m/", "/tus/", "/api/worker/")

#: What Gradio's pages call, below /gradio_api/. The rest answers as if it were not there.
_GRADIO = (
    "queue/join", "queue/data", "heartbeat/", "startup-events", "upload", "upload_progress",
    "file=", "run/predict", "cancel", "theme.css", "app_id", "reset", "component_server",
)  # fmt: skip
_HIDDEN = ("config", "info", "monitoring", "api", "openapi.json", "docs", "login", "token", "user")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BODY_BYTES, _UPLOAD_BYTES = 256 * 2**10, 13 * 2**20

#: Request headers that Gradio's file route echoes: a script could read the session cookie there.
_ECHOED = ("cookie", "authorization", "host", "user-agent", "x-forwarded-for", "origin", "referer")

#: Gradio needs inline scripts and `new Function`; so nothing may be fetched from or sent to anyone.
#: media: where pictures and films lie, when they do not lie here.
_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: {media}; "
    "media-src 'self' blob: {media}; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; base-uri 'self'"
)


class Gate:
    """The middleware. The app finds who asks in `request.state.me`: an Identity, or None.

    apps: where Gradio is mounted; admin: the mount that only admins see, to others it is not
    there. media_url: where files are shown from when not from here.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sessions: Sessions,
        cookies: Cookies,
        is_admin: Callable[[Identity], bool],
        apps: tuple[str, ...] = ("/app", "/admin"),
        admin: str = "/admin",
        media_url: str | None = None,
    ) -> None:
        self._app, self._sessions, self._cookies = app, sessions, cookies
        self._is_admin, self._apps, self._admin = is_admin, apps, admin
        self._policy = _CSP.format(media=media_url or "")
        self._tabs = Tabs()

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
        refusal = _foreign(scope) or _too_large(scope) or await self._stranger(request, path)
        if refusal is None and self._in_apps(path):
            refusal, receive = await self._tabs.checked(scope, receive, request.state.me)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _cleaning(send, path, self._policy))

    async def _stranger(self, request: HTTPConnection, path: str) -> Response | None:
        """Who may not come in here is sent to where they can, or told that nothing is here."""
        if path.startswith(_OPEN):
            return None
        if not self._cookies.is_adult(request):
            return _ask(request, "/age")
        request.state.me = await self._sessions.identify(self._cookies.session(request))
        if path.startswith(_VISITORS):
            return None
        if request.state.me is None:
            return _ask(request, "/auth/sign-in")
        is_hidden = self._in_apps(path) and not _used_by_gradio(path, self._apps)
        if is_hidden or not await self._may_see(request.state.me, path):
            return refused(404, "NotAllowed", "There is nothing here.")
        return None

    async def _may_see(self, me: Identity, path: str) -> bool:
        if not _is_below(path, self._admin):
            return True
        try:
            return await run_in_threadpool(self._is_admin, me)
        except NotAllowed:
            return False

    def _in_apps(self, path: str) -> bool:
        return any(_is_below(path, app) for app in self._apps)


def _is_below(path: str, mount: str) -> bool:
    return path == mount or path.startswith(f"{mount}/")


def _used_by_gradio(path: str, apps: tuple[str, ...]) -> bool:
    """Whether its pages use that route.

    >>> [_used_by_gradio(path, ("/app",)) for path in (
    ...     "/app/library", "/app/gradio_api/queue/join", "/app/gradio_api/call/x", "/app/config")]
    [True, True, False, False]
    """
    inner = next(path[len(app) :].lstrip("/") for app in apps if _is_below(path, app))
    if inner.startswith("gradio_api/"):
        return inner.removeprefix("gradio_api/").startswith(_GRADIO)
    return inner.partition("/")[0].partition("?")[0] not in _HIDDEN and "proxy=" not in inner


def _foreign(scope: Scope) -> Response | None:
    """Whether another site makes this browser change something here."""
    headers = Headers(scope=scope)
    if scope["method"] in _SAFE:
        return None
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_ours = site in (None, "same-origin", "none")
    if origin is not None:
        is_ours = is_ours and urlsplit(origin).netloc == headers.get("host")
    if is_ours and (site or origin):
        return None
    return refused(403, "NotAllowed", "This came from another site. Open OurVidz and do it there.")


def _too_large(scope: Scope) -> Response | None:
    """Whether a body has no length, or more than its route takes."""
    if scope["method"] in _SAFE:
        return None
    length = Headers(scope=scope).get("content-length")
    if length is None or not length.isdecimal():
        return refused(411, "InvalidRequest", "The request must say how long it is.")
    most = _UPLOAD_BYTES if str(scope["path"]).endswith("/gradio_api/upload") else _BODY_BYTES
    if int(length) > most:
        return refused(413, "InvalidRequest", f"This is too large; {most // 2**10} KB are allowed.")
    return None


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


def _cleaning(send: Send, path: str, policy: str) -> Send:
    async def cleaned(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in _ECHOED:
                del headers[name]
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
                headers.setdefault("content-security-policy", policy)
            elif path.startswith("/static/"):
                headers["cache-control"] = "public, max-age=3600"
            elif "/assets/" in path:
                headers["cache-control"] = "public, max-age=31536000, immutable"
        await send(message)

    return cleaned
