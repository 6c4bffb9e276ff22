"""How far a job is, as a whole, from what its stages report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ourvidz.domain.progress import Stage
from ourvidz.worker.messages import Report

#: Shares of a job's time, for as long as nothing was measured.
_TYPICAL: Mapping[Stage, float] = MappingProxyType(
    {"load": 0.1, "enhance": 0.9, "encode": 0.02, "denoise": 0.7, "decode": 0.15, "export": 0.03}
)
#: Not 1 before the files are delivered.
HIGHEST = 0.99


class Course:
    """Overall progress 0 to 1 that never goes back. began: seconds of a clock that runs on.

    Once the time left is known, progress is the share of the time that has passed: so each stage
    counts by what it takes on this machine.
    """

    def __init__(self, began: float) -> None:
        self._began = began
        self._past = 0.0
        self._stage: Stage = "load"
        self.progress = 0.0

    def update(self, report: Report, now: float) -> float:
        """The progress after one more report.

        >>> course = Course(0.0)
        >>> course.update(Report(stage="denoise", step=1, total=20, eta_s=30.0), 10.0)
        0.25
        >>> course.update(Report(stage="denoise", step=1, total=20, eta_s=90.0), 11.0)
        0.25
        """
        if report.stage != self._stage:
            self._past += _TYPICAL.get(self._stage, 0.0)
            self._stage = report.stage
        if report.eta_s is None:
            share = report.step / report.total if report.total else 1.0
            there = self._past + _TYPICAL.get(report.stage, 0.0) * share
        else:
            passed = now - self._began
            there = passed / max(passed + report.eta_s, 1e-9)
        self.progress = min(HIGHEST, max(self.progress, there))
        return self.progress
