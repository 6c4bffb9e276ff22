"""`ports.Auth` for every server that speaks GoTrue's protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from supabase_auth import AsyncGoTrueAdminAPI, AsyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthError
from supabase_auth.types import Session

from ourvidz.backends.gotrue.answers import BAD_CODE, CONFIRM, WRONG, family, understood
from ourvidz.backends.gotrue.credentials import (
    LONGEST_PASSWORD,
    check_password,
    clean_code,
    clean_email,
    is_text,
)
from ourvidz.backends.gotrue.limits import Limiter
from ourvidz.backends.gotrue.tokens import ENDED, TokenCheck
from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable
from ourvidz.ports import Tokens

#: The client library refreshes by itself, and loses the result, when less than 10 s are left.
_LEAST_LEFT = timedelta(seconds=30)


class GoTrueAuth:
    """Sign-in through one HTTP client, which everybody shares, and a fresh protocol client a call.

    A protocol client remembers the last person who signed in, so none outlives its call. `url`
    ends in /auth/v1. `service_key` is needed to delete people only. Limits are counted here, for
    both modes: a hosted service sees one address, the app's, for all people.
    """

    def __init__(
        self,
        url: str,
        *,
        http: httpx.AsyncClient,
        check: TokenCheck,
        limiter: Limiter,
        anon_key: str,
        service_key: str | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._http = http
        self._check = check
        self._limiter = limiter
        self._anon_key = anon_key
        self._service_key = service_key
        self._on_close = on_close

    async def aclose(self) -> None:
        """Close the connections; nothing may be called afterwards."""
        await self._http.aclose()
        if self._on_close:
            await asyncio.to_thread(self._on_close)

    async def sign_up(self, email: str, password: str, *, ip: str = "") -> Tokens:
        """A new account, signed in; NotAllowed when the address has to be confirmed first."""
        email = clean_email(email)
        check_password(password)
        await self._limiter.count("sign_up", email, ip)
        with understood():
            answer = await self._client().sign_up({"email": email, "password": password})
        return await self._tokens(answer.session, otherwise=CONFIRM)

    async def sign_in(self, email: str, password: str, *, ip: str = "") -> Tokens:
        """Tokens; NotAllowed, in the same words, for a wrong password and an unknown address."""
        email = clean_email(email)
        await self._limiter.count("sign_in", email, ip)
        if not password or not is_text(password) or len(password.encode()) > LONGEST_PASSWORD:
            raise NotAllowed(WRONG)
        with understood():
            answer = await self._client().sign_in_with_password(
                {"email": email, "password": password}
            )
        return await self._tokens(answer.session, otherwise=WRONG)

    async def refresh(self, refresh_token: str) -> Tokens:
        """Rotate; NotAllowed when the session has ended or the token was used before."""
        if not is_text(refresh_token):
            raise NotAllowed(ENDED)
        with understood():
            answer = await self._client().refresh_session(refresh_token or "-")
        return await self._tokens(answer.session, otherwise=ENDED)

    async def sign_out(self, access_token: str, *, everywhere: bool = False) -> None:
        """End this session, or all; one that has ended already can only be ended here."""
        try:
            await self._verify(access_token)
            with understood():
                await self._client().admin.sign_out(
                    access_token, "global" if everywhere else "local"
                )
        except NotAllowed:
            if everywhere:  # the other sessions may be alive
                raise

    async def send_recovery(self, email: str, *, ip: str = "") -> None:
        """Send a code, if the address is known; who asks can not tell."""
        email = clean_email(email)
        await self._limiter.count("send_recovery", email, ip)
        with understood():
            await self._client().reset_password_for_email(email)

    async def recover(self, email: str, code: str, password: str, *, ip: str = "") -> Tokens:
        """Set a new password by a code, which works once; all other sessions end."""
        email = clean_email(email)
        check_password(password)
        await self._limiter.count("recover", email, ip)
        client = self._client()
        with understood():
            answer = await client.verify_otp(
                {"email": email, "token": _digits(code), "type": "recovery"}
            )
        tokens = await self._tokens(answer.session, otherwise=BAD_CODE)
        try:
            await client.update_user({"password": password})
        except AuthError as error:
            if error.code != "same_password":
                await self.sign_out(tokens.access_token)
                raise _after_a_code(error) from error
            with understood():
                await client.admin.sign_out(tokens.access_token, "others")
        return tokens

    async def change_password(self, tokens: Tokens, new_password: str) -> None:
        """All other sessions end. `tokens` must be good for 30 s more."""
        check_password(new_password)
        client = await self._signed_in(tokens)
        with understood():
            await client.update_user({"password": new_password})

    async def send_email_change(self, tokens: Tokens, new_email: str) -> None:
        """Send a code to the new address. `tokens` must be good for 30 s more.

        Nothing is sent, and nothing is said, when somebody else has that address.
        """
        new_email = clean_email(new_email)
        await self._limiter.count("email_change", str(tokens.identity.user_id), "")
        client = await self._signed_in(tokens)
        with understood():
            try:
                await client.update_user({"email": new_email})
            except AuthApiError as error:
                if error.code != "email_exists":
                    raise

    async def confirm_email_change(self, tokens: Tokens, new_email: str, code: str) -> Tokens:
        """Take the new address by the code that was sent there; `tokens` are done with.

        A code works by itself and for whoever asked for it: so it is looked first who that was.
        """
        new_email = clean_email(new_email)
        await self._limiter.count("recover", new_email, "")
        await self._verify(tokens.access_token)
        with understood():
            asking = await self._client().get_user(tokens.access_token)
        if asking is None or (asking.user.new_email or "").lower() != new_email.lower():
            raise NotAllowed(BAD_CODE)
        with understood():
            answer = await self._client().verify_otp(
                {"email": new_email, "token": _digits(code), "type": "email_change"}
            )
        changed = await self._tokens(
            answer.session,
            otherwise="One more code was sent to your present address. Open the link in it.",
        )
        if changed.identity.user_id != tokens.identity.user_id:
            await self.sign_out(changed.access_token)
            raise NotAllowed(BAD_CODE)
        await self.sign_out(tokens.access_token)
        return changed

    def verify(self, access_token: str) -> Identity:
        """Whose token this is, by its signature alone; see `TokenCheck`."""
        return self._check.verify(access_token)

    async def verify_live(self, access_token: str) -> Identity:
        """As `verify`, and the service still knows the session."""
        identity = await self._verify(access_token)
        with understood():
            answer = await self._client().get_user(access_token)
        if answer is None or answer.user.id != str(identity.user_id):
            raise NotAllowed(ENDED)
        return identity

    async def delete_user(self, user_id: UUID) -> None:
        """Delete the account and all its sessions; one that is gone already is no error."""
        if not self._service_key:
            raise Unavailable("sign-in", "deleting people needs the project's service key; set it")
        headers = {"apikey": self._service_key, "Authorization": f"Bearer {self._service_key}"}
        admin = AsyncGoTrueAdminAPI(url=self._url, headers=headers, http_client=self._http)
        with understood():
            try:
                await admin.delete_user(str(user_id))
            except AuthApiError as error:
                if error.code != "user_not_found":
                    raise

    def _client(self) -> AsyncGoTrueClient:
        # "implicit": the other flow keeps a verifier in memory that the next request would need.
        return AsyncGoTrueClient(
            url=self._url,
            headers={"apikey": self._anon_key},
            auto_refresh_token=False,
            persist_session=False,
            http_client=self._http,
            flow_type="implicit",
        )

    async def _signed_in(self, tokens: Tokens) -> AsyncGoTrueClient:
        """A client that acts for the owner of `tokens`, without ever refreshing them."""
        await self._verify(tokens.access_token)
        if tokens.expires_at - datetime.now(UTC) < _LEAST_LEFT:
            raise NotAllowed("This sign-in is about to end. Load the page again and repeat it.")
        client = self._client()
        with understood():
            await client.set_session(tokens.access_token, tokens.refresh_token)
        return client

    async def _verify(self, access_token: str) -> Identity:
        """In a thread: once in a while the public keys are fetched."""
        return await asyncio.to_thread(self._check.verify, access_token)

    async def _tokens(self, session: Session | None, *, otherwise: str) -> Tokens:
        """What the service gave, checked like every other token; NotAllowed when it gave none."""
        if session is None:
            raise NotAllowed(otherwise)
        try:
            identity = await self._verify(session.access_token)
        except NotAllowed as error:
            raise Unavailable(
                "sign-in",
                "its tokens can not be checked: sign them with ES256, give the JWT secret of a "
                "legacy project, and set this machine's clock",
            ) from error
        return Tokens(
            access_token=session.access_token,
            refresh_token=session.refresh_token,
            expires_at=datetime.fromtimestamp(int(identity.claims["exp"]), UTC),
            identity=identity,
        )


def _digits(code: str) -> str:
    digits = clean_code(code)
    if digits is None:
        raise NotAllowed(BAD_CODE)
    return digits


def _after_a_code(error: AuthError) -> Exception:
    """The code is used up, which a weak password alone does not say."""
    found = family(error)
    if isinstance(found, InvalidRequest):
        return InvalidRequest(found.field, f"{found.reason}; then ask for a new code")
    return found
