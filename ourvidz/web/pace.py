"""How often one person may ask: many times in a row, and then at a steady pace."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

_KEPT = 10_000


class Pace:
    """Lets everybody through `burst` times, and `per_s` times a second after that.

    In memory: it guards this process, not the accounts' budgets, which `studio.door` counts.
    """

    def __init__(self, burst: int, per_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_s, self._now = burst, per_s, now
        self._left: OrderedDict[UUID, tuple[float, float]] = OrderedDict()

    def allows(self, who: UUID) -> bool:
        """Whether they may ask once more, which is counted.

        >>> clock = [0.0]
        >>> pace, ann = Pace(2, 0.5, lambda: clock[0]), UUID(int=1)
        >>> pace.allows(ann), pace.allows(ann), pace.allows(ann), pace.allows(UUID(int=2))
        (True, True, False, True)
        >>> clock[0] = 2.0
        >>> pace.allows(ann), pace.allows(ann)
        (True, False)
        """
        now = self._now()
        left, at = self._left.get(who, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._per_s)
        is_allowed = left >= 1
        self._left[who] = (left - is_allowed, now)
        self._left.move_to_end(who)
        if len(self._left) > _KEPT:
            self._left.popitem(last=False)
        return is_allowed
