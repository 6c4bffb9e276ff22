"""Every error ends the command line with a status of its own."""

from __future__ import annotations

from ourvidz.domain.errors import OurVidzError


def test_exit_statuses_are_distinct_and_never_success() -> None:
    families = OurVidzError.__subclasses__()
    statuses = [family.exit_code for family in families]
    assert len(families) == 7
    assert len(set(statuses)) == len(statuses)
    assert all(1 < status < 256 for status in statuses)
