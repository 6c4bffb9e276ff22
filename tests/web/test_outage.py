"""The gate when the database or the sign-in service is away, and what it lets a browser keep."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import Unavailable
from ourvidz.ports import Tokens
from ourvidz.web.cookies import Cookies
from ourvidz.web.gate import Gate, Mounted
from ourvidz.web.leaving import cleaned
from ourvidz.web.sessions import Sessions

ANN = UUID(int=1)
COOKIES = Cookies(key=b"k", secure=False)
MOUNTS = (Mounted(path="/app", pages={""}, handlers={0}),)


class Store:
    """A `SessionStore` in memory. away: as when its database is."""

    def __init__(self, *, away: bool = False) -> None:
        self.kept: dict[str, bytes] = {}
        self.away = away

    def save(self, id_sha256: str, user_id: UUID, sealed: bytes, expires_at: datetime) -> None:
        self.kept[id_sha256] = sealed

    def load(self, id_sha256: str) -> bytes | None:
        if self.away:
            raise Unavailable("database", "does not answer now; try again in a minute")
        return self.kept.get(id_sha256)

    def drop(self, id_sha256: str) -> None:
        self.kept.pop(id_sha256, None)

    def drop_all(self, user_id: UUID) -> None:
        self.kept.clear()


class Away:
    """A sign-in service that does not answer."""

    async def sign_out(self, access_token: str, *, everywhere: bool = False) -> None:
        raise Unavailable("sign-in", "does not answer; try again in a minute")


def sessions(store: Store) -> Sessions:
    auth: Any = Away()
    return Sessions(auth, store, urlsafe_b64encode(bytes(32)))


def asked(store: Store, path: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    async def nobody(request: Request) -> Response:
        return PlainTextResponse("in", 200)

    inner = Starlette(routes=[Route("/{path:path}", nobody, methods=["GET", "POST"])])
    gate = Gate(
        inner,
        sessions=sessions(store),
        cookies=COOKIES,
        is_admin=lambda me: False,
        mounts=MOUNTS,
    )
    adult = Response()
    COOKIES.set_adult(adult)
    cookie = adult.headers["set-cookie"].partition(";")[0]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            sent = {"cookie": f"{cookie}; ov_session=x"} | headers
            return await client.request(method, path, headers=sent)

    return asyncio.run(ask())


def test_while_the_database_is_away_nobody_comes_in_and_that_is_no_bug() -> None:
    answer = asked(Store(away=True), "/api/jobs/x")
    assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")
    assert "try again in a minute" in answer.json()["message"]
    assert answer.headers["retry-after"] == "2"


def test_gradio_shows_the_words_and_not_the_name_of_the_trouble() -> None:
    path = "/app/gradio_api/queue/join"
    answer = asked(Store(away=True), path, method="POST", origin="http://site")
    assert (answer.status_code, "try again in a minute" in answer.json()["error"]) == (503, True)


@pytest.mark.parametrize("origin", ["http://[", "http://[x]y", "null", "", "site", "://"])
def test_an_origin_that_is_none_is_another_sites(origin: str) -> None:
    answer = asked(Store(), "/auth/sign-out", method="POST", origin=origin)
    assert answer.status_code == 403


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_sign_out_does_not_wait_for_the_sign_in_service(everywhere: bool) -> None:
    store = Store()
    tokens = Tokens(
        access_token="a",
        refresh_token="r",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        identity=Identity(user_id=ANN, email="a@example.com", session_id="s", claims={}),
    )

    async def out() -> None:
        mine = sessions(store)
        await mine.end(await mine.open(tokens), everywhere=everywhere)

    asyncio.run(out())
    assert store.kept == {}


@pytest.mark.parametrize(
    ("status", "is_kept"), [(200, True), (206, True), (404, False), (500, False)]
)
def test_only_what_is_there_is_kept_for_a_year(status: int, is_kept: bool) -> None:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    start = {"type": "http.response.start", "status": status, "headers": []}
    asyncio.run(cleaned(send, "/app/assets/index-1.js", "")(start))
    headers = dict(said[0]["headers"])
    assert (b"immutable" in headers.get(b"cache-control", b"")) == is_kept
