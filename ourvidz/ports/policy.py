"""What may be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Policy(Protocol):
    """Judges words before any GPU work."""

    def check(
        self,
        texts: Sequence[str],
        *,
        negative_prompt: str = "",
        adult_verified: bool = False,
        has_reference_image: bool = False,
    ) -> None:
        """Return when all is well; PolicyRefused otherwise, errors included (fail closed).

        texts: everything of one film is judged together: prompt, enhanced prompt, scenes,
        character descriptions.
        """
        ...
