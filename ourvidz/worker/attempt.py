"""One attempt at one job: fetch, watch the child, deliver, commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from uuid import uuid4

from ourvidz.domain.errors import Cancelled, NotAllowed, OurVidzError, Unavailable, WorkerRefused
from ourvidz.domain.job import Lease
from ourvidz.worker.cargo import bring
from ourvidz.worker.ending import BUG, Ending, Stopped, ending_of, told_of
from ourvidz.worker.heart import Heart
from ourvidz.worker.messages import Done, Parcel, Task, with_keys
from ourvidz.worker.tools import Tools
from ourvidz.worker.watch import Watch

log = logging.getLogger(__name__)

#: Pauses between tries of the storage and of the database; the lease is kept meanwhile.
_STORAGE_PAUSES_S = (1.0, 3.0, 8.0)
_DATABASE_PAUSE_S = 1.0
#: What a stopping worker gives the database to take a job back.
_LAST_TRIES_S = 10.0


class Attempt:
    """Runs one lease to its end. claimed_at: `monotonic()` before it was given.

    loaded: the family in the child's memory afterwards, None when there is none. is_served:
    whether all files could be carried. is_away: whether it ended because something could not be
    reached. refusal: why this worker can carry no files, so that it must not take another job.
    """

    def __init__(self, lease: Lease, tools: Tools, claimed_at: float) -> None:
        self._lease, self._tools = lease, tools
        self._heart = Heart(tools.queue, lease, tools.settings, claimed_at, tools.waker)
        self.loaded: str | None = None
        self.is_served = True
        self.is_away = False
        self.refusal: WorkerRefused | None = None

    def run(self) -> None:
        """Work, deliver, commit; every error ends the attempt, none the worker."""
        with self._heart:
            ending = self._ended()
            if isinstance(ending, Stopped):
                return self._hand_back()
            for one in (ending, ending_of("internal", BUG)):
                try:
                    return self._commit(one)
                except Exception:
                    log.exception("job %s: could not be finished", self._lease.job.id)
            # Its lease runs out, and it is taken back.

    def _ended(self) -> Ending | Stopped:
        try:
            ending = self._worked()
        except WorkerRefused as error:
            log.error("job %s: handed back, this worker stops: %s", self._lease.job.id, error)
            self.refusal = error
            return Stopped()
        except OurVidzError as error:
            told = told_of(error)
            if told != error.in_full:
                log.warning("job %s: %s", self._lease.job.id, error.in_full)
            ending = ending_of(type(error).__name__, told)
        except Exception:
            log.exception("job %s: internal error", self._lease.job.id)
            self._tools.child.kill()
            ending = ending_of("internal", BUG)
        self.is_away = isinstance(ending, Ending) and ending.family == Unavailable.__name__
        is_open = isinstance(ending, Ending) and ending.outcome == "retry"
        return Stopped() if is_open and self._tools.stopping.is_set() else ending

    def _worked(self) -> Ending | Stopped:
        job, tools = self._lease.job, self._tools
        folder = tools.folders.open(self._lease)
        cargo = bring(job, folder, self._fetch)
        watch = Watch(self._lease, tools, self._heart)
        said = watch.run(
            Task(
                job_id=job.id,
                kind=job.kind,
                params=job.params,
                out_dir=folder,
                scratch_dir=tools.folders.stages(self._lease),
                **vars(cargo),
            )
        )
        self.loaded = watch.loaded
        if not isinstance(said, Done):
            return said
        result = with_keys(said.result, self._delivered)
        if self._is_cancelled():
            return Ending(outcome="cancelled")
        return Ending(outcome="succeeded", result=result)

    def _fetch(self, key: str, path: Path) -> None:
        """One of maybe hundreds: between them the job can be cancelled, and the worker stopped."""
        if self._is_cancelled():
            raise Cancelled
        if self._tools.stopping.is_set():
            raise Unavailable("worker", "it stops; another one goes on")
        self._patiently(lambda: self._tools.courier.fetch(self._lease, key, path))

    def _delivered(self, parcel: Parcel) -> str:
        """Upload a file under a name that no other try has; returns its key.

        Who is refused here is this worker, whoever ordered: another one may be let in.
        """
        path = parcel.path.with_name(f"{uuid4().hex[:12]}{parcel.path.suffix}")
        parcel.path.rename(path)
        keys: list[str] = []
        courier, lease = self._tools.courier, self._lease
        try:
            self._patiently(
                lambda: keys.append(
                    courier.deliver(lease, parcel.bucket, path, parcel.content_type)
                )
            )
        except WorkerRefused:
            raise
        except NotAllowed as error:
            log.warning("job %s: its files are not taken: %s", lease.job.id, error)
            raise Unavailable("storage", "it does not let this worker in; try again") from error
        return keys[0]

    def _patiently(self, carry: Callable[[], None]) -> None:
        """Carry a file; storage that refuses is asked again a few times while the lease holds."""
        self.is_served = False
        self._carried(carry)
        self.is_served = True

    def _carried(self, carry: Callable[[], None]) -> None:
        for pause_s in _STORAGE_PAUSES_S:
            try:
                return carry()
            except Unavailable as error:
                if self._heart.lost or self._tools.stopping.wait(pause_s):
                    raise
                log.warning("job %s: %s", self._lease.job.id, error.in_full)
        return carry()

    def _is_cancelled(self) -> bool:
        """The database says so; what Redis says may be of before the job was tried again."""
        heart, live = self._heart, self._tools.live
        if heart.answer == "ok" and live.cancel_requested(self._lease.job.id):
            heart.beat()
        return heart.answer == "cancel"

    def _hand_back(self) -> None:
        lease, queue = self._lease, self._tools.queue
        self._tools.folders.close(lease, is_over=False)
        if self._insistently(lambda: queue.release(lease)):
            log.info("job %s: handed back", lease.job.id)

    def _commit(self, ending: Ending) -> None:
        """Write the ending, if the lease still holds; then the files here can go.

        Files of a lost attempt stay in the storage under its own folder, where nothing points.
        """
        lease = self._lease
        is_over = ending.outcome is not None and self._finished(ending)
        has_more = ending.outcome == "retry" and lease.attempt < lease.job.max_attempts
        self._tools.folders.close(lease, is_over=is_over and not has_more)

    def _finished(self, ending: Ending) -> bool:
        assert ending.outcome is not None
        lease, outcome = self._lease, ending.outcome
        written = self._insistently(
            lambda: self._tools.queue.finish(
                lease,
                outcome,
                result=ending.result,
                error=ending.error,
                error_family=ending.family,
            )
        )
        if lease.job.storyboard_id is not None:
            self._tools.live.ring(lease.job.model)  # what waited for it can be taken now
        said = f": {ending.family}: {ending.error}" if ending.error else ""
        kept = "" if written else " (not written: the lease was lost)"
        log.info("job %s: attempt %d %s%s%s", lease.job.id, lease.attempt, outcome, said, kept)
        return written

    def _insistently(self, write: Callable[[], bool]) -> bool:
        """Ask the database until it answers: it alone knows whether the lease still holds.

        The heart goes on beating. A worker that must stop asks a little longer, then the job is
        found by the next reaper.
        """
        deadline: float | None = None
        while True:
            try:
                return bool(write())
            except Unavailable as error:
                log.warning("job %s: not written yet: %s", self._lease.job.id, error.in_full)
                if self._tools.stopping.is_set():
                    deadline = deadline or monotonic() + _LAST_TRIES_S
                    if monotonic() > deadline:
                        return False
                time.sleep(_DATABASE_PAUSE_S)
