"""The lease of one attempt, kept alive by a thread of its own."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from types import TracebackType
from typing import Literal, Self

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.job import Lease
from ourvidz.ports import WorkQueue
from ourvidz.worker.settings import WorkerSettings
from ourvidz.worker.waker import Waker

log = logging.getLogger(__name__)

#: While the database is away it is asked that often.
_AWAY_S = 1.0


class Heart:
    """Beats while this context is open. claimed_at: `monotonic()` before the lease was given.

    answer: what the database last said. The database may be away; then beats fail and
    `silent_s` grows until whoever watches must let go.
    """

    def __init__(
        self, queue: WorkQueue, lease: Lease, settings: WorkerSettings, claimed_at: float,
        waker: Waker,
    ) -> None:  # fmt: skip
        self._queue, self._lease, self._settings, self._waker = queue, lease, settings, waker
        self._over, self._called = threading.Event(), threading.Event()
        self._beat_at = claimed_at
        self._known: tuple[float, str | None, float | None] = (0.0, None, None)
        self._thread = threading.Thread(target=self._beat_on, name="heart", daemon=True)
        self.answer: Literal["ok", "cancel", "lost"] = "ok"

    @property
    def silent_s(self) -> float:
        """Seconds since a beat was sent that the database answered."""
        return monotonic() - self._beat_at

    @property
    def lost(self) -> bool:
        """Whether the lease is gone, or so near its end that it must be treated as gone."""
        return self.answer == "lost" or self.silent_s > self._settings.fence_s

    def tell(self, progress: float, stage: str | None, eta_s: float | None) -> None:
        """What the next beat reports."""
        self._known = (progress, stage, eta_s)

    def hurry(self) -> None:
        """Beat at once: someone says that the answer has changed."""
        self._called.set()

    def beat(self) -> bool:
        """Ask the database now; False when it is away."""
        sent_at = monotonic()
        try:
            answer = self._queue.heartbeat(self._lease, self._settings.lease_s, *self._known)
        except Unavailable as error:
            log.warning("job %s: no heartbeat: %s", self._lease.job.id, error.in_full)
            return False
        except Exception:  # it must go on: without it a job that runs well is lost
            log.exception("job %s: no heartbeat: internal error", self._lease.job.id)
            return False
        self._beat_at = max(self._beat_at, sent_at)
        if answer != "ok":
            self.answer = answer
            self._waker.poke()
        return True

    def __enter__(self) -> Self:
        """Begin to beat."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Beat no more; one beat may still be on its way, which does no harm."""
        self._over.set()
        self._called.set()

    def _beat_on(self) -> None:
        pause_s = self._settings.heartbeat_s
        while self.answer != "lost":
            self._called.wait(pause_s)
            self._called.clear()
            if self._over.is_set():
                return
            is_there = self.beat()
            pause_s = self._settings.heartbeat_s if is_there else min(_AWAY_S, pause_s)
