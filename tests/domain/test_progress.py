"""A report says how much of its stage is done."""

from __future__ import annotations

from ourvidz.domain.progress import Progress, ignore_progress


def test_a_stage_without_steps_counts_as_done() -> None:
    assert Progress(stage="load", step=0, total=0).fraction == 1.0


def test_who_does_not_watch_is_not_disturbed() -> None:
    assert ignore_progress(Progress(stage="load", step=0, total=1)) is None
