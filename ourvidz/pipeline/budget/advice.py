"""What would help where a model does not fit."""

from __future__ import annotations

from ourvidz.pipeline.budget.ladder import Means
from ourvidz.pipeline.budget.plans import Workload


def does_not_fit(work: Workload, means: Means, room_bytes: int) -> str:
    """Says what is missing and what to change."""
    return f"{work.family} does not fit"
