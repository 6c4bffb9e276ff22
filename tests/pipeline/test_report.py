"""Reports count up, time is counted once, and a report is where a caller may cancel."""

from __future__ import annotations

import pytest

from ourvidz.domain.errors import Cancelled
from ourvidz.domain.progress import Progress, Stage
from ourvidz.pipeline.report import Reporter


def test_a_stage_reports_its_start_its_steps_and_its_end() -> None:
    seen: list[Progress] = []
    reporter = Reporter(seen.append)
    with reporter.stage("denoise", 3):
        reporter.step(1)
        reporter.step(2)
    assert [(p.stage, p.step, p.total) for p in seen] == [
        ("denoise", step, 3) for step in (0, 1, 2, 3)
    ]


def test_seconds_of_an_inner_stage_are_not_counted_twice() -> None:
    reporter = Reporter(lambda progress: None)
    with reporter.timed("export"), reporter.timed("decode"):
        sum(range(300_000))
    assert reporter.seconds_by_stage["export"] < reporter.seconds_by_stage["decode"]


def test_seconds_are_kept_when_a_stage_fails() -> None:
    reporter = Reporter(lambda progress: None)
    with pytest.raises(Cancelled), reporter.stage("decode", 2):
        raise Cancelled
    assert reporter.seconds_by_stage["decode"] > 0


def test_nothing_is_known_about_the_time_left_before_anything_was_measured() -> None:
    seen: list[Progress] = []
    reporter = Reporter(seen.append)
    with reporter.stage("denoise", 2):
        reporter.step(1)
    assert seen[0].eta_s is None
    assert seen[1].eta_s is not None
    assert seen[2].eta_s == 0


def test_the_time_left_counts_the_stages_to_come() -> None:
    seen: list[Progress] = []
    reporter = Reporter(seen.append, expected_s={"denoise": 60.0, "decode": 30.0, "export": 5.0})
    with reporter.stage("denoise", 2):
        pass
    assert seen[0].eta_s == pytest.approx(95, abs=5)
    assert seen[-1].eta_s == pytest.approx(35, abs=5)


@pytest.mark.parametrize("stage", ["load", "encode"])
def test_before_the_work_itself_nobody_knows_how_long_it_will_take(stage: Stage) -> None:
    seen: list[Progress] = []
    first = Reporter(seen.append, expected_s={"decode": 5.0})
    with first.stage(stage, 3):
        first.step(1)
        first.step(2)
    with first.stage("denoise", 2):
        first.step(1)
    assert {p.eta_s for p in seen if p.stage == stage} == {None}
    assert seen[-2].eta_s is not None and seen[-2].eta_s >= 5
    seen.clear()
    again = Reporter(seen.append, expected_s={**first.pace(), "decode": 5.0, "denoise": 60.0})
    with again.stage(stage, 3):
        again.step(1)
    assert seen[1].eta_s == pytest.approx(65, abs=5)


def test_ticks_of_one_step_are_spared_until_it_is_time() -> None:
    seen: list[Progress] = []
    reporter = Reporter(seen.append)
    with reporter.stage("denoise", 2):
        for _ in range(50):
            reporter.tick()
    assert len(seen) == 2


def test_the_rest_of_a_stage_is_no_measure_for_the_next_job() -> None:
    reporter = Reporter(lambda progress: None)
    with reporter.stage("encode", 1):
        pass
    with reporter.stage("denoise", 20, done=19):
        reporter.step(20)
    assert "encode" in reporter.pace() and "denoise" not in reporter.pace()
    assert "denoise" in reporter.seconds_by_stage
