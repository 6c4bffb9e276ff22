"""A migrated database with the three doors that the product uses, and people to put in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg

from ourvidz.backends.postgres.administration import PostgresAdministration
from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.records import PostgresRecords
from ourvidz.backends.postgres.work_queue import PostgresQueue
from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, NewJob, WorkerCard

CARD = WorkerCard(
    id="w1", hostname="here", device="cpu", memory_bytes=2**33,
    kinds=("enhance", "preview", "video"), models=("starter",), loaded="starter",
)  # fmt: skip


@dataclass(frozen=True)
class House:
    """app, worker: the product's logins. root: the superuser, to set the scene."""

    app: Database
    worker: Database
    root: psycopg.Connection

    @property
    def records(self) -> PostgresRecords:
        return PostgresRecords(self.app)

    @property
    def office(self) -> PostgresAdministration:
        return PostgresAdministration(self.app)

    @property
    def queue(self) -> PostgresQueue:
        return PostgresQueue(self.worker)

    def person(self, credits: int = 0, *, adult: bool = True) -> Identity:
        """Someone who has just signed up."""
        user_id = uuid4()
        email = f"{user_id}@example.com"
        self.root.execute("insert into auth.users (id, email) values (%s, %s)", (user_id, email))
        me = Identity(
            user_id=user_id,
            email=email,
            session_id=str(uuid4()),
            claims={"sub": str(user_id), "role": "authenticated", "email": email},
        )
        if adult:
            self.records.verify_age(me, "2026-11")
        if credits:
            self.office.add_credits(user_id, credits, "welcome", f"welcome {user_id}")
        return me

    def order(self, me: Identity, kind: str = "video", key: str = "", **more: object) -> Job:
        """Enqueue a five-second job."""
        values = {"model": "starter", "project_id": None} | more
        params = values.pop("params", {"prompt": "a cat", "num_frames": 80})
        return self.records.enqueue(
            me,
            NewJob(kind=kind, params=params, idempotency_key=key or str(uuid4()), **values),  # type: ignore[arg-type]
        )

    def scalar(self, query: str, *values: object) -> object:
        """One value, as the superuser."""
        row = self.root.execute(query.encode(), values).fetchone()
        return row and row[0]

    def expire_leases(self) -> None:
        """As if every worker had been silent for a minute."""
        self.root.execute(
            "update public.jobs set lease_until = now() - interval '1 s' where state = 'running'"
        )

    def end_pauses(self) -> None:
        """As if the pause before the next attempt were over."""
        self.root.execute("update public.jobs set not_before = now() where state = 'queued'")


def delivery(job: Job, attempt: int = 1, user_id: UUID | None = None) -> dict[str, object]:
    """What a worker says of a finished video."""
    folder = f"{user_id or job.user_id}/{job.id}/a{attempt}"
    return {
        "media_key": f"videos-final/{folder}/clip.mp4",
        "thumbnail_key": f"videos-final/{folder}/clip.jpg",
        "width": 1280, "height": 720, "num_frames": 80, "fps": 16, "seconds": 5.0, "seed": 7,
        "size_bytes": 650_000, "metadata": {"prompt": "a cat"},
    }  # fmt: skip
