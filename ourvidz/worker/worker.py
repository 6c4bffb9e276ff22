"""The parent process: claims jobs, one at a time, and keeps house while they run."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from types import FrameType
from uuid import uuid4

from ourvidz.domain.errors import Unavailable, WorkerRefused
from ourvidz.domain.job import Lease, WorkerCard
from ourvidz.ports import Courier, Live, WorkQueue
from ourvidz.worker.attempt import Attempt
from ourvidz.worker.child import Child
from ourvidz.worker.folders import Folders
from ourvidz.worker.housekeeper import Housekeeper
from ourvidz.worker.messages import Ready
from ourvidz.worker.runner import PipelineRunner, PolicyFactory, RunnerFactory
from ourvidz.worker.settings import WorkerSettings
from ourvidz.worker.tools import Tools

log = logging.getLogger(__name__)

#: Pauses while the database or what jobs need is away, or the child does not come up; longer each
#: time.
_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 15.0)


class Worker:
    """Claims jobs and runs them until it is told to stop.

    policy_factory: makes the policy inside the child, before any job; when it raises, the worker
    takes no job. runner: what the child runs; both must be picklable. id: how the database calls
    this worker.
    """

    def __init__(
        self,
        queue: WorkQueue,
        live: Live,
        courier: Courier,
        policy_factory: PolicyFactory,
        settings: WorkerSettings,
        *,
        runner: RunnerFactory = PipelineRunner,
    ) -> None:
        self.id = f"{socket.gethostname()[:40]}-{uuid4().hex[:8]}"
        self._settings = settings
        self._tools = Tools(
            queue=queue,
            live=live,
            courier=courier,
            settings=settings,
            child=Child(partial(runner, settings, policy_factory)),
            folders=Folders(settings.scratch_dir, settings.scratch_s, settings.scratch_bytes),
        )
        self._house: Housekeeper | None = None
        self._loaded: str | None = None
        self._device: str | None = None
        self._is_let_in = False
        self._refusal: WorkerRefused | None = None
        self._troubles = 0

    def run(self) -> None:
        """Work until `stop` or SIGTERM. Returns with no child left and the worker signed off.

        Raises WorkerRefused, as orderly, once the app does not let this worker carry files.

        Called in the main thread it handles SIGTERM and SIGINT: the first one hands the job back
        and stops, a second one ends the process at once.
        """
        tools = self._tools
        with self._handled_signals():
            try:
                while not tools.stopping.is_set():
                    self._turn()
            finally:
                tools.child.kill()
                if self._house:
                    self._house.stop()
        try:
            tools.queue.leave(self.id)
        except Unavailable as error:
            log.warning("could not sign off: %s", error)
        if self._refusal:
            raise self._refusal

    def stop(self) -> None:
        """Hand the running job back and let `run` return; from any thread or signal handler."""
        self._tools.stopping.set()
        self._tools.waker.poke()

    def _turn(self) -> None:
        """Start a child, or wait for it, or run one job, or sleep until there may be one."""
        tools = self._tools
        ready = tools.child.ready
        if ready is None or tools.child.pid is None:
            return self._raise_child()
        try:
            self._knock()
            house = self._keep_house(ready)
            if house.draining or not tools.folders.has_room():
                tools.stopping.wait(self._settings.poll_s)  # bells are for those who can work
                return
            claimed_at = monotonic()
            lease = tools.queue.claim(self._card(ready), self._settings.lease_s)
        except Unavailable as error:
            return self._pause(f"no job can be claimed: {error.in_full}")
        except WorkerRefused as error:
            return self._give_up(error)
        if lease is None:
            self._troubles = 0
            return self._sleep()
        self._work(lease, claimed_at)

    def _work(self, lease: Lease, claimed_at: float) -> None:
        log.info("job %s: attempt %d of a %s", lease.job.id, lease.attempt, lease.job.kind)
        attempt = Attempt(lease, self._tools, claimed_at)
        attempt.run()
        self._loaded = attempt.loaded
        self._is_let_in = attempt.is_served
        if attempt.refusal:
            return self._give_up(attempt.refusal)
        if attempt.is_away:  # and so it may be for every job in line
            return self._pause("what the job needs is away")
        self._troubles = 0

    def _knock(self) -> None:
        """Before the first job, and after one whose files could not be carried: else a wrong token,
        or an app that is away, would cost each job in line some of its attempts.
        """
        if not self._is_let_in:
            self._tools.courier.knock()
            self._is_let_in = True

    def _give_up(self, refusal: WorkerRefused) -> None:
        self._refusal = refusal
        self.stop()

    def _raise_child(self) -> None:
        """Start the child early, so that its imports cost no job any time, and wait for it."""
        child = self._tools.child
        if child.pid is None:
            child.start()
            log.info("the GPU process %s starts", child.pid)
        while child.ready is None and not self._tools.stopping.is_set():
            self._tools.waker.rest()
            if None in child.messages(1.0, [self._tools.waker]):
                how = child.kill()
                return self._pause(f"the GPU process could not start ({how})")
        if child.ready:
            self._device = self._device or child.ready.device
            if child.ready.device != self._device:
                # A card was lost: what is offered needs it, and every job would fail here.
                child.kill()
                return self._pause(f"the GPU process has come up without {self._device}")
            self._troubles = 0
            log.info("worker %s is ready on %s", self.id, child.ready.device)

    def _keep_house(self, ready: Ready) -> Housekeeper:
        """Sign on, the first time and after a child with other means."""
        if self._house is None:
            self._house = Housekeeper(self._tools, lambda: self._card(ready))
            try:
                self._house.register()
            except Unavailable:
                self._house = None
                raise
            self._house.start()
        return self._house

    def _card(self, ready: Ready) -> WorkerCard:
        return WorkerCard(
            id=self.id,
            hostname=socket.gethostname(),
            device=ready.device,
            memory_bytes=ready.memory_bytes,
            kinds=self._settings.kinds,
            models=self._settings.models,
            loaded=self._loaded,
        )

    def _sleep(self) -> None:
        """Until a bell rings, the time to look by oneself has come, or the child has died.

        The bell is waited for in a thread, which ends with it: a worker that runs a job must not
        take bells from those that could.
        """
        tools, heard = self._tools, threading.Event()

        def listen() -> None:
            try:
                tools.live.wait(self._settings.models, self._settings.poll_s)
            finally:
                heard.set()
                tools.waker.poke()

        threading.Thread(target=listen, name="ear", daemon=True).start()
        until = monotonic() + 2 * self._settings.poll_s  # should the ear be deaf
        while not (heard.is_set() or tools.stopping.is_set() or monotonic() > until):
            if None in tools.child.messages(until - monotonic(), [tools.waker]):
                log.error("the GPU process died while it was idle (%s)", tools.child.kill())
                return
            tools.waker.rest()

    def _pause(self, why: str) -> None:
        pause_s = _PAUSES_S[min(self._troubles, len(_PAUSES_S) - 1)]
        self._troubles += 1
        log.warning("%s; trying again in %g s", why, pause_s)
        self._tools.stopping.wait(pause_s)

    @contextmanager
    def _handled_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def told(number: int, frame: FrameType | None) -> None:
            if self._tools.stopping.is_set():
                self._tools.child.kill()
                os._exit(128 + number)
            self.stop()

        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, told) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
