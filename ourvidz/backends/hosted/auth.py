"""`ports.Auth` of a Supabase project."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from ourvidz.backends.gotrue import Allow, GoTrueAuth, KeySet, Limiter, TokenCheck
from ourvidz.domain.errors import Unavailable

_TIMEOUT_S = 10.0
#: While they are fetched, tokens with unknown keys wait.
_KEYS_TIMEOUT_S = 5.0
_THREADS = 16


def hosted_auth(
    supabase_url: str,
    allow: Allow,
    *,
    anon_key: str,
    service_key: str | None = None,
    jwt_secret: str | None = None,
) -> GoTrueAuth:
    """Sign-in by the project at `supabase_url`; `await auth.aclose()` at the end.

    jwt_secret: of a project that still signs its tokens with HS256. The project should confirm
    addresses at once, and its e-mail templates must show {{ .Token }}, the code.
    """
    url = f"{supabase_url.rstrip('/')}/auth/v1"

    def load() -> Mapping[str, Any]:
        try:
            answer = httpx.get(
                f"{url}/.well-known/jwks.json",
                headers={"apikey": anon_key},
                timeout=_KEYS_TIMEOUT_S,
            )
            return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("sign-in", "the project does not give its public keys") from error

    return GoTrueAuth(
        url,
        http=httpx.AsyncClient(transport=_Threads(), timeout=_TIMEOUT_S),
        check=TokenCheck(KeySet(load), issuer=url, secret=jwt_secret),
        limiter=Limiter(allow),
        anon_key=anon_key,
        service_key=service_key,
    )


class _Threads(httpx.AsyncBaseTransport):
    """Connections that every event loop may share, one after the other or at once.

    httpx's own are bound to the loop that opened them; these are used in threads.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "sign-in")
        self._connections = httpx.HTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and read the whole answer: they are short."""
        await request.aread()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._send, request)

    async def aclose(self) -> None:
        """Close all connections."""
        self._threads.shutdown(wait=True)
        self._connections.close()

    def _send(self, request: httpx.Request) -> httpx.Response:
        answer = self._connections.handle_request(request)
        try:
            body = b"".join(answer.iter_raw())
        finally:
            answer.close()
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=httpx.ByteStream(body),
            extensions=answer.extensions,
        )
