"""Counting what was read right, with honest intervals."""

from __future__ import annotations

import math

from ourvidz.starter.critic import ANSWERS, Attributes
from ourvidz.starter.world import Scene


class Marks:
    """Right and wrong answers by attribute."""

    def __init__(self) -> None:
        self.answers: dict[str, list[bool]] = {name: [] for name in ANSWERS}

    def add(self, scene: Scene, read: Attributes) -> None:
        """Compare what was read from a clip with what its scene is."""
        for name, right in Attributes.of(scene).agrees(read).items():
            self.answers[name].append(right)

    def share(self, name: str) -> float:
        """Share of right answers; nan when there is none at all."""
        answers = self.answers[name]
        return sum(answers) / len(answers) if answers else math.nan

    def shares(self) -> dict[str, float]:
        """Shares of all attributes that were asked for, rounded to a hundredth of a percent."""
        return {name: round(self.share(name), 4) for name in ANSWERS if self.answers[name]}

    def mean(self) -> float:
        """Mean of the shares."""
        shares = self.shares()
        return sum(shares.values()) / len(shares) if shares else math.nan


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson.

    >>> [round(x, 3) for x in wilson(9, 10)]
    [0.596, 0.982]
    """
    if n == 0:
        return 0.0, 1.0
    z, p = 1.96, right / n
    middle = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def table(columns: dict[str, Marks]) -> str:
    """A line per attribute: share and interval of each column."""
    lines = ["attribute  " + "".join(f"{name:>29}" for name in columns)]
    for name in ANSWERS:
        cells = []
        for marks in columns.values():
            answers = marks.answers[name]
            low, high = wilson(sum(answers), len(answers))
            share = f"{100 * marks.share(name):5.1f} %" if answers else "      —"
            cells.append(f"{share} ({100 * low:3.0f}-{100 * high:3.0f}, n {len(answers):3d})")
        lines.append(f"{name:<11}" + "".join(f"{cell:>29}" for cell in cells))
    return "\n".join(lines)
