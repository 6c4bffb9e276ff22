"""A step cache: some passes of the transformer are forecast from those before, not computed.

Between the first steps and the last ones predictions change almost evenly from step to step, so
a straight line through the last two computed ones gives the next (TaylorSeer's light form, on
the whole transformer: nothing is streamed or computed for a forecast pass). Each computed
pass also tells how wrong its forecast would have been; a clip that is not even computes on.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

log = logging.getLogger(__name__)

#: Names of what is kept of a track.
_NUMBERS, _POINT = "forecast", "forecast."


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Which steps are computed: the first, the last, and every `interval` between.

    tolerance: relative error of a forecast, from which on every step is computed.
    """

    num_steps: int
    first: int = 5
    last: int = 2
    interval: int = 2
    tolerance: float = 0.1

    def computes(self, step: int) -> bool:
        """Whether the step, counted from 0, is computed.

        >>> schedule = Schedule(num_steps=12, first=4, last=2, interval=3)
        >>> [step for step in range(12) if schedule.computes(step)]
        [0, 1, 2, 3, 6, 9, 10, 11]
        """
        edge = step < self.first or step >= self.num_steps - self.last
        return edge or (step - self.first + 1) % self.interval == 0


@dataclass(kw_only=True)
class Tally:
    """What became of the passes. worst: the largest relative error seen, 0 before any."""

    computed: int = 0
    forecast: int = 0
    worst: float = 0.0
    is_off: bool = False

    @property
    def spared(self) -> float:
        """Share of the passes that were forecast."""
        return self.forecast / max(self.computed + self.forecast, 1)


@dataclass(kw_only=True)
class _Line:
    """The last two computed predictions of one branch, with and without the prompt."""

    points: deque[tuple[int, torch.Tensor]] = field(default_factory=lambda: deque(maxlen=2))

    def at(self, step: int) -> torch.Tensor | None:
        """The forecast, None before there are two points."""
        if len(self.points) < 2:
            return None
        (s0, y0), (s1, y1) = self.points
        return y1 + (y1 - y0) * ((step - s1) / (s1 - s0))


@dataclass(kw_only=True)
class Track:
    """Where a run stands between two steps: given it, another goes on with the same forecasts.

    step: the last one, counted from 0, and its timestep; -1 before the first. is_off: whether
    every step is computed from here on. lines: by branch.
    """

    step: int = -1
    timestep: float = -1.0
    is_off: bool = False
    lines: dict[int, _Line] = field(default_factory=dict[int, _Line])

    def kept(self) -> dict[str, torch.Tensor]:
        """All of it as tensors by name; none while nothing is forecast."""
        if not self.lines:
            return {}
        numbers = [float(self.step), self.timestep, float(self.is_off)]
        found = {_NUMBERS: torch.tensor(numbers, dtype=torch.float64)}
        for branch, line in self.lines.items():
            for step, prediction in line.points:
                found[f"{_POINT}{branch}.{step}"] = prediction
        return found

    @classmethod
    def of(cls, tensors: Mapping[str, torch.Tensor], device: torch.device, done: int) -> Track:
        """The track that was `kept` among `tensors`; a new one after `done` steps without it."""
        if _NUMBERS not in tensors:
            return cls(step=done - 1)
        step, timestep, is_off = tensors[_NUMBERS].tolist()
        track = cls(step=int(step), timestep=timestep, is_off=bool(is_off))
        points = [
            (*map(int, name.removeprefix(_POINT).split(".")), prediction.to(device))
            for name, prediction in tensors.items()
            if name.startswith(_POINT)
        ]
        for branch, at, prediction in sorted(points, key=lambda one: one[:2]):
            track.lines.setdefault(branch, _Line()).points.append((at, prediction))
        return track


class Forecaster:
    """A transformer's forward in which some passes are forecast.

    Steps are told apart by their timestep; the passes of one step are its branches.
    """

    def __init__(self, forward: Callable[..., Any], schedule: Schedule, track: Track) -> None:
        self.tally = Tally(is_off=track.is_off)
        self._forward, self._schedule, self._track = forward, schedule, track
        self._branch = -1

    def __call__(self, *args: Any, timestep: torch.Tensor, **kwargs: Any) -> Any:
        """(prediction,) of the pass, computed or forecast."""
        self._count(float(timestep.max()))
        step = self._track.step
        line = self._track.lines.setdefault(self._branch, _Line())
        guess = line.at(step)
        if guess is not None and not (self._track.is_off or self._schedule.computes(step)):
            self.tally.forecast += 1
            return (guess,)
        made = self._forward(*args, timestep=timestep, **kwargs)
        self.tally.computed += 1
        if guess is not None:
            self._judge(guess, made[0])
        line.points.append((step, made[0]))
        return made

    def _count(self, timestep: float) -> None:
        if timestep != self._track.timestep:
            self._track.timestep, self._branch = timestep, -1
            self._track.step += 1
        self._branch += 1

    def _judge(self, guess: torch.Tensor, made: torch.Tensor) -> None:
        """How wrong the forecast was, from the last of the first steps on: they differ most."""
        if self._track.step < self._schedule.first - 1 or self._track.is_off:
            return
        error = float((guess - made).float().norm() / made.float().norm().clamp(min=1e-12))
        self.tally.worst = max(self.tally.worst, error)
        if error > self._schedule.tolerance:
            self._track.is_off = self.tally.is_off = True
            log.warning("forecasts were wrong by %.1f %%: every step is computed", 100 * error)


@contextmanager
def forecasting(
    transformer: torch.nn.Module, schedule: Schedule | None, track: Track | None = None
) -> Iterator[Tally]:
    """Passes of `transformer` are forecast inside by `schedule`; all are computed for None.

    track: where the run stands, which is kept up to date in it; None for the beginning.
    """
    if schedule is None:
        yield Tally()
        return
    own = "forward" in vars(transformer)
    before = transformer.forward
    forecaster = Forecaster(before, schedule, Track() if track is None else track)
    transformer.forward = forecaster
    try:
        yield forecaster.tally
    finally:
        if own:
            transformer.forward = before
        else:
            del transformer.forward
