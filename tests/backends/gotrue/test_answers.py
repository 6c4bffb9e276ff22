"""What a service may answer, good or bad, and what people are told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ourvidz.backends.gotrue import GoTrueAuth, KeySet, Limiter, TokenCheck
from ourvidz.domain.errors import InvalidRequest, NotAllowed, OurVidzError, Unavailable
from tests.backends.gotrue.sites import PASSWORD

pytestmark = pytest.mark.anyio
URL = "https://project.example.org/auth/v1"


def allow(what: str, who: str, *, limit: int, per_s: int) -> float:
    return 0.0


def auth_by(transport: httpx.AsyncBaseTransport) -> GoTrueAuth:
    return GoTrueAuth(
        URL,
        http=httpx.AsyncClient(transport=transport),
        check=TokenCheck(KeySet(dict), issuer=URL),
        limiter=Limiter(allow),
        anon_key="anon",
    )


def answering(status: int, text: str, headers: dict[str, str] | None = None) -> GoTrueAuth:
    """A service that says one thing to everybody."""

    async def say(request: Request) -> Response:
        return Response(text, status, headers, "application/json")

    route = Route("/{path:path}", say, methods=["GET", "POST", "PUT"])
    return auth_by(httpx.ASGITransport(Starlette(routes=[route])))


NOT_ALLOWED: list[tuple[int, str, str]] = [
    (400, '{"error_code":"invalid_credentials","msg":"no"}', "E-mail or password is wrong"),
    (400, '{"error_code":"user_banned","msg":"no"}', "suspended"),
    (400, '{"error_code":"email_not_confirmed","msg":"no"}', "Open the link"),
    (422, '{"error_code":"signup_disabled","msg":"no"}', "closed"),
    (429, '{"error_code":"over_request_rate_limit","msg":"no"}', "Wait a few minutes"),
    (429, '{"msg":"you can only request this after 53 seconds."}', "Wait 53 seconds"),
    (418, '{"error_code":"a_new_one","msg":"no"}', "a_new_one"),
]
INVALID: list[tuple[int, str, str]] = [
    (422, '{"msg":"no","weak_password":{"reasons":["pwned"]}}', "password: is known from a leak"),
    (422, '{"error_code":"weak_password","msg":"no","weak_password":{"reasons":["length"]}}',
     "password: is too short"),
    (400, '{"error_code":"email_address_invalid","msg":"no"}', "email: is not accepted"),
]  # fmt: skip
UNAVAILABLE: list[tuple[int, str, str]] = [
    (401, '{"message":"Invalid API key"}', "refuses this app's key"),
    (500, '{"error_code":"unexpected_failure","msg":"no"}', "try again in a minute"),
    (502, "<html>Bad gateway</html>", "try again in a minute"),
    (422, '{"error_code":"weak_password","msg":"no"}', "try again in a minute"),
    (400, "no JSON", "try again in a minute"),
    (200, "no JSON", "not understood"),
    (200, '{"id": 7}', "not understood"),
    (200, "[]", "not understood"),
]


@pytest.mark.parametrize(
    ("status", "text", "told", "kind"),
    [(*case, kind) for kind, cases in
     ((NotAllowed, NOT_ALLOWED), (InvalidRequest, INVALID), (Unavailable, UNAVAILABLE))
     for case in cases],
)  # fmt: skip
async def test_every_answer_becomes_an_error_that_helps(
    status: int, text: str, told: str, kind: type[OurVidzError]
) -> None:
    with pytest.raises(kind, match=told):
        await answering(status, text).sign_in("a@example.org", PASSWORD)


async def test_the_service_says_how_long_to_wait() -> None:
    busy = answering(429, '{"msg":"slow down"}', {"retry-after": "400"})
    with pytest.raises(NotAllowed, match="Wait 7 minutes"):
        await busy.sign_in("a@example.org", PASSWORD)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), RuntimeError("closed")]
)
async def test_a_service_that_is_away_is_told(error: Exception) -> None:
    class Away(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise error

    with pytest.raises(Unavailable, match="sign-in: the service does not answer now"):
        await auth_by(Away()).sign_in("a@example.org", PASSWORD)


async def test_an_address_to_be_confirmed_first_is_told() -> None:
    person: dict[str, Any] = {
        "id": "7d6d2f5e-3f4c-4c38-9a28-3c1f8c0b6a11", "aud": "authenticated", "app_metadata": {},
        "user_metadata": {}, "created_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    auth = answering(200, httpx.Response(200, json=person).text)
    with pytest.raises(NotAllowed, match="Open the link"):
        await auth.sign_up("a@example.org", PASSWORD)


async def test_tokens_that_can_not_be_checked_are_the_operators_business() -> None:
    session: dict[str, Any] = {
        "access_token": "e30.e30.AA", "refresh_token": "x", "expires_in": 3600,
        "token_type": "bearer", "user": {
            "id": "7d6d2f5e-3f4c-4c38-9a28-3c1f8c0b6a11", "aud": "authenticated",
            "app_metadata": {}, "user_metadata": {}, "created_at": "2026-01-01T00:00:00Z",
        },
    }  # fmt: skip
    auth = answering(200, httpx.Response(200, json=session).text)
    with pytest.raises(Unavailable, match="ES256"):
        await auth.sign_in("a@example.org", PASSWORD)
