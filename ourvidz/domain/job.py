"""One piece of work in the queue: what it is, where it stands, how long it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, get_args
from uuid import UUID

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.media import split_key
from ourvidz.domain.progress import Stage

JobKind = Literal["enhance", "preview", "video", "stitch", "character", "film"]
#: queued -> running -> succeeded | failed | cancelled; running -> queued when an attempt is lost.
#: waiting: for other jobs, so that no worker can take it; a film waits for its clips.
JobState = Literal["waiting", "queued", "running", "succeeded", "failed", "cancelled"]
#: How an attempt ended: "retry" puts the job back while attempts are left, else it has failed.
Outcome = Literal["succeeded", "failed", "cancelled", "retry"]

FINAL: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})
KINDS: tuple[JobKind, ...] = get_args(JobKind)

#: Seconds after which an attempt is stopped, whatever it is doing.
HARD_LIMIT_S: Mapping[JobKind, float] = MappingProxyType(
    {
        "enhance": 300,
        "preview": 600,
        "video": 3600,
        "stitch": 3600,
        "character": 600,
        "film": 3600,
    }
)


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """What is handed to the queue.

    params: JSON values, see `domain.orders`. model: family that runs it. idempotency_key: the
    same one again gives the same job and charges nothing.
    """

    kind: JobKind
    params: Mapping[str, Any]
    model: str
    idempotency_key: str
    project_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as the database has it.

    cost: credits reserved for it. attempts: begun so far. progress: 0 to 1, of the whole job;
    eta_s: seconds left when it was last reported. error: for the user, with what to do next;
    error_family: class name in `domain.errors`, or "internal". result: JSON values. parent_id:
    the film, or the first picture of the scene, that it is made for. storyboard_id: of its film.
    """

    id: UUID
    user_id: UUID
    project_id: UUID | None
    kind: JobKind
    state: JobState
    model: str
    params: Mapping[str, Any]
    cost: int
    attempts: int
    max_attempts: int
    cancel_requested: bool
    progress: float
    stage: Stage | None
    eta_s: float | None
    error: str | None
    error_family: str | None
    result: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    parent_id: UUID | None = None
    storyboard_id: UUID | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in FINAL


@dataclass(frozen=True, kw_only=True)
class Line:
    """Where a job stands. ahead: jobs before it. workers: alive and able to run it.

    typical_s: median seconds that such jobs took lately, None before there were any.
    """

    ahead: int
    workers: int
    typical_s: float | None


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to run one attempt: whoever holds another (worker, attempt) writes nothing."""

    job: Job
    worker: str
    attempt: int

    @property
    def folder(self) -> str:
        """Where this attempt's files go in a bucket: nobody else writes there."""
        return f"{self.job.user_id}/{self.job.id}/a{self.attempt}"

    def key(self, bucket: str, name: str) -> str:
        """The key of this attempt's file `name`.

        InvalidRequest for a public bucket, and for names that leave the folder.
        """
        key = f"{bucket}/{self.folder}/{name}"
        place = split_key(key)[0]
        if "/" in name or place.name != bucket or place.public:
            raise InvalidRequest("key", "is not one that a worker may write")
        return key

    def reads(self, key: str) -> bool:
        """Whether this attempt needs the file `key`: its params name it and its user owns it."""
        is_named = key in keys_of(self.job.params)
        return is_named and key.partition("/")[2].startswith(f"{self.job.user_id}/")


@dataclass(frozen=True, kw_only=True)
class WorkerCard:
    """What a worker tells about itself. models: families it can run; loaded: the one in memory."""

    id: str
    hostname: str
    device: str
    memory_bytes: int
    kinds: tuple[JobKind, ...]
    models: tuple[str, ...]
    loaded: str | None = None


def keys_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    """All files that a job's params name.

    >>> keys_of({"image_key": "a/b", "clip_keys": ["c/d", "e/f"], "prompt": "a cat"})
    ('a/b', 'c/d', 'e/f')
    """
    found: list[Any] = [value for name, value in params.items() if name.endswith("_key")]
    for name, value in params.items():
        if name.endswith("_keys") and isinstance(value, list | tuple):
            found += value
    return tuple(key for key in found if isinstance(key, str))
