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
_STOP_S = 5.0
#: Bells for jobs taken back: more workers than that are seldom asleep at once.
_BELLS = 4


class Housekeeper:
    """Signs the worker on again and again, puts dead workers' jobs back, sweeps old folders.

    draining: the operator wants this worker to take no more jobs.
    """

    def __init__(self, tools: Tools, card: Callable[[], WorkerCard]) -> None:
        self._tools, self._card = tools, card
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="housekeeper", daemon=True)
        self._swept_at = self._registered_at = 0.0
        self.draining = False

    def start(self) -> None:
        """Begin; the thread ends with `stop` or the process."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for what is being done: afterwards nobody signs this worker on again."""
        self._over.set()
        self._thread.join(_STOP_S)

    def register(self) -> None:
        """Sign on, and hear whether to drain. Raises Unavailable."""
        draining = self._tools.queue.register(self._card())
        if draining != self.draining:
            log.info("takes no more jobs" if draining else "takes jobs again")
        self.draining, self._registered_at = draining, monotonic()

    def _keep(self) -> None:
        settings = self._tools.settings
        while not self._over.wait(settings.reap_s):
            try:
                if monotonic() - self._swept_at > _SWEEP_S:
                    self._swept_at = monotonic()
                    self._tools.folders.sweep()
                if monotonic() - self._registered_at >= settings.register_s:
                    self.register()
                self._reap()
            except Unavailable as error:
                log.warning("housekeeping: %s", error)
            except Exception:  # it must go on: without it nobody hears that this worker lives
                log.exception("housekeeping: internal error")

    def _reap(self) -> None:
        tools = self._tools
        if reaped := tools.queue.reap():
            log.warning("%d jobs of workers that died were taken back", reaped)
            for model in tools.settings.models * min(reaped, _BELLS):
                tools.live.ring(model)
