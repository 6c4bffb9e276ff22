"""A policy that is made when it is needed: the sentence model brings torch along."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from ourvidz.domain.errors import OurVidzError
from ourvidz.ports import Policy


class LatePolicy:
    """`ports.Policy` that is made when it is first asked, or by `load`: it needs torch.

    Until then nobody waits for it; afterwards nothing passes without it. Raises Unavailable when
    it can not be made.
    """

    def __init__(self, make: Callable[[], Policy]) -> None:
        self._make = make
        self._made: Policy | None = None
        self._lock = threading.Lock()

    def load(self) -> None:
        """Make it now; what is wrong is told to whoever asks."""
        with suppress(OurVidzError):
            self._get()

    def check(
        self,
        texts: Sequence[str],
        *,
        negative_prompt: str = "",
        adult_verified: bool = False,
        has_reference_image: bool = False,
    ) -> None:
        """See `ports.Policy`."""
        self._get().check(
            texts,
            negative_prompt=negative_prompt,
            adult_verified=adult_verified,
            has_reference_image=has_reference_image,
        )

    def _get(self) -> Policy:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
