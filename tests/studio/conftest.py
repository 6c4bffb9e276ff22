"""A studio on real servers, and people in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.work_queue import PostgresQueue
from ourvidz.bootstrap import Wiring
from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, Lease, WorkerCard
from ourvidz.settings import Settings
from ourvidz.studio import account
from ourvidz.studio.door import Studio
from tests.servers import Endpoints, module_endpoints, postgres, redis_url, valkey  # noqa: F401

CARD = WorkerCard(
    id="w1", hostname="here", device="cpu", memory_bytes=2**33,
    kinds=("enhance", "preview", "video"), models=("starter",),
)  # fmt: skip


@dataclass(frozen=True)
class Town:
    """The studio, and what its tests need beside it to set the scene and to look behind it.

    root: the owner of the schema. queue: a worker's door.
    """

    studio: Studio
    wiring: Wiring
    root: psycopg.Connection[Any]
    queue: PostgresQueue

    def person(self, credits: int = 0, *, adult: bool = True) -> Identity:
        """Someone who has just signed up."""
        user_id = uuid4()
        email = f"{user_id}@example.com"
        self.root.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, email))
        me = identity(user_id, email)
        if adult:
            account.verify_age(me, self.studio, is_adult=True)
        if credits:
            self.studio.administration.add_credits(user_id, credits, "test", str(user_id))
        return me

    def count(self, table: str, **where: object) -> int:
        """Rows of a table."""
        conditions = " and ".join(f"{name} = %s" for name in where) or "true"
        query = f"select count(*) from public.{table} where {conditions}"
        row = self.root.execute(query.encode(), tuple(where.values())).fetchone()
        assert row is not None
        return row[0]

    def ledger(self, me: Identity) -> list[tuple[str, int]]:
        """Entries and amounts, oldest first."""
        return [(line.entry, line.amount) for line in reversed(account.ledger(me, self.studio))]

    def take(self, job: Job) -> Lease:
        """Begin an attempt of `job`, whatever stands before it."""
        self.queue.register(CARD)
        passed = list[Lease]()
        while (lease := self.queue.claim(CARD, 60)) and lease.job.id != job.id:
            passed.append(lease)
        for other in passed:
            self.queue.release(other)
        assert lease is not None, "the job is not in line"
        return lease


def identity(user_id: UUID, email: str, **claims: Any) -> Identity:
    """As a verified token would say."""
    session_id = str(uuid4())
    return Identity(
        user_id=user_id,
        email=email,
        session_id=session_id,
        claims={
            "sub": str(user_id),
            "role": "authenticated",
            "email": email,
            "session_id": session_id,
            "exp": int(time.time()) + 3600,
            **claims,
        },
    )


@contextmanager
def built_town(endpoints: Endpoints, home: Path, folder: Path) -> Iterator[Town]:
    """A studio on those servers. home: where the tiny models lie; folder: for all the rest."""
    settings = Settings(home=folder, device="cpu", public_url="http://127.0.0.1:7860")
    (settings.models_dir).symlink_to(home / "models")
    with (
        closing(Wiring(settings, endpoints)) as wiring,
        closing(Database(endpoints.worker_database_url)) as worker,
        psycopg.connect(endpoints.owner_database_url, autocommit=True) as root,
    ):
        yield Town(wiring.studio, wiring, root, PostgresQueue(worker))


@pytest.fixture(scope="module")
def town(
    module_endpoints: Endpoints,  # noqa: F811
    home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """One studio for a module; every test brings its own people."""
    with built_town(module_endpoints, home, tmp_path_factory.mktemp("town")) as built:
        yield built
