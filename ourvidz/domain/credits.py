"""What videos and plans cost. The database holds the same tables and charges by its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ourvidz.domain.errors import InvalidRequest

#: Credits by length in seconds; a length in between costs what the next longer one costs.
PRICES: Mapping[int, int] = MappingProxyType({5: 1, 15: 2, 30: 3, 60: 5, 300: 20, 1800: 100})

#: Credits a month by plan.
PLANS: Mapping[str, int] = MappingProxyType({"free": 0, "starter": 10, "pro": 25, "creator": 60})


def price(seconds: float) -> int:
    """Credits of a video of that length; enhancing and previews cost nothing.

    >>> [price(s) for s in (5, 5.1, 60, 1800)]
    [1, 2, 5, 100]
    >>> price(2000)
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: seconds: must be above 0 and at most 1800
    """
    longest = max(PRICES)
    if not 0 < seconds <= longest:
        raise InvalidRequest("seconds", f"must be above 0 and at most {longest}")
    return next(credits for length, credits in sorted(PRICES.items()) if seconds <= length)
