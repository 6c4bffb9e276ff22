"""What people see, behind the gate: the forms, the pages, and what pages fetch."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse

from ourvidz.domain.account import Identity
from ourvidz.ports import SessionStore
from ourvidz.studio.door import Studio
from ourvidz.web.api import Api
from ourvidz.web.cookies import Cookies
from ourvidz.web.entrance import Entrance, Welcome
from ourvidz.web.film_api import FilmApi
from ourvidz.web.first_paint import FirstPaint
from ourvidz.web.gate import Gate
from ourvidz.web.nothing import Nothing
from ourvidz.web.own_account import OwnAccount
from ourvidz.web.sessions import Sessions
from ourvidz.web.static_files import StaticFiles

_STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything behind one address. secret: of it the keys of cookies and sessions are made.

    media_url: where files are shown from when not from here.
    """

    studio: Studio
    store: SessionStore
    secret: bytes = field(repr=False)
    public_url: str
    welcome: Welcome
    media_url: str | None = None

    def open(self, app: FastAPI) -> None:
        """Put it into `app`. Loads Gradio, which takes some seconds."""
        from ourvidz.web.look import write_no_stubs

        write_no_stubs()
        from ourvidz.web.guard import Desk
        from ourvidz.web.pages.admin import ADMIN_PAGES
        from ourvidz.web.studio_app import PAGES, make_blocks, mount, shells

        app.include_router(Entrance(self.studio, self.sessions, self.cookies, self.welcome).router)
        own = OwnAccount(self.studio, self.sessions, self.cookies, self.welcome.outbox)
        app.include_router(own.router)
        app.include_router(Api(self.studio).router)
        app.include_router(FilmApi(self.studio).router)
        app.mount("/static", StaticFiles(), name="static")
        for path, name in (("/favicon.ico", "icon.svg"), ("/robots.txt", "robots.txt"),
                           ("/manifest.json", "manifest.json")):  # fmt: skip
            app.add_api_route(path, _sends(_STATIC / name))
        desk = Desk(studio=self.studio, sessions=self.sessions, cookies=self.cookies)
        office = replace(desk, admin=True)
        mounts = (
            mount(app, make_blocks(desk, PAGES, "OurVidz"), "/app"),
            mount(app, make_blocks(office, ADMIN_PAGES, "OurVidz administration"), "/admin"),
        )
        first = {**shells(PAGES, "/app"), **shells(ADMIN_PAGES, "/admin")}
        app.add_middleware(FirstPaint, shells=first)
        app.add_middleware(
            Gate,
            sessions=self.sessions,
            cookies=self.cookies,
            is_admin=self._is_admin,
            mounts=mounts,
            media_url=self.media_url,
        )
        app.add_middleware(Nothing)
        # With this one in front Gradio sends no cross-origin headers of its own.
        app.add_middleware(CORSMiddleware, allow_origins=[self.public_url], allow_credentials=True)

    @cached_property
    def sessions(self) -> Sessions:
        """Who is signed in."""
        return Sessions(self.studio.auth, self.store, urlsafe_b64encode(self._key("sessions")))

    @cached_property
    def cookies(self) -> Cookies:
        """By https they are bound to this host."""
        return Cookies(key=self._key("age"), secure=self.public_url.startswith("https://"))

    def _is_admin(self, me: Identity) -> bool:
        return self.studio.records.account(me).role == "admin"

    def _key(self, purpose: str) -> bytes:
        return hmac.new(self.secret, purpose.encode(), hashlib.sha256).digest()


def _sends(path: Path) -> Callable[[], FileResponse]:
    def send() -> FileResponse:
        return FileResponse(path)

    return send
