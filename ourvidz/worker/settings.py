"""How a worker behaves: where it keeps things, what it offers, and its clocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.job import JobKind

#: What a worker can do today.
RUN_KINDS: tuple[JobKind, ...] = ("enhance", "preview", "video", "stitch")


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """Plain values, so that they can be handed to the child process. Times in seconds.

    scratch_dir: a folder per job, kept for its next attempt. models_dir, device: as for
    `ModelManager`. kinds, models: what is offered. speeds_path: where jobs keep how fast they were;
    None keeps nothing.

    lease_s: how long a claimed job is ours without a sign of life; heartbeat_s: how often we give
    one; fence_s: after so long without an answer the child is killed, before the lease ends.
    poll_s: how long an idle worker waits for the bell before it looks by itself. reap_s: how often
    dead workers' jobs are taken back. register_s: how often we tell the operator that we live.
    grace_s: how long a child may take to cancel.
    scratch_s, scratch_bytes: how old, and together how large, folders of jobs may become.
    """

    scratch_dir: Path
    models: tuple[str, ...] = ("starter",)
    kinds: tuple[JobKind, ...] = RUN_KINDS
    models_dir: Path | None = None
    device: str | None = None
    speeds_path: Path | None = None
    lease_s: float = 60.0
    heartbeat_s: float = 5.0
    fence_s: float = 45.0
    poll_s: float = 15.0
    reap_s: float = 4.0
    register_s: float = 15.0
    grace_s: float = 10.0
    scratch_s: float = 24 * 3600.0
    scratch_bytes: int = 20 * 2**30

    def __post_init__(self) -> None:
        """Refuse clocks that would let two workers run one job.

        >>> WorkerSettings(scratch_dir=Path("scratch"), lease_s=40)
        Traceback (most recent call last):
        ourvidz.domain.errors.InvalidRequest: fence_s: must be above heartbeat_s and below lease_s
        """
        if not 0 < self.heartbeat_s < self.fence_s < self.lease_s:
            raise InvalidRequest("fence_s", "must be above heartbeat_s and below lease_s")

    @classmethod
    def for_lease(
        cls, lease_s: float, scratch_dir: Path, models: tuple[str, ...] = ("starter",)
    ) -> WorkerSettings:
        """All clocks in proportion to the lease, as they are for one of 60 s.

        >>> WorkerSettings.for_lease(6, Path("scratch")).fence_s
        4.5
        """
        return cls(
            scratch_dir=scratch_dir,
            models=models,
            lease_s=lease_s,
            heartbeat_s=lease_s / 12,
            fence_s=lease_s * 0.75,
            poll_s=min(15.0, lease_s / 4),
            reap_s=lease_s / 15,
            register_s=min(15.0, lease_s / 4),
        )
