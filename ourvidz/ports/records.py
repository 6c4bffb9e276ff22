"""The truth, in Postgres: what people, workers and the operator may ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from ourvidz.domain.account import Account, DayUsage, Identity, LedgerEntry
from ourvidz.domain.job import Job, Lease, Line, NewJob, Outcome, WorkerCard
from ourvidz.domain.library import Character, Piece, Project, Shelf, Video
from ourvidz.ports.films import Films
from ourvidz.ports.operations import Operations


class Records(Films, Protocol):
    """What a signed-in person may read and change, one transaction a call.

    The database checks every row against `me` again. NotAllowed for what is not theirs or does
    not exist: the answer is the same.
    """

    def account(self, me: Identity) -> Account: ...
    def ledger(
        self, me: Identity, *, limit: int = 50, before: int | None = None
    ) -> list[LedgerEntry]: ...
    def usage(self, me: Identity, *, days: int = 30) -> list[DayUsage]:
        """What was delivered in the last `days`; days with nothing are left out."""
        ...

    def verify_age(self, me: Identity, policy_version: str) -> Account: ...

    def create_project(self, me: Identity, values: Mapping[str, Any]) -> Project: ...
    def change_project(
        self, me: Identity, project_id: UUID, values: Mapping[str, Any]
    ) -> Project: ...
    def project(self, me: Identity, project_id: UUID) -> Project: ...
    def projects(self, me: Identity, *, limit: int = 50, offset: int = 0) -> list[Project]: ...
    def delete_project(self, me: Identity, project_id: UUID) -> None: ...

    def enqueue(self, me: Identity, new: NewJob) -> Job: ...
    def cancel(self, me: Identity, job_id: UUID) -> Job: ...
    def job(self, me: Identity, job_id: UUID) -> Job: ...
    def line(self, me: Identity, job_id: UUID) -> Line: ...
    def typical_s(self, me: Identity, model: str, profile: str, num_frames: int) -> float | None:
        """Median seconds that such videos took lately, of everybody; None before there were any."""
        ...

    def jobs(
        self, me: Identity, *, project_id: UUID | None = None, limit: int = 50, offset: int = 0
    ) -> list[Job]: ...

    def videos(
        self, me: Identity, *, project_id: UUID | None = None, limit: int = 50, offset: int = 0
    ) -> list[Video]: ...
    def video(self, me: Identity, video_id: UUID) -> Video: ...
    def rename_video(self, me: Identity, video_id: UUID, title: str) -> Video: ...
    def delete_video(self, me: Identity, video_id: UUID, *, undo: bool = False) -> Video: ...

    def pieces(
        self,
        me: Identity,
        *,
        shelf: Shelf | None = None,
        character_id: UUID | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Piece]:
        """The library: one shelf, or all but the deleted; newest first, of one character or all."""
        ...

    def piece_counts(
        self, me: Identity, *, character_id: UUID | None = None
    ) -> Mapping[Shelf, int]: ...
    def put_away(self, me: Identity, job_id: UUID) -> Job:
        """Take a failed or cancelled job out of the library; NotAllowed for any other."""
        ...

    def create_character(
        self, me: Identity, name: str, description: str, tags: Sequence[str]
    ) -> Character: ...
    def change_character(
        self, me: Identity, character_id: UUID, name: str, description: str, tags: Sequence[str]
    ) -> Character: ...
    def characters(self, me: Identity) -> list[Character]: ...
    def delete_character(self, me: Identity, character_id: UUID) -> None: ...


class WorkQueue(Protocol):
    """What a worker may do, and all that it may do."""

    def register(self, card: WorkerCard) -> bool:
        """Tell that the worker lives; True when it should take no more jobs (drain)."""
        ...

    def leave(self, worker: str) -> None: ...

    def claim(self, card: WorkerCard, lease_s: float) -> Lease | None:
        """The next job that `card` can run, fair between users, preferring the loaded model."""
        ...

    def heartbeat(
        self, lease: Lease, lease_s: float, progress: float, stage: str | None, eta_s: float | None
    ) -> Literal["ok", "cancel", "lost"]:
        """Keep the lease and report progress. "lost": stop at once and write nothing."""
        ...

    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
        error_family: str | None = None,
    ) -> bool:
        """The only commit point of an attempt; False when the lease was lost before."""
        ...

    def release(self, lease: Lease) -> bool:
        """Hand the job back as if this attempt had not begun."""
        ...

    def reap(self) -> int:
        """Requeue or fail jobs whose lease has run out; returns how many."""
        ...


class Administration(Operations, Protocol):
    """What only the operator's own processes may do."""

    def add_credits(self, user_id: UUID, amount: int, note: str, key: str) -> int:
        """Grant (or take back) credits once per `key`; returns the balance."""
        ...

    def update_subscription(
        self, user_id: UUID, tier: str, *, period_end: datetime, key: str
    ) -> int:
        """Set the plan and grant its month of credits once per `key`; returns the balance."""
        ...

    def user_by_email(self, email: str) -> Account: ...
    def set_role(self, user_id: UUID, role: str) -> None: ...
    def record_refusal(self, user_id: UUID | None, category: str, prompt_sha256: str) -> None: ...
    def drain(self, worker: str, *, on: bool = True) -> None: ...
    def reap(self) -> int:
        """As `WorkQueue.reap`, for times when no worker is left to do it."""
        ...

    def expired_videos(self, limit: int = 100) -> list[Video]:
        """Videos whose files must go: past their date, or deleted longer ago than undo allows."""
        ...

    def forget_video(self, video_id: UUID) -> None:
        """Delete the row and write the log entry, after the files are gone."""
        ...

    def leftovers(self, limit: int = 100) -> list[Job]:
        """Ended jobs of which files may lie about: lost attempts, failures, old stills."""
        ...

    def tidied(self, job_id: UUID, *, gone: bool) -> None:
        """Note that they were deleted; gone: all of them, else all but the last attempt's."""
        ...

    def holds(self, job_id: UUID, worker: str, attempt: int) -> Lease | None:
        """The running attempt, if this is it: what may be uploaded is decided by it."""
        ...
