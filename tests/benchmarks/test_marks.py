"""Shares with intervals, and a table of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.marks import Marks, table, wilson
from ourvidz.starter.critic import Attributes
from ourvidz.starter.world import Scene

BOAT = Scene(
    place="sea", time="night", weather="rain", subject="sailboat", color="red",
    action="sail", direction="left",
)  # fmt: skip


def test_shares_count_only_what_means_something() -> None:
    marks = Marks()
    truth = Attributes.of(BOAT)
    marks.add(BOAT, truth)
    marks.add(BOAT, replace(truth, color="blue"))
    space = replace(BOAT, place="space")
    marks.add(space, replace(Attributes.of(space), time="day"))
    assert marks.shares()["color"] == pytest.approx(2 / 3, abs=1e-4)
    assert marks.shares()["time"] == 1 and len(marks.answers["time"]) == 2
    assert marks.mean() == pytest.approx((5 + 2 / 3) / 6, abs=1e-4)


def test_nothing_asked_is_no_share() -> None:
    assert Marks().shares() == {}


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (190, 200, 0.910, 0.973), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(right: int, n: int, low: float, high: float) -> None:
    assert wilson(right, n) == pytest.approx((low, high), abs=1e-3)


def test_the_table_has_a_line_per_attribute() -> None:
    marks = Marks()
    marks.add(BOAT, Attributes.of(BOAT))
    lines = table({"drawn": marks, "empty": Marks()}).splitlines()
    assert len(lines) == 7
    assert "100.0 %" in lines[1] and "n   1" in lines[1] and "n   0" in lines[1]
