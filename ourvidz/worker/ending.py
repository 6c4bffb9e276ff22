"""How an attempt can end, and what an error means for its job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ourvidz.domain.errors import OurVidzError, Unavailable
from ourvidz.domain.job import Outcome

BUG = "Something went wrong on our side. Try again."
DIED = "the GPU process died ({how}). Try again or choose a smaller size."
TOO_LONG = (
    "It took longer than {minutes:g} minutes and was stopped. Try again when this machine has less "
    "to do, or choose something shorter."
)
#: Whoever ordered can not free any; where it is, is for the operator.
DISK = "disk: the machine that makes this has no room or can not write; try again later"
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

    >>> ending_of("Unavailable", DISK).outcome
    'retry'
    >>> ending_of("OutOfMemory", "denoise needs 23 GiB").outcome
    'failed'
    """
    if family == "Cancelled":
        return Ending(outcome="cancelled")
    outcome = "failed" if family in _FINAL else "retry"
    return Ending(outcome=outcome, result=result, error=text, family=family)


def told_of(error: OurVidzError) -> str:
    """What whoever ordered reads of an error; `in_full` is for the operator's log.

    >>> told_of(Unavailable("disk", "/srv/scratch can not be written; free some space")) == DISK
    True
    """
    return DISK if isinstance(error, Unavailable) and error.what == "disk" else str(error)
