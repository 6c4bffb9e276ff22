"""Both servers on a folder of their own, people with credits, and what they order."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psycopg

from benchmarks.fleet import Post
from ourvidz.backends.embedded.stack import EmbeddedStack, Endpoints
from ourvidz.backends.postgres.administration import PostgresAdministration
from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.records import PostgresRecords
from ourvidz.backends.redis import RedisLive
from ourvidz.domain.account import Identity
from ourvidz.domain.errors import Unavailable
from ourvidz.domain.job import Job, NewJob

T = TypeVar("T")


@dataclass(frozen=True)
class Town:
    """stack, doors: the servers. folder: everything else. records, live: as the app has them."""

    stack: EmbeddedStack
    doors: Endpoints
    folder: Path
    records: PostgresRecords
    office: PostgresAdministration
    live: RedisLive

    def post(self, **more: Any) -> Post:
        """What a worker of this town is told."""
        for name in ("media", "scratch"):
            (self.folder / name).mkdir(exist_ok=True)
        return Post(
            queue_url=self.doors.worker_database_url,
            redis_url=self.doors.redis_url,
            media_dir=str(self.folder / "media"),
            scratch_dir=str(self.folder / "scratch"),
            **more,
        )

    def person(self, credits: int) -> Identity:
        """Someone grown up who has just signed up."""
        user_id = uuid4()
        self.owner(
            "insert into auth.users (id, email) values (%s, %s)", user_id, f"{user_id}@example.com"
        )
        claims = {"sub": str(user_id), "role": "authenticated"}
        me = Identity(user_id=user_id, email="", session_id="s", claims=claims)
        self.records.verify_age(me, "2026-11")
        self.office.add_credits(user_id, credits, "test", f"grant {user_id}")
        return me

    def order(self, me: Identity, params: Mapping[str, Any], kind: str = "video") -> Job:
        """Enqueue and ring, as the studio does."""
        new = NewJob(kind=kind, params=params, model="starter", idempotency_key=str(uuid4()))  # type: ignore[arg-type]
        job = self.records.enqueue(me, new)
        self.live.ring(job.model)
        return job

    def owner(self, query: str, *values: Any) -> list[Any]:
        """Rows, as the owner of the schema."""
        with psycopg.connect(self.doors.owner_database_url, autocommit=True) as owner:
            cursor = owner.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def town(*, fast: bool = True) -> Generator[Town]:
    """A town on a new folder; all of it is gone afterwards. fast: writes are not forced to disk."""
    folder = Path(tempfile.mkdtemp(prefix="ov-"))
    folder.chmod(0o711)  # the servers' account must pass
    stack = EmbeddedStack(folder / "stack", fast=fast)
    try:
        doors = stack.start()
        with (
            closing(Database(doors.database_url)) as app,
            closing(RedisLive(doors.redis_url)) as live,
        ):
            yield Town(
                stack, doors, folder, PostgresRecords(app), PostgresAdministration(app), live
            )
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


def insist(ask: Callable[[], T], limit_s: float = 60.0) -> T:
    """Ask again while a server is away, as a person does who is told to try again."""
    until = time.monotonic() + limit_s
    while True:
        try:
            return ask()
        except (Unavailable, psycopg.OperationalError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
