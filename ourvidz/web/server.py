"""The web app put together, and how it is served: one process, one port."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.domain.errors import OurVidzError
from ourvidz.ports import Administration, Media
from ourvidz.web.door import listen
from ourvidz.web.media import media_router
from ourvidz.web.messages import say, say_internal, say_nothing
from ourvidz.web.site import Site
from ourvidz.web.wire import HEAD_BYTES, Wire
from ourvidz.web.worker_api import worker_router

#: For every answer that does not say otherwise.
_HEADERS = (
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
)


@dataclass(frozen=True, kw_only=True)
class AppParts:
    """What the app is made of. worker_token: None where no remote worker is wanted.

    site: what people see; without it only links, workers and probes are served.
    """

    media: Media
    administration: Administration
    worker_token: str | None = None
    site: Site | None = None


def make_app(parts: AppParts) -> FastAPI:
    """The app: /healthz, files by signed link when they lie here, and the workers' door."""
    app = FastAPI(title="OurVidz", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(_Headers)
    app.add_exception_handler(OurVidzError, say)
    app.add_exception_handler(ClientDisconnect, say_nothing)
    app.add_exception_handler(Exception, say_internal)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process answers; asks no database, so that its outage restarts nothing."""
        return {"status": "ok"}

    if isinstance(parts.media, LocalMedia):
        app.include_router(media_router(parts.media))
    app.include_router(worker_router(parts.media, parts.administration, parts.worker_token))
    if parts.site:
        parts.site.open(app)
    return app


def serve(app: ASGIApp, host: str, port: int, opened: Callable[[], object] = lambda: None) -> None:
    """Serve until SIGINT or SIGTERM; requests in progress get 5 s to end.

    opened: called when the port is open. Raises Unavailable when the port is taken.
    """
    # uvicorn repeats the signal that ended it; ending is what was asked for.
    with listen(host, port) as listener, contextlib.suppress(KeyboardInterrupt):
        opened()
        uvicorn.Server(server_config(app)).run(sockets=[listener])


def server_config(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn runs the app. No access log: the addresses of files hold their signatures."""
    return uvicorn.Config(
        app,
        http=Wire,
        h11_max_incomplete_event_size=HEAD_BYTES,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,  # longer than the pause of a page that follows a job
        log_level="warning",
        lifespan="on",  # Gradio works off its events in a loop that starts with the app
        timeout_graceful_shutdown=5,
    )


class _Headers:
    """Adds the security headers; pure ASGI, so that streams are not held back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
