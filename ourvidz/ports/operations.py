"""What admins see and do; part of `ports.Administration`."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from ourvidz.domain.job import Job, JobState
from ourvidz.domain.operations import (
    Alert,
    Day,
    JobView,
    KindFigures,
    Person,
    Queue,
    Refused,
    WorkerState,
)


class Operations(Protocol):
    """Lists and figures, and acts by an admin.

    Each act is written to the log in its own transaction, with who did it; NotAllowed when the
    database does not know `admin` as one.
    """

    def queues(self) -> list[Queue]: ...
    def workers(self) -> list[WorkerState]: ...
    def alerts(self, *, limit: int = 50) -> list[Alert]:
        """Those not closed yet, newest first."""
        ...

    def admin_log(self, *, limit: int = 50) -> list[Alert]: ...
    def all_jobs(
        self, *, state: JobState | None = None, limit: int = 50, offset: int = 0
    ) -> list[JobView]:
        """Everybody's jobs, newest first."""
        ...

    def people(self, search: str, *, limit: int = 50) -> list[Person]:
        """Accounts with `search` in their address, newest first; "" finds all."""
        ...

    def figures(self, days: int) -> list[KindFigures]: ...
    def daily(self, days: int) -> list[Day]:
        """Videos of each day (UTC), also of those without any."""
        ...

    def refused(self, days: int) -> list[Refused]: ...

    def grant(self, admin: UUID, user_id: UUID, amount: int, note: str, key: UUID) -> int:
        """Give credits, or take them back, once per `key`; returns the balance."""
        ...

    def change_role(self, admin: UUID, user_id: UUID, role: str) -> None:
        """NotAllowed for one's own role."""
        ...

    def set_drain(self, admin: UUID, worker: str, *, on: bool) -> None: ...
    def retry(self, admin: UUID, job_id: UUID) -> Job:
        """Order a failed job once more, at no cost; again: the same job."""
        ...

    def resolve(self, admin: UUID, alert_id: int) -> None: ...
