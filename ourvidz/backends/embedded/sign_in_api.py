"""GoTrue's HTTP protocol for the embedded sign-in service: an ASGI app without a socket."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar, cast
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ourvidz.backends.embedded.gotrue_json import JsonObject, Refused
from ourvidz.backends.embedded.sign_in import SignIn
from ourvidz.backends.gotrue.credentials import is_text
from ourvidz.domain.errors import OurVidzError, Unavailable

PREFIX = "/auth/v1"
_VERSION = {"x-supabase-api-version": "2024-01-01"}
_LARGEST_BODY = 16 * 1024
_LONGEST_FIELD = 4096
#: Calls that hash a password may take both cores for 50 ms; the others must not wait behind them.
_HASHING, _QUICK = 2, 4
#: More than these are refused: to wait longer than a few seconds is no better.
_MOST_WAITING = 64

_log = logging.getLogger(__name__)
T = TypeVar("T")


class SignInApi:
    """`app` answers the protocol. `close` waits for letters on their way."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._hashing = ThreadPoolExecutor(_HASHING, "sign-in")
        self._quick = ThreadPoolExecutor(_QUICK, "session")
        self._post = ThreadPoolExecutor(1, "post")
        self._places = threading.BoundedSemaphore(_MOST_WAITING)
        routes = [
            Route("/signup", self._sign_up, methods=["POST"]),
            Route("/token", self._token, methods=["POST"]),
            Route("/verify", self._verify, methods=["POST"]),
            Route("/recover", self._recover, methods=["POST"]),
            Route("/logout", self._logout, methods=["POST"]),
            Route("/user", self._user, methods=["GET"]),
            Route("/user", self._change_user, methods=["PUT"]),
            Route("/admin/users/{user_id:uuid}", self._delete_user, methods=["DELETE"]),
            Route("/.well-known/jwks.json", self._jwks, methods=["GET"]),
            Route("/settings", self._settings, methods=["GET"]),
            Route("/health", self._health, methods=["GET"]),
        ]
        self.app = Starlette(
            routes=[Mount(PREFIX, routes=routes)],
            exception_handlers={Refused: _refused, Unavailable: _unavailable},
        )

    def close(self) -> None:
        """Finish what was begun."""
        for threads in (self._quick, self._hashing, self._post):
            threads.shutdown(wait=True)

    async def _sign_up(self, request: Request) -> Response:
        body = await _body(request)
        email, password = _text(body, "email"), _text(body, "password")
        return _json(await self._in(self._hashing, lambda: self._sign_in.sign_up(email, password)))

    async def _token(self, request: Request) -> Response:
        body = await _body(request)
        match request.query_params.get("grant_type"):
            case "password":
                email, password = _text(body, "email"), _text(body, "password")
                return _json(
                    await self._in(
                        self._hashing, lambda: self._sign_in.by_password(email, password)
                    )
                )
            case "refresh_token":
                token = _text(body, "refresh_token")
                return _json(
                    await self._in(self._quick, lambda: self._sign_in.by_refresh_token(token))
                )
            case _:
                raise Refused(400, "validation_failed", "unsupported_grant_type")

    async def _verify(self, request: Request) -> Response:
        body = await _body(request)
        kind, email, code = _text(body, "type"), _text(body, "email"), _text(body, "token")
        return _json(await self._in(self._quick, lambda: self._sign_in.by_code(kind, email, code)))

    async def _recover(self, request: Request) -> Response:
        """The answer comes before the address is even looked up: it can not tell anything."""
        email = _text(await _body(request), "email")
        self._later(lambda: self._sign_in.send_recovery(email))
        return _json({})

    async def _logout(self, request: Request) -> Response:
        bearer, scope = _bearer(request), request.query_params.get("scope", "global")
        if scope not in ("global", "local", "others"):
            raise Refused(400, "validation_failed", f"Unsupported logout scope {scope!r}")
        await self._in(self._quick, lambda: self._sign_in.sign_out(bearer, scope))
        return Response(status_code=204, headers=_VERSION)

    async def _user(self, request: Request) -> Response:
        bearer = _bearer(request)
        return _json(await self._in(self._quick, lambda: self._sign_in.user(bearer)))

    async def _change_user(self, request: Request) -> Response:
        bearer, body = _bearer(request), await _body(request)
        password = _text(body, "password") if body.get("password") is not None else None
        email = _text(body, "email") if body.get("email") is not None else None
        changed, letter = await self._in(
            self._quick if password is None else self._hashing,
            lambda: self._sign_in.change_user(bearer, password, email),
        )
        if letter is not None:
            self._later(lambda: self._sign_in.send(letter))
        return _json(changed)

    async def _delete_user(self, request: Request) -> Response:
        bearer = _bearer(request)
        user_id = cast(UUID, request.path_params["user_id"])
        return _json(
            await self._in(self._quick, lambda: self._sign_in.delete_user(bearer, user_id))
        )

    async def _jwks(self, request: Request) -> Response:
        return _json(self._sign_in.jwks())

    async def _settings(self, request: Request) -> Response:
        return _json({"disable_signup": False, "mailer_autoconfirm": True, "external": {}})

    async def _health(self, request: Request) -> Response:
        return _json({"name": "OurVidz sign-in", "description": "speaks GoTrue's protocol"})

    async def _in(self, threads: Executor, call: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Refused(503, "request_timeout", "Too many requests at once")
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, call)
        finally:
            self._places.release()

    def _later(self, call: Callable[[], None]) -> None:
        self._post.submit(call).add_done_callback(_tell)


def _tell(done: Future[None]) -> None:
    """A letter that could not be sent is the operator's business; the address is not logged."""
    error = done.exception()
    if isinstance(error, OurVidzError):
        _log.error("A code could not be sent: %s", error)
    elif error is not None:
        _log.error("A code could not be sent", exc_info=error)


async def _body(request: Request) -> JsonObject:
    """The JSON object that was sent."""
    text = bytearray()
    async for chunk in request.stream():
        text += chunk
        if len(text) > _LARGEST_BODY:
            raise Refused(413, "validation_failed", "Request body too large")
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json", "Could not parse request body as JSON") from error
    if not isinstance(body, dict):
        raise Refused(400, "bad_json", "Request body must be a JSON object")
    return cast(JsonObject, body)


def _text(body: JsonObject, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST_FIELD or not is_text(value):
        raise Refused(400, "validation_failed", f"{name} must be a text")
    return value


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _json(body: JsonObject) -> Response:
    return JSONResponse(body, headers={**_VERSION, "cache-control": "no-store"})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse(error.body, error.status, headers=_VERSION)


async def _unavailable(request: Request, error: Exception) -> Response:
    body = {"code": "unexpected_failure", "message": str(error)}
    return JSONResponse(body, 503, headers=_VERSION)
