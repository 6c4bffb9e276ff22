"""Who is asking, what they own, and what every credit did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

Role = Literal["user", "admin"]
#: What a line of the ledger says. The signed amounts of a user's lines add up to the balance.
Entry = Literal["grant", "reserve", "settle", "refund", "subscription", "delete"]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A signed-in person, as a *verified* access token says.

    claims: the token's whole payload; the database checks ownership against it again.
    """

    user_id: UUID
    email: str
    session_id: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the database knows about a person. credits: what can be spent now, never negative.

    age_verified_at: when they said they are 18 or older, under `age_policy_version`.
    """

    user_id: UUID
    email: str
    role: Role
    tier: str
    credits: int
    age_verified_at: datetime | None
    age_policy_version: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One line of the ledger. amount: signed credits. balance: after this line.

    seconds: length of the video it is about, None when it is about none.
    """

    id: int
    entry: Entry
    amount: int
    balance: int
    job_id: UUID | None
    note: str
    seconds: float | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class DayUsage:
    """Videos delivered on one day (UTC), and what they cost."""

    day: date
    videos: int
    credits: int
