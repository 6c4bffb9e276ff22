"""What the operator sees: the line, the workers, the people, and how well it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from ourvidz.domain.account import Role
from ourvidz.domain.job import JobKind, JobState

#: Seconds without a sign of life after which a worker counts as lost.
LOST_AFTER_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One kind of job on one model. oldest_s, running_s: how long the longest has waited or run."""

    kind: JobKind
    model: str
    waiting: int
    running: int
    oldest_s: float
    running_s: float


@dataclass(frozen=True, kw_only=True)
class WorkerState:
    """A worker as it last told. loaded: model in memory. silent_s: since its last sign of life."""

    id: str
    hostname: str
    device: str
    memory_bytes: int
    models: tuple[str, ...]
    loaded: str | None
    job_id: UUID | None
    drain: bool
    started_at: datetime
    silent_s: float

    @property
    def is_lost(self) -> bool:
        """Whether it has been silent for too long."""
        return self.silent_s > LOST_AFTER_S


@dataclass(frozen=True, kw_only=True)
class JobView:
    """A job without its words, which are its owner's alone. again: whether it was tried again."""

    id: UUID
    email: str
    kind: JobKind
    state: JobState
    model: str
    cost: int
    attempts: int
    max_attempts: int
    worker: str | None
    error: str | None
    error_family: str | None
    again: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def can_retry(self) -> bool:
        """Failed, not by the rules, and not tried again yet."""
        return self.state == "failed" and self.error_family != "PolicyRefused" and not self.again


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account, and how much it is used. videos: delivered so far."""

    user_id: UUID
    email: str
    role: Role
    tier: str
    credits: int
    videos: int
    refusals: int
    created_at: datetime
    last_job_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something to look at; kind "admin" is the log of what admins did."""

    id: int
    kind: str
    text: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class KindFigures:
    """How jobs of one kind ended. Seconds of those that succeeded; None where there were none.

    machine_s: seconds that machines worked on them, whatever the end.
    """

    kind: JobKind
    succeeded: int
    failed: int
    cancelled: int
    wait_p50_s: float | None
    wait_p95_s: float | None
    run_p50_s: float | None
    run_p95_s: float | None
    machine_s: float
    credits: int

    @property
    def success(self) -> float | None:
        """Share of those not cancelled, 0 to 1."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None


@dataclass(frozen=True, kw_only=True)
class Day:
    """Videos of one day (UTC), and the seconds that rendering them took."""

    day: date
    succeeded: int
    failed: int
    cancelled: int
    credits: int
    run_p50_s: float | None
    run_p95_s: float | None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """How often one rule refused, and how many accounts it met."""

    category: str
    refusals: int
    people: int


def cost_per_video(figures: list[KindFigures], dollars_per_hour: float) -> float | None:
    """Dollars of machine time for each delivered video: all work counts, also what failed.

    >>> cost_per_video([], 1.0) is None
    True
    """
    videos = sum(one.succeeded for one in figures if one.kind == "video")
    hours = sum(one.machine_s for one in figures) / 3600
    return hours * dollars_per_hour / videos if videos else None
