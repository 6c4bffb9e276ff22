"""The way in and out: age, sign-in, sign-up, a new password. Real HTML forms, no script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from ourvidz.domain.errors import InvalidRequest, NotAllowed, OurVidzError, Unavailable
from ourvidz.ports import Tokens
from ourvidz.studio import account
from ourvidz.studio.door import Studio
from ourvidz.web.cookies import Cookies
from ourvidz.web.forms import HOME, Forms, Text, inside, ip_of, sentence, status_of
from ourvidz.web.sessions import Sessions
from ourvidz.web.texts import ENTRANCE


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """What newcomers get. outbox: where a laptop's user finds codes that no server sends."""

    credits: int
    outbox: Path | None = None


class Entrance:
    """Handlers of /, /age and /auth/…; every one answers with a page or a redirect."""

    def __init__(
        self, studio: Studio, sessions: Sessions, cookies: Cookies, welcome: Welcome
    ) -> None:
        self._studio, self._sessions = studio, sessions
        self._cookies, self._welcome = cookies, welcome
        self._page = Forms(ENTRANCE).page

    @property
    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(default_response_class=Response)
        for path, show, take in (
            ("/age", self.show_age, self.take_age),
            ("/auth/sign-in", self.show_sign_in, self.take_sign_in),
            ("/auth/sign-up", self.show_sign_up, self.take_sign_up),
            ("/auth/recover", self.show_recover, self.take_recover),
            ("/auth/new-password", self.show_new_password, self.take_new_password),
        ):
            router.add_api_route(path, show, methods=["GET"])
            router.add_api_route(path, take, methods=["POST"])
        router.add_api_route("/auth/sign-out", self.sign_out, methods=["POST"])
        router.add_api_route("/", lambda: RedirectResponse(HOME, 303), methods=["GET"])
        return router

    # --- Age -----------------------------------------------------------------------------------

    async def show_age(self, request: Request, next: str = HOME) -> Response:
        """Ask."""
        return self._page(request, "age", next=next)

    async def take_age(self, request: Request, answer: Text = "", next: Text = HOME) -> Response:
        """Remember a yes; the account gets it with the next sign-in."""
        if answer != "adult":
            return self._page(request, "too_young", 403)
        response = RedirectResponse(inside(next), 303)
        self._cookies.set_adult(response)
        return response

    # --- In ------------------------------------------------------------------------------------

    async def show_sign_in(self, request: Request, next: str = HOME) -> Response:
        """The form, unless they are in already."""
        if request.state.me is not None:
            return RedirectResponse(inside(next), 303)
        return self._page(request, "sign_in", next=next)

    async def take_sign_in(
        self, request: Request, email: Text = "", password: Text = "", next: Text = HOME
    ) -> Response:
        """Open a session."""
        return await self._let_in(
            request, "sign_in", {"email": email, "next": next},
            lambda: self._studio.auth.sign_in(email, password, ip=ip_of(request)),
        )  # fmt: skip

    async def show_sign_up(self, request: Request, next: str = HOME) -> Response:
        """The form."""
        return self._page(request, "sign_up", next=next)

    async def take_sign_up(
        self, request: Request, email: Text = "", password: Text = "", next: Text = HOME
    ) -> Response:
        """A new account, and in."""
        return await self._let_in(
            request, "sign_up", {"email": email, "next": next},
            lambda: self._studio.auth.sign_up(email, password, ip=ip_of(request)),
        )  # fmt: skip

    async def show_recover(self, request: Request) -> Response:
        """The form that asks for a code."""
        return self._page(request, "recover")

    async def take_recover(self, request: Request, email: Text = "") -> Response:
        """Send a code; the answer is the same whether or not the address is known."""
        try:
            await self._studio.auth.send_recovery(email, ip=ip_of(request))
        except OurVidzError as error:
            said = {"email": email, "error": sentence(error, ENTRANCE)}
            return self._page(request, "recover", status_of(error), **said)
        return self._page(request, "new_password", email=email, outbox=self._welcome.outbox)

    async def show_new_password(self, request: Request) -> Response:
        """The form for a code that was sent."""
        return self._page(request, "new_password", outbox=self._welcome.outbox)

    async def take_new_password(
        self, request: Request, email: Text = "", code: Text = "", password: Text = ""
    ) -> Response:
        """Set it, and in."""
        return await self._let_in(
            request, "new_password", {"email": email, "next": HOME},
            lambda: self._studio.auth.recover(email, code, password, ip=ip_of(request)),
        )  # fmt: skip

    async def sign_out(self, request: Request, everywhere: Text = "") -> Response:
        """End the session here, or all of them."""
        await self._sessions.end(self._cookies.session(request), everywhere=bool(everywhere))
        response = RedirectResponse("/auth/sign-in", 303)
        self._cookies.drop_session(response)
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    # --- Shared ----------------------------------------------------------------------------

    async def _let_in(
        self,
        request: Request,
        form: str,
        values: dict[str, str],
        enter: Callable[[], Awaitable[Tokens]],
    ) -> Response:
        """Run `enter`, note the age, give newcomers their credits, set the cookie, go on."""
        try:
            tokens = await enter()
            await run_in_threadpool(self._received, tokens)
            old = self._cookies.session(request)
            await self._sessions.end(old)  # a cookie from before is not carried into a new account
            # A password that was forgotten may be known to somebody: it ends what they opened.
            is_new = form == "new_password"
            opened = self._sessions.open_only if is_new else self._sessions.open
            cookie = await opened(tokens)
        except (InvalidRequest, NotAllowed, Unavailable) as error:
            return self._page(
                request, form, status_of(error), error=sentence(error, ENTRANCE), **values
            )
        response = RedirectResponse(inside(values["next"]), 303)
        self._cookies.set_session(response, cookie)
        return response

    def _received(self, tokens: Tokens) -> None:
        me, credits = tokens.identity, self._welcome.credits
        account.verify_age(me, self._studio, is_adult=True)  # the gate has asked
        if credits:
            self._studio.administration.add_credits(
                me.user_id, credits, "welcome", f"welcome:{me.user_id}"
            )
