"""What the stages do, told upward: steps, seconds, time left, and the moment to cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from ourvidz.domain.progress import OnProgress, Progress, Stage

#: Seconds between two reports of the same step: often enough to feel a cancel at once.
TICK_S = 0.2
#: What goes before the work itself: short, so alone it says nothing about the time left.
_BEFORE: frozenset[Stage] = frozenset({"load", "encode"})
_WORK: frozenset[Stage] = frozenset({"denoise", "enhance"})


class Reporter:
    """Measures stages and calls `on_progress`, which may raise `Cancelled` to stop the job.

    expected_s: seconds that stages took the last time such a job ran, for the time left.
    step_s: of one step of a stage that has ended, without its first, in which things warm up.
    spared: share of the transformer's passes that were not computed but forecast.
    A stage opened inside another one pauses the outer one's seconds.
    """

    def __init__(
        self, on_progress: OnProgress, expected_s: Mapping[Stage, float] | None = None
    ) -> None:
        self.seconds_by_stage: dict[Stage, float] = {}
        self.step_s: dict[Stage, float] = {}
        self.spared = 0.0
        self._resumed: set[Stage] = set()
        self._on_progress = on_progress
        self._expected_s = dict(expected_s or {})
        self._stage: Stage = "load"
        self._step = self._total = 0
        self._step_times = [perf_counter()]
        self._reported_at = 0.0

    @contextmanager
    def stage(self, stage: Stage, total: int, done: int = 0) -> Iterator[None]:
        """Time a stage of `total` steps; report its start and, if all went well, its end.

        done: steps that an earlier attempt finished.
        """
        self.begin(stage, total, done)
        if done:
            self._resumed.add(stage)
        with self.timed(stage):
            yield
        if self._step < total:
            self.step(total)
        if self._stage == stage and len(self._step_times) > 2:
            self.step_s[stage] = self._pace()

    def expect(self, seconds_by_stage: Mapping[Stage, float]) -> None:
        """From now on count with these seconds for the stages to come."""
        self._expected_s = dict(seconds_by_stage)

    def skip(self, *stages: Stage) -> None:
        """Those stages are not to come: an earlier attempt finished them."""
        for stage in stages:
            self._expected_s.pop(stage, None)

    def begin(self, stage: Stage, total: int, done: int = 0) -> None:
        """From now on steps are those of `stage`; reports the first `done` as finished."""
        self._stage, self._total, self._step_times = stage, total, []
        self.step(done)

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Add the seconds spent inside to `stage` and take them from no other stage twice."""
        before = sum(self.seconds_by_stage.values())
        start = perf_counter()
        try:
            yield
        finally:
            inner = sum(self.seconds_by_stage.values()) - before
            own = perf_counter() - start - inner
            self.seconds_by_stage[stage] = self.seconds_by_stage.get(stage, 0.0) + own

    @property
    def current(self) -> Stage:
        """The stage whose steps are being counted."""
        return self._stage

    def pace(self) -> dict[Stage, float]:
        """What `expected_s` should be for the next such job: loading happens once, and export
        goes on while frames are decoded. The rest of a stage says nothing of a whole one.
        """
        told: set[Stage] = {"load", *self._resumed}
        pace: dict[Stage, float] = {
            stage: s for stage, s in self.seconds_by_stage.items() if stage not in told
        }
        pace["decode"] = pace.get("decode", 0.0) + pace.pop("export", 0.0)
        return pace

    def step(self, step: int, preview_frame: np.ndarray | None = None) -> None:
        """Report that `step` steps of the current stage are done.

        preview_frame: (H, W, 3) uint8 or None.
        """
        self._step = step
        self._step_times.append(perf_counter())
        self._report(preview_frame)

    def tick(self) -> None:
        """A chance to cancel inside a long step; repeats the last report at most every TICK_S."""
        if perf_counter() - self._reported_at >= TICK_S:
            self._report(None)

    def _report(self, preview_frame: np.ndarray | None) -> None:
        self._reported_at = perf_counter()
        self._on_progress(
            Progress(
                stage=self._stage,
                step=self._step,
                total=self._total,
                eta_s=self._eta_s(),
                preview_frame=preview_frame,
            )
        )

    def _eta_s(self) -> float | None:
        """Seconds left: this stage by its own pace, the stages to come by the last such job.

        None before the work itself, when no such job has told how long that takes.
        """
        if self._stage in _BEFORE and not _WORK & self._expected_s.keys():
            return None
        times, left = self._step_times, self._total - self._step
        if len(times) > 1:
            pace = self._pace()
        elif self._stage in self._expected_s:
            pace = self._expected_s[self._stage] / max(self._total, 1)
        else:
            return None
        here = max(0.0, left * pace - (perf_counter() - times[-1]))
        done = {*self.seconds_by_stage, self._stage}
        return here + sum(s for stage, s in self._expected_s.items() if stage not in done)

    def _pace(self) -> float:
        """Seconds of one step; the first one also warms caches up, so it is no measure."""
        times = self._step_times
        if len(times) == 2:
            return times[1] - times[0]
        return (times[-1] - times[1]) / (len(times) - 2)
