"""The embedded sign-in service as its protocol client sees it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from supabase_auth import AsyncGoTrueClient
from supabase_auth.errors import AuthWeakPasswordError

from ourvidz.backends.embedded.auth import ISSUER
from ourvidz.backends.embedded.mailbox import FileMailbox
from ourvidz.backends.embedded.sign_in import SignIn
from ourvidz.backends.embedded.sign_in_api import SignInApi
from ourvidz.backends.embedded.signing import SigningKeys
from ourvidz.backends.embedded.stack import Endpoints
from ourvidz.backends.gotrue import KeySet, TokenCheck
from ourvidz.backends.postgres.auth_store import AuthStore
from tests.backends.gotrue.sites import PASSWORD

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def http(module_endpoints: Endpoints, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The service itself, as its protocol client sees it."""
    keys = SigningKeys(tmp_path / "keys.json")
    check = TokenCheck(KeySet(keys.jwks), issuer=ISSUER)
    store = AuthStore(module_endpoints.auth_database_url)
    outbox = FileMailbox(tmp_path / "outbox")
    api = SignInApi(SignIn(store, keys, check, outbox, issuer=ISSUER, service_key="service"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url=ISSUER) as client:
        yield client
    api.close()
    store.close()


async def test_the_service_explains_a_weak_password_as_its_client_expects(
    http: httpx.AsyncClient,
) -> None:
    client = AsyncGoTrueClient(url=ISSUER, http_client=http, persist_session=False)
    with pytest.raises(AuthWeakPasswordError) as weak:
        await client.sign_up({"email": "weak@example.org", "password": "short"})
    assert weak.value.reasons == ["length"]


async def test_the_client_library_can_check_claims_by_the_public_keys(
    http: httpx.AsyncClient,
) -> None:
    client = AsyncGoTrueClient(
        url=ISSUER, http_client=http, persist_session=False, auto_refresh_token=False
    )
    email = f"{uuid4().hex}@example.org"
    answer = await client.sign_up({"email": email, "password": PASSWORD})
    assert answer.session and answer.user
    seen = await client.get_claims(answer.session.access_token)
    assert seen and seen["claims"].get("sub") == answer.user.id


NASTY = ["", "[]", "null", "7", '"text"', "{", "[" * 5000, '{"email":' * 1000, "\udcff",
         '{"email": null, "password": {}}', '{"email": 7, "password": 7}', '{"x": 1e999}',
         '{"email": "a\\u0000@example.org", "password": "nul\\u0000"}',
         '{"email": "\\ud800@example.org", "password": "half pair"}',
         json.dumps({"email": "a" * 5000, "password": "b"})]  # fmt: skip


@pytest.mark.parametrize("text", NASTY, ids=lambda text: text[:20])
async def test_hostile_json_is_refused(http: httpx.AsyncClient, text: str) -> None:
    content = text.encode(errors="surrogateescape")
    for method, path in (
        ("POST", "/signup"), ("POST", "/token?grant_type=password"), ("POST", "/recover"),
        ("POST", "/token?grant_type=refresh_token"), ("POST", "/verify"), ("PUT", "/user"),
    ):  # fmt: skip
        answer = await http.request(method, path, content=content)
        assert answer.status_code in (400, 401), (method, path, answer.text)
        assert answer.json()["code"] in ("bad_json", "validation_failed", "no_authorization")


async def test_a_huge_body_is_not_read_to_its_end(http: httpx.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"x" * 4096

    answer = await http.post("/signup", content=body())
    assert (answer.status_code, read < 10) == (413, True)


async def test_only_the_service_key_deletes(http: httpx.AsyncClient) -> None:
    person = {"email": f"{uuid4().hex}@example.org", "password": PASSWORD}
    joined = (await http.post("/signup", json=person)).json()
    path = f"/admin/users/{joined['user']['id']}"
    for bearer in ("", "wrong", joined["access_token"]):
        answer = await http.delete(path, headers={"Authorization": f"Bearer {bearer}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_admin")
    back = await http.post("/token?grant_type=password", json=person)
    assert back.status_code == 200
    answer = await http.delete(path, headers={"Authorization": "Bearer service"})
    assert answer.status_code == 200
    back = await http.post("/token?grant_type=password", json=person)
    assert (back.status_code, back.json()["code"]) == (400, "invalid_credentials")
