"""`ports.WorkQueue` on Postgres, by a login that may call these functions and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, LiteralString

from psycopg.types.json import Jsonb

from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.errors import translated
from ourvidz.backends.postgres.rows import columns, reads
from ourvidz.domain.job import Job, Lease, Outcome, WorkerCard


class PostgresQueue:
    """See `ports.WorkQueue`. database: logged in as ourvidz_worker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, card: WorkerCard) -> bool:
        """Tell that the worker lives; True when it should take no more jobs."""
        return bool(
            self._value(
                "select public.register_worker(%s, %s, %s, %s, %s, %s, %s)",
                (card.id, card.hostname, card.device, card.memory_bytes, list(card.kinds),
                 list(card.models), card.loaded),
            )
        )  # fmt: skip

    def leave(self, worker: str) -> None:
        """Tell that the worker is gone."""
        self._value("select public.leave_worker(%s)", (worker,))

    def claim(self, card: WorkerCard, lease_s: float) -> Lease | None:
        """The next job for this worker, with its lease."""
        query = (f"select {columns(Job)} from public.claim_job(%s, %s, %s, %s, %s)").encode()
        values = (card.id, list(card.kinds), list(card.models), card.loaded, float(lease_s))
        with translated(), self._database.plain() as connection:
            job = connection.cursor(row_factory=reads(Job)).execute(query, values).fetchone()
        return job and Lease(job=job, worker=card.id, attempt=job.attempts)

    def heartbeat(
        self, lease: Lease, lease_s: float, progress: float, stage: str | None, eta_s: float | None
    ) -> Literal["ok", "cancel", "lost"]:
        """Keep the lease, report progress, hear whether to stop."""
        answer = self._value(
            "select public.heartbeat_job(%s, %s, %s, %s, %s, %s, %s)",
            (lease.job.id, lease.worker, lease.attempt, float(lease_s), float(progress), stage,
             None if eta_s is None else float(eta_s)),
        )  # fmt: skip
        return answer or "lost"

    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        error_family: str | None = None,
    ) -> bool:
        """End the attempt, if the lease still holds."""
        return bool(
            self._value(
                "select public.finish_job(%s, %s, %s, %s, %s, %s, %s)",
                (lease.job.id, lease.worker, lease.attempt, outcome,
                 None if result is None else Jsonb(dict(result)), error, error_family),
            )
        )  # fmt: skip

    def release(self, lease: Lease) -> bool:
        """Hand the job back, not counted as an attempt."""
        return bool(
            self._value(
                "select public.release_job(%s, %s, %s)",
                (lease.job.id, lease.worker, lease.attempt),
            )
        )

    def reap(self) -> int:
        """Take back jobs whose lease ran out."""
        return int(self._value("select public.reap_jobs()", ()))

    def _value(self, query: LiteralString, values: Sequence[Any]) -> Any:
        with translated(), self._database.plain() as connection:
            row = connection.execute(query, values).fetchone()
            return row[0] if row else None
