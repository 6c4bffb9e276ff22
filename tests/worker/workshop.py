"""A worker on real servers, and what its tests need to see what it did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.fleet import AllowAll, FragileCourier, ScriptRunner
from ourvidz.backends.embedded.direct_courier import DirectCourier
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.redis import RedisLive
from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job
from ourvidz.ports import WorkQueue
from ourvidz.worker import Worker, WorkerSettings
from ourvidz.worker.runner import PolicyFactory, RunnerFactory
from tests.backends.postgres.house import House

#: Enough for a busy machine with two cores.
PATIENCE_S = 60.0


@dataclass
class Workshop:
    """house: the database and its people. folder: scratch, media and the storage's switch."""

    house: House
    live: RedisLive
    folder: Path
    settings: WorkerSettings
    queue: WorkQueue
    policy: PolicyFactory = AllowAll
    runner: RunnerFactory = ScriptRunner
    me: Identity = field(init=False)

    def __post_init__(self) -> None:
        self.me = self.house.person(50)
        self.settings.scratch_dir.mkdir(parents=True, exist_ok=True)

    @property
    def media(self) -> LocalMedia:
        return LocalMedia(self.folder / "media", b"only for tests, 32 bytes or more", "http://x")

    @property
    def storage_switch(self) -> Path:
        """While this file is there the storage refuses."""
        return self.folder / "media" / "refuses"

    def worker(self) -> Worker:
        courier = FragileCourier(DirectCourier(self.media), self.storage_switch)
        return Worker(
            self.queue, self.live, courier, self.policy, self.settings, runner=self.runner
        )

    @contextmanager
    def working(self, worker: Worker | None = None) -> Iterator[Worker]:
        """The worker in a thread, until this context is left."""
        worker = worker or self.worker()
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield worker
        finally:
            worker.stop()
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "the worker does not stop"

    def order(self, prompt: str, kind: str = "video", **params: Any) -> Job:
        params = {"prompt": prompt, "num_frames": 80} | params
        return self.order_params(kind, {"prompt": prompt} if kind == "enhance" else params)

    def order_params(self, kind: str, params: dict[str, Any]) -> Job:
        job = self.house.order(self.me, kind, params=params)
        self.live.ring("starter")
        return job

    def job(self, job: Job) -> Job:
        return self.house.records.job(self.me, job.id)

    def until(self, job: Job, *states: str) -> Job:
        """The job, once it is in one of the states."""

        def look() -> Job | None:
            now = self.job(job)
            return now if now.state in states else None

        return self.wait_for(look, job)

    def ended(self, job: Job) -> Job:
        return self.until(job, "succeeded", "failed", "cancelled")

    def wait_for(self, look: Callable[[], Any], about: object = "") -> Any:
        until = time.monotonic() + PATIENCE_S
        while not (found := look()):
            assert time.monotonic() < until, f"it does not happen: {about}"
            time.sleep(0.02)
        return found

    def starts(self, job: Job) -> list[int]:
        """The attempts in which a runner began this job, in order."""
        return [attempt for id, attempt, _ in self.journal() if id == job.id]

    def pids(self, job: Job) -> list[int]:
        """The processes in which this job was begun."""
        return [pid for id, _, pid in self.journal() if id == job.id]

    def journal(self) -> list[tuple[UUID, int, int]]:
        path = self.settings.scratch_dir / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(UUID(a), int(b), int(c)) for a, b, c, _ in (line.split() for line in lines)]

    @property
    def credits(self) -> int:
        return self.house.records.account(self.me).credits

    def files(self, job: Job) -> list[str]:
        """Names of what is stored for a job, below its bucket and user."""
        root = self.folder / "media"
        return sorted(str(p.relative_to(root)) for p in root.rglob("*")
                      if p.is_file() and str(job.id) in str(p))  # fmt: skip
