"""What changes an account for good: password, address, export, deletion. Real HTML forms.

Passwords are typed on plain pages only, never into a component of Gradio; each of these forms asks
for the present one again, because a page that was left open must not be enough.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed, OurVidzError
from ourvidz.ports import Tokens
from ourvidz.studio import account
from ourvidz.studio.door import Studio
from ourvidz.web.cookies import Cookies
from ourvidz.web.forms import Forms, Text, ip_of, sentence, status_of
from ourvidz.web.sessions import Sessions
from ourvidz.web.texts_account import ACCOUNT
from ourvidz.web.words import counted

_ACCOUNT = "/app/account"


class OwnAccount:
    """Handlers of /account/…, which the gate opens to signed-in people, and /auth/goodbye.

    outbox: where a laptop's user finds codes that no server sends.
    """

    def __init__(
        self, studio: Studio, sessions: Sessions, cookies: Cookies, outbox: Path | None
    ) -> None:
        self._studio, self._sessions = studio, sessions
        self._cookies, self._outbox = cookies, outbox
        self._page = Forms(ACCOUNT).page

    @property
    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(default_response_class=Response)
        for path, show, take in (
            ("/account/password", self.show_password, self.take_password),
            ("/account/email", self.show_email, self.take_email),
            ("/account/email/confirm", self.show_email, self.confirm_email),
            ("/account/delete", self.show_delete, self.take_delete),
        ):
            router.add_api_route(path, show, methods=["GET"])
            router.add_api_route(path, take, methods=["POST"])
        router.add_api_route("/account/export", self.export, methods=["GET"])
        router.add_api_route("/auth/goodbye", self.goodbye, methods=["GET"])
        return router

    # --- Password ------------------------------------------------------------------------------

    async def show_password(self, request: Request) -> Response:
        """The form."""
        return self._page(request, "own_password", email=_me(request).email)

    async def take_password(
        self, request: Request, current: Text = "", password: Text = ""
    ) -> Response:
        """Change it; every other session ends, and this one gets a new cookie."""

        async def change() -> Response:
            tokens = await self._proved(request, current)
            await self._studio.auth.change_password(tokens, password)
            cookie = await self._sessions.open_only(tokens)
            response = RedirectResponse(f"{_ACCOUNT}?said=password", 303)
            self._cookies.set_session(response, cookie)
            return response

        return await self._tried(request, "own_password", change)

    # --- Address -------------------------------------------------------------------------------

    async def show_email(self, request: Request) -> Response:
        """The form."""
        return self._page(request, "own_email", email=_me(request).email, new_email="")

    async def take_email(
        self, request: Request, new_email: Text = "", current: Text = ""
    ) -> Response:
        """Send a code to the new address; the answer is the same for one that is taken."""

        async def send() -> Response:
            tokens = await self._proved(request, current)
            await self._studio.auth.send_email_change(tokens, new_email)
            return self._page(request, "own_email_code", new_email=new_email, outbox=self._outbox)

        return await self._tried(request, "own_email", send, new_email=new_email)

    async def confirm_email(
        self, request: Request, new_email: Text = "", code: Text = ""
    ) -> Response:
        """Take the new address by the code that was sent there."""

        async def confirm() -> Response:
            tokens = await self._tokens(request)
            changed = await self._studio.auth.confirm_email_change(tokens, new_email, code)
            await self._sessions.replace(self._cookies.session(request) or "", changed)
            return RedirectResponse(f"{_ACCOUNT}?said=email", 303)

        return await self._tried(
            request, "own_email_code", confirm, new_email=new_email, outbox=self._outbox
        )

    # --- Data ----------------------------------------------------------------------------------

    async def export(self, request: Request) -> Response:
        """Everything that is kept about them, as a file."""

        async def made() -> Response:
            kept = await run_in_threadpool(account.export_my_data, _me(request), self._studio)
            text = json.dumps(kept, default=str, ensure_ascii=False, indent=1)
            headers = {"content-disposition": 'attachment; filename="ourvidz-my-data.json"'}
            return Response(text, media_type="application/json", headers=headers)

        return await self._tried(request, "own_export", made)

    async def show_delete(self, request: Request) -> Response:
        """The form."""
        return self._page(request, "own_delete", **await self._lost(request))

    async def take_delete(self, request: Request, password: Text = "", word: Text = "") -> Response:
        """Delete everything, forget the cookie, say goodbye."""
        me, lost = _me(request), await self._lost(request)
        if word.strip().upper() != ACCOUNT["delete_word"]:
            error = ACCOUNT["delete_wrong_word"].format(ACCOUNT["delete_word"])
            return self._page(request, "own_delete", 400, error=error, **lost)

        async def delete() -> Response:
            await self._live(request)
            await account.delete_account(me, self._studio, password)
            self._sessions.forget()
            response = RedirectResponse("/auth/goodbye", 303)
            self._cookies.drop_session(response)
            response.headers["clear-site-data"] = '"cache", "storage"'
            return response

        return await self._tried(request, "own_delete", delete, **lost)

    async def goodbye(self, request: Request) -> Response:
        """The last page."""
        return self._page(request, "goodbye")

    # --- Shared --------------------------------------------------------------------------------

    async def _tried(
        self,
        request: Request,
        form: str,
        act: Callable[[], Awaitable[Response]],
        **values: object,
    ) -> Response:
        """Do it; when it is refused, show the form again with the reason."""
        try:
            return await act()
        except OurVidzError as error:
            shown = {"email": _me(request).email, "error": sentence(error, ACCOUNT)} | values
            return self._page(request, form, status_of(error), **shown)

    async def _proved(self, request: Request, password: str) -> Tokens:
        """This session's tokens, once the password was right; that sign-in ends at once."""
        auth, me = self._studio.auth, _me(request)
        again = await auth.sign_in(me.email, password, ip=ip_of(request))
        await auth.sign_out(again.access_token)
        if again.identity.user_id != me.user_id:
            raise NotAllowed(ACCOUNT["ended"])
        return await self._tokens(request)

    async def _tokens(self, request: Request) -> Tokens:
        tokens = await self._sessions.tokens(self._cookies.session(request))
        if tokens is None or tokens.identity.user_id != _me(request).user_id:
            raise NotAllowed(ACCOUNT["ended"])
        return tokens

    async def _live(self, request: Request) -> None:
        """Raise NotAllowed when the sign-in service has ended this session meanwhile."""
        await self._studio.auth.verify_live((await self._tokens(request)).access_token)

    async def _lost(self, request: Request) -> dict[str, Any]:
        credits = await run_in_threadpool(account.balance, _me(request), self._studio)
        return {"email": _me(request).email, "credits": counted(credits, ACCOUNT["for_credits"])}


def _me(request: Request) -> Identity:
    return request.state.me
