"""The account in words: what a line of the ledger says, and that typed texts stay text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from ourvidz.domain.account import DayUsage, LedgerEntry
from ourvidz.studio import account, orders, projects
from ourvidz.web.pages import account_view as view
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_video, fail

EVIL = "<img src=x onerror=alert(1)>${1+1}{{7*7}}"


def line(entry: Any, amount: int, note: str = "", seconds: float | None = None) -> LedgerEntry:
    return LedgerEntry(
        id=1, entry=entry, amount=amount, balance=9, job_id=None, note=note, seconds=seconds,
        created_at=datetime(2026, 11, 4, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (line("reserve", -1, "video", 5.0), "5-second video, reserved"),
        (line("settle", 0, "video", 5.0), "5-second video, delivered"),
        (line("refund", 1, "cancelled", 5.0), "5-second video, refunded: cancelled"),
        (line("refund", 20, "failed", 300.0), "5-minute video, refunded: it failed"),
        (line("refund", 1, "?"), "Video, refunded"),
        (line("grant", 5, "welcome"), "Welcome to OurVidz"),
        (line("grant", 5, "sorry"), "Credits added"),
        (line("grant", -5, "wrong"), "Credits taken back"),
        (line("subscription", 25, "pro"), "Pro plan, a month of credits"),
        (line("delete", 0, "A film"), "Video deleted for good"),
    ],
)
def test_a_line_says_in_plain_words_what_happened(entry: LedgerEntry, words: str) -> None:
    assert view.words_of(entry) == words


def test_the_ledger_goes_on_where_a_page_ends(town: Town) -> None:
    me = town.person(credits=1)
    for i in range(view.LINES + 3):
        town.studio.administration.add_credits(me.user_id, 1, f"gift {i}.", f"{me.user_id} {i}")
    first = view.ledger(me, town.studio, "")
    assert first.count("<tr class") == view.LINES
    assert "gift 3." in first and "gift 2." not in first
    older = first.partition("?before=")[2].partition('"')[0]
    rest = view.ledger(me, town.studio, f"?before={older}")
    assert rest.count("<tr class") == 4
    assert "gift 2." in rest
    assert "gift 3." not in rest
    for nonsense in ("?before=-1", "?before=1'--", "?before=9" + "9" * 400, "?before=\u0663"):
        assert view.ledger(me, town.studio, nonsense).count("<tr class") == view.LINES


def test_a_strangers_line_shows_nothing_of_theirs(town: Town) -> None:
    me, other = town.person(), town.person(credits=3)
    theirs = account.ledger(other, town.studio)[0].id
    assert "<tr class" not in view.ledger(me, town.studio, f"?before={theirs + 1}")


def test_texts_that_people_typed_stay_text(town: Town) -> None:
    me = town.person()
    town.studio.administration.add_credits(me.user_id, 1, EVIL, str(uuid4()))
    markup = view.ledger(me, town.studio, "")
    assert "<img" not in markup
    assert "&lt;img" in markup
    found = account.account(me, town.studio)
    shown = view.top(found, f"?said={EVIL}")
    assert EVIL not in shown
    assert "onerror" not in shown


def test_usage_counts_what_was_delivered_and_shows_every_day(town: Town) -> None:
    me = town.person(credits=5)
    project = projects.create_project(me, town.studio, {"prompt": "a cat"})
    deliver_video(town, me, orders.render(me, town.studio, project.id))
    fail(town, orders.render(me, town.studio, project.id, seed=9))
    days = account.usage(me, town.studio)
    assert [(day.videos, day.credits) for day in days] == [(1, 1)]
    assert view.used(days) == "1 video made for 1 credit."
    rows = view.plotted(days)
    assert len(rows) == view.DAYS
    assert list(rows["Videos"])[-1] == 1


def test_days_without_videos_are_days_too() -> None:
    now = datetime(2026, 11, 24, 1, tzinfo=UTC)
    used = [DayUsage(day=now.date().replace(day=20), videos=3, credits=4)]
    rows = view.plotted(used, now)
    assert list(rows["Videos"]) == [0] * 25 + [3, 0, 0, 0, 0]
