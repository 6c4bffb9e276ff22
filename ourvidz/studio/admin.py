"""What admins see and do. Who asks is looked up in the database each time, and again by each act
in its own transaction: a role that was taken away is worth nothing at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from ourvidz.domain.account import Identity, Role
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.job import Job, JobState
from ourvidz.domain.library import check_text
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
from ourvidz.studio.door import Studio, admit, as_id, check_page

MAX_GRANT = 10_000
MAX_NOTE_CHARS = 200
MAX_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Now:
    """How things stand at this moment. log: what admins did lately."""

    queues: list[Queue]
    workers: list[WorkerState]
    alerts: list[Alert]
    log: list[Alert]
    today: list[KindFigures]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How things went in the last days."""

    kinds: list[KindFigures]
    days: list[Day]
    refused: list[Refused]


def now(me: Identity, studio: Studio) -> Now:
    """Line, workers, alerts, and the figures of the last 24 hours."""
    _admit(me, studio)
    office = studio.administration
    return Now(
        queues=office.queues(),
        workers=office.workers(),
        alerts=office.alerts(),
        log=office.admin_log(limit=20),
        today=office.figures(1),
    )


def jobs(
    me: Identity, studio: Studio, *, state: JobState | None = None, limit: int = 50, offset: int = 0
) -> list[JobView]:
    """Everybody's jobs, newest first, without their words."""
    _admit(me, studio)
    check_page(limit, offset)
    return studio.administration.all_jobs(state=state, limit=limit, offset=offset)


def people(me: Identity, studio: Studio, search: str = "", *, limit: int = 50) -> list[Person]:
    """Accounts with `search` in their address, newest first."""
    _admit(me, studio)
    check_page(limit)
    check_text("search", search, 254)
    return studio.administration.people(search.strip(), limit=limit)


def figures(me: Identity, studio: Studio, days: int) -> Figures:
    """Success, times, refusals and videos of the last `days`."""
    _admit(me, studio)
    if not 1 <= days <= MAX_DAYS:
        raise InvalidRequest("days", f"must be 1 to {MAX_DAYS}")
    office = studio.administration
    return Figures(
        kinds=office.figures(days), days=office.daily(days), refused=office.refused(days)
    )


def grant(
    me: Identity, studio: Studio, user_id: UUID | str, amount: int | str, note: str, key: UUID | str
) -> int:
    """Give credits, or take them back, once per `key`; returns the balance.

    note: its owner reads it in the ledger. Raises NotEnoughCredits when less is there to take.
    """
    _admit(me, studio, writes=True)
    try:
        credits = int(str(amount).strip())
    except ValueError:
        credits = 0
    if credits == 0 or abs(credits) > MAX_GRANT:
        raise InvalidRequest("credits", f"must be a whole number up to {MAX_GRANT}, and not 0")
    if not note.strip():
        raise InvalidRequest("note", "is empty; say why, its owner reads it")
    check_text("note", note, MAX_NOTE_CHARS)
    return studio.administration.grant(
        me.user_id, as_id(user_id), credits, note.strip(), as_id(key)
    )


def change_role(me: Identity, studio: Studio, user_id: UUID | str, role: str) -> None:
    """Make someone else an admin, or a user again."""
    _admit(me, studio, writes=True)
    if role not in get_args(Role):
        raise InvalidRequest("role", f"must be one of {', '.join(get_args(Role))}")
    studio.administration.change_role(me.user_id, as_id(user_id), role)


def drain(me: Identity, studio: Studio, worker: str, *, on: bool) -> None:
    """Let a worker finish its job and take no more, or take jobs again."""
    _admit(me, studio, writes=True)
    check_text("worker", worker, 100)
    studio.administration.set_drain(me.user_id, worker, on=on)


def retry(me: Identity, studio: Studio, job_id: UUID | str) -> Job:
    """Order a failed job once more, at no cost for its owner."""
    _admit(me, studio, writes=True)
    job = studio.administration.retry(me.user_id, as_id(job_id))
    if job.state == "queued":
        studio.live.ring(job.model)
    return job


def close_alert(me: Identity, studio: Studio, alert_id: int | str) -> None:
    """Somebody has seen to it."""
    _admit(me, studio, writes=True)
    text = str(alert_id)
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotAllowed
    studio.administration.resolve(me.user_id, int(text))


def _admit(me: Identity, studio: Studio, *, writes: bool = False) -> None:
    admit(me, studio, "write" if writes else None)
    if studio.records.account(me).role != "admin":
        raise NotAllowed
