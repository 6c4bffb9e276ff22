"""How an attempt can end, and what an error means for its job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ourvidz.domain.job import Outcome

BUG = "Something went wrong on our side. Try again."
DIED = "the GPU process died ({how}). Try again or choose a smaller size."
TOO_LONG = (
    "It took longer than {minutes:g} minutes and was stopped. Try again when this machine has less "
    "to do, or choose something shorter."
)
#: Trying again would end the same way.
_FINAL = frozenset(
    {"InvalidRequest", "NotEnoughCredits", "NotAllowed", "PolicyRefused", "OutOfMemory"}
)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """outcome None: the lease is lost and nothing may be written. result: JSON values."""

    outcome: Outcome | None
    result: Mapping[str, Any] | None = None
    error: str | None = None
    family: str | None = None


@dataclass(frozen=True)
class Stopped:
    """The worker must stop; the job goes back as if this attempt had not begun."""


def ending_of(family: str, text: str, result: Mapping[str, Any] | None = None) -> Ending:
    """The ending for an error of that family.

    >>> ending_of("Unavailable", "disk: is full; free some space").outcome
    'retry'
    >>> ending_of("OutOfMemory", "denoise needs 23 GiB").outcome
    'failed'
    """
    if family == "Cancelled":
        return Ending(outcome="cancelled")
    outcome = "failed" if family in _FINAL else "retry"
    return Ending(outcome=outcome, result=result, error=text, family=family)
