"""What is being made: how far it is, how long it will take, and stopping it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job
from ourvidz.ports import Frame
from ourvidz.studio.door import Studio, admit, as_id, check_page

T = TypeVar("T")

_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Status:
    """A job and what is known about it at this moment.

    progress: 0 to 1. stage: what is being done. ahead: jobs before it while it waits, else 0.
    workers: alive and able to run it; 0 means that nothing will happen until one starts.
    eta_s: seconds until it is done, waiting included; None when nobody can know yet.
    jpeg: the newest picture of what is being made, while it is being made.
    """

    job: Job
    progress: float
    stage: str | None
    ahead: int
    workers: int | None
    eta_s: float | None
    jpeg: bytes | None


def status(me: Identity, studio: Studio, job_id: UUID | str) -> Status:
    """How one job stands: the database says what is true, the live progress what is new."""
    admit(me, studio)
    job = studio.records.job(me, as_id(job_id))
    if job.state == "queued":
        return _waiting(me, studio, job)
    frame = studio.live.watch(job.id) if job.state == "running" else None
    if frame and frame.progress.get("attempt", job.attempts) != job.attempts:
        frame = None  # of an attempt that was lost
    news: Mapping[str, Any] = frame.progress if frame else {}
    return Status(
        job=job,
        progress=1.0 if job.state == "succeeded" else max(job.progress, _number(news, "progress")),
        stage=str(news["stage"])[:40] if news.get("stage") else job.stage,
        ahead=0,
        workers=None,
        eta_s=_left_s(me, studio, job, news),
        jpeg=_picture(frame),
    )


def job(me: Identity, studio: Studio, job_id: UUID | str) -> Job:
    """One job as the database has it."""
    admit(me, studio)
    return studio.records.job(me, as_id(job_id))


def jobs(
    me: Identity,
    studio: Studio,
    *,
    project_id: UUID | str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Job]:
    """One's jobs, newest first, of one project or of all."""
    admit(me, studio)
    check_page(limit, offset)
    wanted = None if project_id is None else studio.records.project(me, as_id(project_id)).id
    return studio.records.jobs(me, project_id=wanted, limit=limit, offset=offset)


def cancel(me: Identity, studio: Studio, job_id: UUID | str) -> Job:
    """Stop a job: at once when it waits, within a few seconds when it runs.

    What was reserved for it comes back. Cancelling what has ended changes nothing.
    """
    admit(me, studio)
    found = studio.records.job(me, as_id(job_id))
    making = studio.records.takes(me, found.id) if found.kind == "film" else []
    cancelled = studio.records.cancel(me, found.id)
    if not cancelled.is_final:
        studio.live.request_cancel(found.id)
    for take in making:
        if take.state == "running" and cancelled.state == "cancelled":
            studio.live.request_cancel(take.job_id)
    return cancelled


def everything(page: Callable[[int, int], list[T]]) -> Iterator[T]:
    """All rows of a listing; page: called with a limit and an offset."""
    offset = 0
    while rows := page(_PAGE, offset):
        yield from rows
        if len(rows) < _PAGE:
            return
        offset += _PAGE


def _waiting(me: Identity, studio: Studio, job: Job) -> Status:
    line = studio.records.line(me, job.id)
    eta_s = None
    if line.typical_s is not None and line.workers:
        # Those before it are shared out among the workers, then it runs itself.
        eta_s = line.typical_s * (line.ahead / line.workers + 1)
    return Status(
        job=job,
        progress=0.0,
        stage=None,
        ahead=line.ahead,
        workers=line.workers,
        eta_s=eta_s,
        jpeg=None,
    )


def _left_s(me: Identity, studio: Studio, job: Job, news: Mapping[str, Any]) -> float | None:
    """By its own pace; before it has one, by what such jobs took lately."""
    if job.state != "running":
        return None
    measured: float | None = _number(news, "eta_s", job.eta_s)
    if measured is not None or job.started_at is None:
        return measured
    typical_s = studio.records.line(me, job.id).typical_s
    left_s = (typical_s or 0.0) - (datetime.now(UTC) - job.started_at).total_seconds()
    return left_s if left_s > 0 else None  # it takes longer than those did


def _picture(frame: Frame | None) -> bytes | None:
    return frame.jpeg if frame else None


def _number(news: Mapping[str, Any], name: str, otherwise: Any = 0.0) -> Any:
    """What may be lost may be wrong too: a number, or what is known otherwise."""
    value = news.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return float(value)
