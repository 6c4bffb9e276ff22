"""Where a command writes: results to stdout, progress and errors to stderr."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from ourvidz.domain.errors import Cancelled, InvalidRequest, OurVidzError
from ourvidz.domain.progress import OnProgress, Progress, Stage

#: What is typed for fields that have other names in Python.
_TYPED = MappingProxyType(
    {
        "num_frames": "--frames",
        "num_images": "--images",
        "num_inference_steps": "--steps",
        "guidance_scale": "--guidance",
        "time_limit_s": "--time-limit",
    }
)


class Screen:
    """The terminal, or with `as_json` exactly one JSON document on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._has_shown = False
        self._out = Console(soft_wrap=True, highlight=False)
        self._err = Console(stderr=True, soft_wrap=True, highlight=False)

    def show(self, document: Mapping[str, Any], *parts: str | Text) -> None:
        """The command's result: `document` for machines, `parts` one below the other for people."""
        self._has_shown = True
        if self._as_json:
            print(json.dumps(document, ensure_ascii=False, default=str))
            return
        for part in parts:
            # A prompt may hold [brackets]: they are no markup.
            self._out.print(part, markup=False)

    def tell(self, text: str) -> None:
        """A line for people, beside the result."""
        self._err.print(text, markup=False)

    def failed(self, error: OurVidzError) -> int:
        """Tell what ended the command, beside a result that was shown; returns the exit status."""
        kind, text = type(error).__name__, error.in_full
        if self._as_json and not self._has_shown:
            print(json.dumps({"error": {"kind": kind, "message": text}}, ensure_ascii=False))
        if isinstance(error, InvalidRequest) and error.field in _TYPED:
            text = f"{_TYPED[error.field]}: {error.reason}"
        self._err.print(Text(text, style="" if isinstance(error, Cancelled) else "red"))
        return error.exit_code

    @contextmanager
    def watching(self, of: str = "") -> Iterator[OnProgress]:
        """Bars of all stages; Ctrl-C cancels at the next report, a second one at once.

        of: what is made, before the name of each stage.
        """
        columns = (
            TextColumn("{task.description:8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
        )
        tasks: dict[Stage, TaskID] = {}
        with (
            Bars(*columns, console=self._err, disable=not self._err.is_terminal) as bars,
            _interruptible() as interrupted,
        ):

            def on_progress(progress: Progress) -> None:
                if interrupted():
                    raise Cancelled
                if progress.stage not in tasks:
                    tasks[progress.stage] = bars.add_task(f"{of}{progress.stage}", left="")
                bars.update(
                    tasks[progress.stage],
                    completed=progress.step,
                    total=progress.total,
                    left="" if progress.step == progress.total else time_left(progress.eta_s),
                )

            yield on_progress

    @contextmanager
    def counting(self, total: int) -> Iterator[Callable[[int], None]]:
        """A bar of `total` bytes; the function adds the bytes that have come."""
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Bars(*columns, console=self._err, disable=not self._err.is_terminal) as bars:
            task = bars.add_task("", total=total)
            yield lambda count: bars.advance(task, count)


def time_left(eta_s: float | None) -> str:
    """Seconds left as people say it.

    >>> time_left(None), time_left(8.4), time_left(75)
    ('', '8 s left', '1 min 15 s left')
    """
    if eta_s is None:
        return ""
    minutes, seconds = divmod(round(eta_s), 60)
    return f"{minutes} min {seconds} s left" if minutes else f"{seconds} s left"


def as_bytes(count: int) -> str:
    """A number of bytes as people read it.

    >>> as_bytes(30_600_000), as_bytes(2_147_483_648)
    ('29 MiB', '2.00 GiB')
    """
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def aligned(*rows: Sequence[str]) -> Text:
    """Rows of cells below each other, never cut: for eyes, for pipes and for pasting.

    >>> print(aligned(("seed", "7"), ("video", "out/a-cat-7.mp4")))
    seed   7
    video  out/a-cat-7.mp4
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return Text("\n".join(lines))


@contextmanager
def _interruptible() -> Iterator[Any]:
    """A function that tells whether Ctrl-C was pressed inside; the second press raises."""
    pressed: list[int] = []

    def on_interrupt(signum: int, frame: FrameType | None) -> None:
        pressed.append(signum)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
