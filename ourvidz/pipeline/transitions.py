"""How clips become a film: what is copied, what is encoded again, and how pictures are mixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import get_args

import numpy as np

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Transition
from ourvidz.pipeline.source import Source

#: Weights are in 256ths: whole numbers give the same bytes on every machine.
_ONE = 256


@dataclass(frozen=True, kw_only=True)
class Part:
    """One clip of a film.

    transition: into the next part, "cut", "crossfade" (both are seen, and the film gets shorter
    by as many frames) or "fade" (through black, nothing is lost). transition_frames: how long, in
    frames of 1/16 s; means nothing for a cut or the last part.
    """

    path: Path
    transition: Transition = "cut"
    transition_frames: int = 8

    @property
    def frames(self) -> int:
        """Frames of the film that the transition takes; 0 for a cut."""
        return 0 if self.transition == "cut" else self.transition_frames


@dataclass(frozen=True)
class _Stretch:
    """Frames [first, stop) of a part."""

    part: int
    first: int
    stop: int

    @property
    def num_frames(self) -> int:
        """Frames of the film."""
        return self.stop - self.first


class Copy(_Stretch):
    """A stretch that is taken over packet by packet."""


class Plain(_Stretch):
    """A stretch of the same frames, but encoded again."""


@dataclass(frozen=True)
class Seam:
    """The transition out of a part, from its frame `first` on, `num_frames` long in the film."""

    part: int
    first: int
    transition: Transition
    num_frames: int

    def steps(self) -> Iterator[tuple[bool, bool, int]]:
        """For each frame: whether it needs the next one of this part and of the next part, and
        the weight in 256ths of the next part (crossfade) or of black (fade).

        >>> list(Seam(0, 72, "crossfade", 3).steps())
        [(True, True, 64), (True, True, 128), (True, True, 192)]
        >>> list(Seam(0, 72, "fade", 4).steps())
        [(True, False, 128), (True, False, 256), (False, True, 256), (False, True, 128)]
        """
        if self.transition == "crossfade":
            for step in range(1, self.num_frames + 1):
                yield True, True, round(_ONE * step / (self.num_frames + 1))
            return
        out = _leaving("fade", self.num_frames)
        coming = self.num_frames - out
        for step in range(1, out + 1):
            yield True, False, round(_ONE * step / out)
        for step in range(coming, 0, -1):
            yield False, True, round(_ONE * step / coming)


@dataclass(frozen=True)
class Window:
    """Neighbouring frames that are encoded again together."""

    spans: tuple[Plain | Seam, ...]

    @property
    def num_frames(self) -> int:
        """Frames of the film."""
        return sum(span.num_frames for span in self.spans)


def plan(parts: Sequence[Part], sources: Sequence[Source]) -> list[Copy | Window]:
    """What the film consists of, in order: as much as possible is copied.

    Copying begins at the nearest keyframe at or after a transition and ends where no later frame
    is needed; what lies between is encoded together with the transition.

    Raises InvalidRequest naming the clip that is shorter than its transitions.
    """
    pieces = _pieces(parts, sources)
    planned: list[Copy | Window] = []
    for _, run in groupby(enumerate(pieces), key=_neighbours):
        together = [piece for _, piece in run]
        if isinstance(together[0], Copy):
            planned.append(together[0])
        else:
            planned.append(Window(tuple(p for p in together if not isinstance(p, Copy))))
    return planned


def mixed(a: np.ndarray, b: np.ndarray, weight: int) -> np.ndarray:
    """(256 - weight) / 256 of a and weight / 256 of b, uint8 of one shape, rounded.

    >>> mixed(np.array([10, 200], np.uint8), np.array([30, 100], np.uint8), 128).tolist()
    [20, 150]
    """
    mix = np.multiply(a, _ONE - weight, dtype=np.uint16)
    mix += np.multiply(b, weight, dtype=np.uint16)
    mix += _ONE // 2
    mix >>= 8
    return mix.astype(np.uint8)


def _pieces(parts: Sequence[Part], sources: Sequence[Source]) -> list[Copy | Plain | Seam]:
    pieces: list[Copy | Plain | Seam] = []
    first = 0
    for index, (part, source) in enumerate(zip(parts, sources, strict=True)):
        is_last = index == len(parts) - 1
        _check(part)
        length = 0 if is_last else part.frames
        stop = source.num_frames - _leaving(part.transition, length)
        if stop < first:
            raise InvalidRequest(
                "clip",
                f"{part.path} has {source.num_frames} frames and its transitions take "
                f"{first + source.num_frames - stop}; shorten them or give a longer clip",
            )
        begin, end = source.copyable(first, stop)
        pieces += [Plain(index, first, begin), Copy(index, begin, end), Plain(index, end, stop)]
        pieces += [Seam(index, stop, part.transition, length)]
        first = _arriving(part.transition, length)
    return [piece for piece in pieces if piece.num_frames]


def _check(part: Part) -> None:
    if part.transition not in get_args(Transition):
        raise InvalidRequest("transition", f"of {part.path} must be cut, crossfade or fade")
    if part.transition_frames < 1:
        raise InvalidRequest("transition_frames", f"of {part.path} must be at least 1; 8 is usual")


def _leaving(transition: Transition, length: int) -> int:
    """Frames of the part before that a transition takes."""
    return length - length // 2 if transition == "fade" else length


def _arriving(transition: Transition, length: int) -> int:
    """Frames of the part after that a transition takes."""
    return length // 2 if transition == "fade" else length


def _neighbours(numbered: tuple[int, Copy | Plain | Seam]) -> int:
    """A key that each copy has alone and all that is encoded between two copies shares."""
    number, piece = numbered
    return number if isinstance(piece, Copy) else -1
