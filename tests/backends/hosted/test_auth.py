"""How a project is reached: over real HTTP, from any event loop, and what is sent to it."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest

from ourvidz.backends.embedded.signing import SigningKeys
from ourvidz.backends.hosted.auth import hosted_auth
from ourvidz.domain.errors import NotAllowed, Unavailable


def allow(what: str, who: str, *, limit: int, per_s: int) -> float:
    return 0.0


class Project(ThreadingHTTPServer):
    """Refuses everybody, shows its keys, and remembers who asked with which key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.asked: list[tuple[str, str, str]] = []
        self.connections: set[object] = set()
        self.jwks: dict[str, object] = {"keys": []}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        assert isinstance(self.server, Project)
        self.rfile.read(int(self.headers.get("content-length") or 0))
        apikey, bearer = self.headers.get("apikey", ""), self.headers.get("authorization", "")
        self.server.asked.append((self.path, apikey, bearer))
        self.server.connections.add(self.client_address)
        keys = self.path.endswith("jwks.json")
        refusal = {"code": "invalid_credentials", "message": "no"}
        if self.command == "DELETE":
            refusal = {"code": "user_not_found", "message": "no"}
        body = gzip.compress(json.dumps(self.server.jwks if keys else refusal).encode())
        self.send_response(200 if keys else 400)
        self.send_header("X-Supabase-Api-Version", "2024-01-01")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def project() -> Iterator[Project]:
    with Project() as one:
        threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
        yield one
        one.shutdown()


def test_one_object_serves_one_event_loop_after_another(project: Project) -> None:
    auth = hosted_auth(project.url, allow, anon_key="anon")
    for _ in range(3):
        with pytest.raises(NotAllowed, match="E-mail or password"):
            asyncio.run(auth.sign_in("a@example.org", "a password"))
    asyncio.run(auth.aclose())
    assert project.asked == [("/auth/v1/token?grant_type=password", "anon", "")] * 3
    assert len(project.connections) == 1


def test_the_service_key_is_used_to_delete_and_never_to_sign_in(project: Project) -> None:
    auth = hosted_auth(project.url, allow, anon_key="anon", service_key="service")

    async def both() -> None:
        await auth.delete_user(UUID(int=7))
        with pytest.raises(NotAllowed):
            await auth.sign_in("a@example.org", "a password")
        await auth.aclose()

    asyncio.run(both())
    (path, *keys), (_, *later) = project.asked
    assert path == f"/auth/v1/admin/users/{UUID(int=7)}"
    assert (keys, later) == (["service", "Bearer service"], ["anon", ""])


def test_without_a_service_key_nobody_is_deleted(project: Project) -> None:
    auth = hosted_auth(project.url, allow, anon_key="anon")
    with pytest.raises(Unavailable, match="service key"):
        asyncio.run(auth.delete_user(UUID(int=7)))
    asyncio.run(auth.aclose())
    assert project.asked == []


def test_the_projects_keys_are_fetched_once(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = SigningKeys(tmp_path_factory.mktemp("keys") / "keys.json")
    project.jwks = keys.jwks()
    auth = hosted_auth(project.url + "/", allow, anon_key="anon")
    token = keys.sign({"iss": "somebody else"})
    for _ in range(5):
        with pytest.raises(NotAllowed):
            auth.verify(token)
    assert project.asked == [("/auth/v1/.well-known/jwks.json", "anon", "")]
    asyncio.run(auth.aclose())


def test_a_project_that_is_not_there_is_told() -> None:
    auth = hosted_auth("http://127.0.0.1:9", allow, anon_key="anon")
    with pytest.raises(Unavailable, match="sign-in: the service does not answer now"):
        asyncio.run(auth.sign_in("a@example.org", "a password"))
    asyncio.run(auth.aclose())
