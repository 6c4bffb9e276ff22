"""The walls of the studio and the worker: what they need, whoever gives it.

Every protocol has one contract suite, run on each of its implementations. All of them raise
`Unavailable` when their server can not be reached, and nothing else that is not in
`domain.errors`. Threads may share every object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol
from uuid import UUID

from ourvidz.domain.account import Account, Identity, LedgerEntry
from ourvidz.domain.job import Job, Lease, Line, NewJob, Outcome, WorkerCard
from ourvidz.domain.library import Character, Project, Video
from ourvidz.domain.media import UploadTarget

# --- Records: Postgres, the truth -----------------------------------------------------------


class Records(Protocol):
    """What a signed-in person may read and change, one transaction a call.

    The database checks every row against `me` again. NotAllowed for what is not theirs or does
    not exist: the answer is the same.
    """

    def account(self, me: Identity) -> Account: ...
    def ledger(
        self, me: Identity, *, limit: int = 50, before: int | None = None
    ) -> list[LedgerEntry]: ...
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
    def jobs(
        self, me: Identity, *, project_id: UUID | None = None, limit: int = 50, offset: int = 0
    ) -> list[Job]: ...

    def videos(
        self, me: Identity, *, project_id: UUID | None = None, limit: int = 50, offset: int = 0
    ) -> list[Video]: ...
    def video(self, me: Identity, video_id: UUID) -> Video: ...
    def rename_video(self, me: Identity, video_id: UUID, title: str) -> Video: ...
    def delete_video(self, me: Identity, video_id: UUID, *, undo: bool = False) -> Video: ...

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


class Administration(Protocol):
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

    def holds(self, job_id: UUID, worker: str, attempt: int) -> Lease | None:
        """The running attempt, if this is it: what may be uploaded is decided by it."""
        ...


# --- Media: files -----------------------------------------------------------------------------


class Media(Protocol):
    """Private files by key ("bucket/path"), under the rules of `domain.media`.

    InvalidRequest for a bad key, type or size; NotAllowed for a key that does not exist.
    """

    def put(self, key: str, path: Path, content_type: str) -> None:
        """Store a file; replaces nothing half: readers see the old file, the new one, or none."""
        ...

    def get(self, key: str, path: Path) -> None:
        """Fetch a file to `path`, which appears complete or not at all."""
        ...

    def url(self, key: str, *, expires_s: int = 300, download: str | None = None) -> str:
        """A signed link that works with Range; download: name under which it is saved."""
        ...

    def upload_target(self, key: str, content_type: str) -> UploadTarget: ...

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files; those that are gone already are no error."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """All keys below "bucket/folder/": what to delete with an account."""
        ...


class Courier(Protocol):
    """How a worker gets and gives files, holding no key of the storage.

    Where it runs beside the storage it signs itself; elsewhere it asks the app, which looks
    whether the lease holds and hands out links for exactly this attempt.
    """

    def fetch(self, lease: Lease, key: str, path: Path) -> None: ...
    def deliver(self, lease: Lease, bucket: str, path: Path, content_type: str) -> str:
        """Upload a file of this attempt; returns its key. Resumes after a dropped connection."""
        ...


# --- Live: what may be lost at any time ------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A live picture of a running job, JPEG, with its progress as JSON values."""

    jpeg: bytes | None
    progress: Mapping[str, Any]


class Live(Protocol):
    """Bells, progress, preview frames, cancel and rate limits.

    Nothing here is the only copy of anything. When the server is gone nothing raises: bells are
    lost (workers poll), progress is empty, and rate limits are kept in this process.
    """

    def ring(self, model: str) -> None:
        """Wake a worker that runs `model`."""
        ...

    def wait(self, models: Sequence[str], timeout_s: float) -> bool:
        """Sleep until a bell for one of `models` rings; False after `timeout_s`."""
        ...

    def publish(
        self, job_id: UUID, progress: Mapping[str, Any], jpeg: bytes | None = None
    ) -> None: ...
    def watch(self, job_id: UUID) -> Frame | None: ...
    def request_cancel(self, job_id: UUID) -> None: ...
    def cancel_requested(self, job_id: UUID) -> bool: ...

    def allow(self, what: str, who: str, *, limit: int, per_s: int) -> float:
        """0.0 when `who` may do `what` once more, else the seconds to wait."""
        ...


# --- Auth -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a sign-in gives. The refresh token works once; neither ever reaches a browser."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    identity: Identity


class Auth(Protocol):
    """Sign-in by e-mail and password, by the GoTrue protocol in both modes.

    InvalidRequest for a weak password or a bad address, NotAllowed for wrong credentials (the same
    text for unknown addresses), codes and tokens, and for who tries too often. ip: the person's.
    """

    async def sign_up(self, email: str, password: str, *, ip: str = "") -> Tokens: ...
    async def sign_in(self, email: str, password: str, *, ip: str = "") -> Tokens: ...
    async def refresh(self, refresh_token: str) -> Tokens:
        """Rotate. A token used again after 10 s ends all sessions of its family."""
        ...

    async def sign_out(self, access_token: str, *, everywhere: bool = False) -> None: ...
    async def send_recovery(self, email: str, *, ip: str = "") -> None: ...
    async def recover(self, email: str, code: str, password: str, *, ip: str = "") -> Tokens: ...

    # `tokens` must be good for 30 s more. A new password ends the person's other sessions, a
    # confirmed address all old tokens of this one.
    async def change_password(self, tokens: Tokens, new_password: str) -> None: ...
    async def send_email_change(self, tokens: Tokens, new_email: str) -> None: ...
    async def confirm_email_change(self, tokens: Tokens, new_email: str, code: str) -> Tokens: ...

    def verify(self, access_token: str) -> Identity:
        """Check signature (ES256 by JWKS), expiry, issuer, audience and role; no round trip."""
        ...

    async def verify_live(self, access_token: str) -> Identity:
        """As `verify`, and the session still exists: before money, e-mail and passwords."""
        ...

    async def delete_user(self, user_id: UUID) -> None: ...


class Mailbox(Protocol):
    """Where codes are sent when the app itself must deliver them (embedded)."""

    def send(self, to: str, subject: str, text: str) -> None: ...


# --- Safety -------------------------------------------------------------------------------------


class Policy(Protocol):
    """Judges words before any GPU work."""

    def check(
        self,
        texts: Sequence[str],
        *,
        negative_prompt: str = "",
        adult_verified: bool = False,
        has_reference_image: bool = False,
    ) -> None:
        """Return when all is well; PolicyRefused otherwise, errors included (fail closed).

        texts: everything of one film is judged together: prompt, enhanced prompt, scenes,
        character descriptions.
        """
        ...
