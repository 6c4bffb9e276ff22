"""The child works; the parent looks on, passes progress up, and ends what must end."""

from __future__ import annotations

import logging
from time import monotonic

from ourvidz.domain.job import HARD_LIMIT_S, Lease
from ourvidz.worker.course import Course
from ourvidz.worker.ending import BUG, DIED, TOO_LONG, Ending, Stopped, ending_of
from ourvidz.worker.heart import Heart
from ourvidz.worker.messages import Cancel, Done, Failed, Report, Task
from ourvidz.worker.tools import Tools

log = logging.getLogger(__name__)

#: How often Redis is asked for a cancel, and how often it hears progress.
_CANCEL_S = 0.5
_PUBLISH_S = 1.0
_LOOK_S = 0.25


class Watch:
    """Watches over one task in the child.

    loaded: the family in the child's memory afterwards, None when there is none.
    """

    def __init__(self, lease: Lease, tools: Tools, heart: Heart) -> None:
        self._lease, self._tools, self._heart = lease, tools, heart
        self._began = self._looked_at = self._told_at = monotonic()
        self._course = Course(self._began)
        self._asked_at: float | None = None
        self._has_hint = False
        self._unheard: Report | None = None
        self._jpeg: bytes | None = None
        self.loaded: str | None = None

    def run(self, task: Task) -> Done | Ending | Stopped:
        """Send the task and wait for the answer, or end the child."""
        tools = self._tools
        tools.child.send(task)
        while (ending := self._interruption()) is None:
            for message in tools.child.messages(_LOOK_S, [tools.waker]):
                if isinstance(message, Report):
                    self._heard(message)
                elif isinstance(message, Done):
                    self.loaded = message.loaded
                    return message
                else:
                    return self._failed(message) if message else self._died()
            tools.waker.rest()
            self._tell()
        tools.child.kill()
        return ending

    def _interruption(self) -> Ending | Stopped | None:
        """Why the child must be ended now, if it must."""
        job, now = self._lease.job, monotonic()
        if self._heart.lost:
            log.error("job %s: the lease is lost; nothing is written", job.id)
            return Ending(outcome=None)
        if self._tools.stopping.is_set():
            return Stopped()
        limit_s = HARD_LIMIT_S[job.kind]
        if now - self._began > limit_s:
            log.error("job %s: stopped after %g s", job.id, limit_s)
            text = TOO_LONG.format(minutes=limit_s / 60)
            return Ending(outcome="failed", error=text, family="internal")
        if self._asked_at is None and self._heart.answer == "cancel":
            self._ask_to_cancel()
        if self._asked_at is not None and now - self._asked_at > self._tools.settings.grace_s:
            return Ending(outcome="cancelled")
        return None

    def _ask_to_cancel(self) -> None:
        self._asked_at = monotonic()
        self._tools.child.send(Cancel())

    def _heard(self, report: Report) -> None:
        self._course.update(report, monotonic())
        self._unheard, self._jpeg = report, report.jpeg or self._jpeg
        self._heart.tell(self._course.progress, report.stage, report.eta_s)

    def _tell(self) -> None:
        """Show progress to those who look on, and hear whether they want it to stop."""
        job, live, now = self._lease.job, self._tools.live, monotonic()
        if self._unheard is not None and now - self._told_at >= _PUBLISH_S:
            self._told_at = now
            self._publish(self._unheard)
        if not self._has_hint and now - self._looked_at >= _CANCEL_S:
            self._looked_at = now
            if live.cancel_requested(job.id):
                # It may be of before the job was tried again: the database knows.
                self._has_hint = True
                self._heart.hurry()

    def _publish(self, report: Report) -> None:
        progress = {
            "progress": self._course.progress,
            "stage": report.stage,
            "step": report.step,
            "total": report.total,
            "eta_s": report.eta_s,
            "attempt": self._lease.attempt,
        }
        self._tools.live.publish(self._lease.job.id, progress, self._jpeg)
        self._unheard = self._jpeg = None

    def _failed(self, message: Failed) -> Ending:
        ending = ending_of(message.family, message.text, message.result)
        if message.device_gone:
            log.error("job %s: %s; the GPU process is replaced", self._lease.job.id, message.text)
            self._tools.child.kill()
            return ending
        if message.family != "internal":
            if message.in_full not in ("", message.text):
                log.warning("job %s: %s", self._lease.job.id, message.in_full)
            self.loaded = message.loaded
            return ending
        log.error("job %s: internal error\n%s", self._lease.job.id, message.trace)
        self._tools.child.kill()  # after a bug nobody knows what is left in it
        return ending_of("internal", BUG)

    def _died(self) -> Ending:
        how = self._tools.child.kill()
        if self._asked_at is not None:
            return Ending(outcome="cancelled")
        log.error("job %s: the GPU process died (%s)", self._lease.job.id, how)
        return ending_of("internal", DIED.format(how=how))
