"""How often somebody may try: by e-mail address and by the address they come from."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Literal, Protocol

from ourvidz.domain.errors import NotAllowed

Attempt = Literal["sign_up", "sign_in", "send_recovery", "recover", "email_change"]

_MINUTE = 60
_HOUR = 60 * _MINUTE
#: Per address tried, and per address they come from: how often, in how many seconds. The first
#: keeps guessers off one account, the second off all of them.
LIMITS: Mapping[Attempt, tuple[tuple[int, int], tuple[int, int]]] = {
    "sign_up": ((5, _HOUR), (30, _HOUR)),
    "sign_in": ((20, 10 * _MINUTE), (100, 10 * _MINUTE)),
    "send_recovery": ((1, _MINUTE), (30, _HOUR)),
    "recover": ((10, 10 * _MINUTE), (50, 10 * _MINUTE)),
    "email_change": ((5, _HOUR), (30, _HOUR)),
}


class Allow(Protocol):
    """`ports.Live.allow`: 0.0 when `who` may do `what` once more, else the seconds to wait."""

    def __call__(self, what: str, who: str, *, limit: int, per_s: int) -> float: ...  # noqa: D102


class Limiter:
    """Counts attempts, known addresses and unknown ones alike, so that it tells nothing."""

    def __init__(
        self,
        allow: Allow,
        limits: Mapping[Attempt, tuple[tuple[int, int], tuple[int, int]]] = LIMITS,
    ) -> None:
        self._allow = allow
        self._limits = limits

    async def count(self, attempt: Attempt, email: str, ip: str) -> None:
        """One more attempt; NotAllowed says how long to wait. ip: "" when there is none."""
        per_email, per_ip = self._limits[attempt]
        waits = [
            await asyncio.to_thread(self._allow, what, who, limit=limit, per_s=per_s)
            for what, who, (limit, per_s) in (
                (f"auth:{attempt}:ip", ip, per_ip),
                (f"auth:{attempt}:email", _digest(email), per_email),
            )
            if who
        ]
        if (wait_s := max(waits, default=0.0)) > 0:
            raise too_many(wait_s)


def too_many(wait_s: float | None) -> NotAllowed:
    """What to tell somebody who has tried too often.

    >>> str(too_many(42.0))
    'Too many attempts. Wait 42 seconds and try again.'
    >>> str(too_many(None))
    'Too many attempts. Wait a few minutes and try again.'
    """
    return NotAllowed(f"Too many attempts. Wait {_spoken(wait_s)} and try again.")


def _spoken(seconds: float | None) -> str:
    if seconds is None:
        return "a few minutes"
    if seconds < 2 * _MINUTE:
        whole = max(1, round(seconds + 0.49))
        return f"{whole} second{'s' if whole > 1 else ''}"
    return f"{round(seconds / _MINUTE + 0.49)} minutes"


def _digest(email: str) -> str:
    """So that the counters hold no address."""
    return hashlib.sha256(email.encode()).hexdigest()[:32]
