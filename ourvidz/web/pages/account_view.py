"""The account as its page shows it: what one has, where credits went, what can be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pandas as pd

from ourvidz.domain.account import Account, DayUsage, Identity, LedgerEntry
from ourvidz.domain.credits import PLANS
from ourvidz.studio import account
from ourvidz.studio.door import Studio
from ourvidz.web.pages.markup import render
from ourvidz.web.texts_account import ACCOUNT
from ourvidz.web.words import counted, dated, grouped, signed

LINES = 20
DAYS = 30


def top(found: Account, query: str) -> str:
    """Balance, plan, and who this is; and what a form has just done."""
    return render(
        "account_top.html",
        t=ACCOUNT,
        account=found,
        credits=grouped(found.credits),
        monthly=_monthly(found.tier),
        said=ACCOUNT["said"].get(_of(query, "said"), ""),
        dated=dated,
    )


def ledger(me: Identity, studio: Studio, query: str) -> str:
    """One page of the ledger; which one, the address says."""
    before = _of(query, "before")
    at = int(before) if before.isascii() and before.isdecimal() and len(before) < 10 else None
    lines = account.ledger(me, studio, limit=LINES + 1, before=at)
    return render(
        "account_ledger.html",
        t=ACCOUNT,
        lines=lines[:LINES],
        before=at,
        older=lines[LINES - 1].id if len(lines) > LINES else None,
        words=words_of,
        note=_note,
        dated=dated,
        signed=signed,
        grouped=grouped,
    )


def rest() -> str:
    """Sign-in, data, and the way out."""
    return render("account_rest.html", t=ACCOUNT)


def loading() -> str:
    """What is shown before the first answer."""
    return render("account_loading.html", t=ACCOUNT)


def used(days: list[DayUsage]) -> str:
    """What all those days came to."""
    videos = counted(sum(day.videos for day in days), ACCOUNT["videos"])
    credits = counted(sum(day.credits for day in days), ACCOUNT["for_credits"])
    return ACCOUNT["usage_said"].format(videos, credits)


def plotted(days: list[DayUsage], today: datetime | None = None) -> pd.DataFrame:
    """Videos of each of the last thirty days, also of those without any."""
    last = (today or datetime.now(UTC)).date()
    by_day = {day.day: day.videos for day in days}
    dates = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    return pd.DataFrame(
        {
            ACCOUNT["day"]: pd.to_datetime(dates),
            ACCOUNT["videos_axis"]: [by_day.get(day, 0) for day in dates],
        }
    )


def words_of(line: LedgerEntry) -> str:
    """What happened, in plain words; never a text that somebody typed."""
    said = ACCOUNT["entry"]
    thing = _thing(line.seconds)
    match line.entry:
        case "reserve" | "settle":
            return said[line.entry].format(thing)
        case "refund":
            return said["refund"].get(line.note, said["refund"][""]).format(thing)
        case "subscription":
            return said["subscription"].format(ACCOUNT["plans"].get(line.note, line.note))
        case "grant" if line.note == "welcome":
            return said["welcome"]
        case "grant" if line.amount < 0:
            return said["taken"]
        case _:
            return said[line.entry]


def _note(line: LedgerEntry) -> str:
    """What was typed about it: the operator's reason, the title of a deleted video."""
    is_typed = line.entry == "delete" or (line.entry == "grant" and line.note != "welcome")
    return line.note if is_typed else ""


def _thing(seconds: float | None) -> str:
    """
    >>> _thing(5.0), _thing(4.9375), _thing(300.0), _thing(None)
    ('5-second video', '5-second video', '5-minute video', 'Video')
    """
    if seconds is None:
        return ACCOUNT["thing_unknown"]
    if seconds >= 120:
        return ACCOUNT["thing_minutes"].format(round(seconds / 60))
    return ACCOUNT["thing"].format(round(seconds))


def _monthly(tier: str) -> str:
    credits = PLANS.get(tier, 0)
    return ACCOUNT["plan_credits"].format(credits) if credits else ACCOUNT["plan_none"]


def _of(query: str, name: str) -> str:
    return parse_qs(query.lstrip("?")[:1000]).get(name, [""])[0]
