"""What a worker does every few seconds, whether it runs a job or not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.job import WorkerCard
from ourvidz.worker.tools import Tools

log = logging.getLogger(__name__)

_SWEEP_S = 600.0


class Housekeeper:
    """Signs the worker on again and again, puts dead workers' jobs back, sweeps old folders.

    draining: the operator wants this worker to take no more jobs.
    """

    def __init__(self, tools: Tools, card: Callable[[], WorkerCard]) -> None:
        self._tools, self._card = tools, card
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="housekeeper", daemon=True)
        self._swept_at = 0.0
        self.draining = False

    def start(self) -> None:
        """Begin; the thread ends with `stop` or the process."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for what is being done: afterwards nobody signs this worker on again."""
        self._over.set()
        self._thread.join(self._tools.settings.housekeeping_s)

    def register(self) -> None:
        """Sign on, and hear whether to drain. Raises Unavailable."""
        draining = self._tools.queue.register(self._card())
        if draining != self.draining:
            log.info("takes no more jobs" if draining else "takes jobs again")
        self.draining = draining

    def _keep(self) -> None:
        while not self._over.wait(self._tools.settings.housekeeping_s):
            try:
                self.register()
                if reaped := self._tools.queue.reap():
                    log.warning("%d jobs of workers that died were taken back", reaped)
            except Unavailable as error:
                log.warning("housekeeping: %s", error)
            if monotonic() - self._swept_at > _SWEEP_S:
                self._swept_at = monotonic()
                self._tools.folders.sweep()
