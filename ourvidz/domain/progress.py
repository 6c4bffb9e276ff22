"""What a running stage reports upward, and how the remaining time is estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Stage = Literal["load", "enhance", "encode", "denoise", "decode", "export", "stitch"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One report of a running job.

    step, total: finished and all units of this stage (steps, frames, tokens), 0 <= step <= total.
    eta_s: seconds left for the whole job as far as known, None before anything was measured.
    preview_frame: (H, W, 3) uint8 array of the clean estimate's first frame, or None.
    """

    stage: Stage
    step: int
    total: int
    eta_s: float | None = None
    preview_frame: Any = None

    @property
    def fraction(self) -> float:
        """Share of this stage that is done, 0 to 1.

        >>> Progress(stage="denoise", step=5, total=20).fraction
        0.25
        """
        return self.step / self.total if self.total else 1.0


#: The only upward call. It may raise `Cancelled` to stop the job.
OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """An `OnProgress` for callers who do not watch."""
