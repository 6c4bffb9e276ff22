"""Progress of a whole film, from that of the stills and clips it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

from ourvidz.domain.progress import OnProgress, Progress


class FilmClock:
    """Passes the progress of each piece on as that of all `frames` frames to be sampled.

    A stage's steps count over all pieces, and the time left is that of the film: what is to come
    at the pace of what was done.
    """

    def __init__(self, on_progress: OnProgress, frames: int, pieces: int) -> None:
        self._on_progress = on_progress
        self._frames, self._pieces = frames, pieces
        self._done_frames = self._done_pieces = 0
        self._seconds = 0.0

    def found(self, frames: int) -> None:
        """A piece of that many frames was there already."""
        self._frames -= frames
        self._pieces -= 1

    @contextmanager
    def piece(self, frames: int) -> Iterator[OnProgress]:
        """Who to tell about one piece of that many sampled frames."""
        started: list[float] = []

        def on_progress(progress: Progress) -> None:
            if progress.stage != "load" and not started:
                started.append(perf_counter())
            here = perf_counter() - started[0] if started else 0.0
            self._on_progress(
                replace(
                    progress,
                    step=self._done_pieces * progress.total + progress.step,
                    total=self._pieces * progress.total,
                    eta_s=self._left(frames, here, progress.eta_s),
                )
            )

        yield on_progress
        self._done_frames += frames
        self._done_pieces += 1
        self._seconds += perf_counter() - started[0] if started else 0.0

    def _left(self, frames: int, here: float, eta_s: float | None) -> float | None:
        """Seconds left, when `here` were spent on a piece that needs `eta_s` more."""
        if self._done_frames:
            pace = self._seconds / self._done_frames
        elif eta_s is not None:
            pace = (here + eta_s) / frames
        else:
            return None
        rest = pace * (self._frames - self._done_frames - frames)
        return rest + (max(0.0, pace * frames - here) if eta_s is None else eta_s)
