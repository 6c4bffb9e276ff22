"""The small version of `benchmarks.chaos`: everything is killed, nothing is lost."""

from __future__ import annotations

import pytest

from benchmarks.chaos import Plan, burn
from benchmarks.town import town


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_no_job_and_no_credit_is_lost_when_everything_dies() -> None:
    plan = Plan(jobs=50, users=3, pause_s=(0.3, 0.9), fire_s=25, limit_s=300)
    with town() as place:
        tally = burn(place, plan)
    assert tally.kills >= 5, "or nothing was tried"
    assert tally.states.get("succeeded", 0) >= 6
    assert (tally.lost, tally.delivered_twice, tally.ledger_mismatch) == (0, 0, 0), tally
