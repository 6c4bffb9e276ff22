"""The packets of a film's pieces: copied as they are, or encoded while others are written."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

from ourvidz.pipeline.pictures import pictures
from ourvidz.pipeline.reading import opened
from ourvidz.pipeline.source import Source, video_packets
from ourvidz.pipeline.transitions import Copy, Plain, Window, mixed
from ourvidz.pipeline.x264 import TICKS_PER_FRAME, TIME_BASE, black, packet_encoder

#: Windows up to this long are encoded ahead, two at once; the packets of longer ones are not held.
_SHORT_FRAMES = 48
_ENCODERS = 2
_AHEAD = 3

#: Packets in coded order that need nothing outside them, each with its frame: 0 to n - 1.
Run = Iterable[tuple[int, Packet]]


def runs(
    pieces: Sequence[Copy | Window], sources: Sequence[Source], size: tuple[int, int]
) -> Generator[Run, None, None]:
    """The packets of each piece of a plan, one after another; size: (width, height) px.

    Each run must be used up before the next is asked for. Raises InvalidRequest("video") for a
    clip that can not be decoded.
    """
    windows = [piece for piece in pieces if isinstance(piece, Window)]
    ahead = _ahead(windows, lambda window: encoded(window, sources, size))
    with contextlib.closing(ahead):
        for piece in pieces:
            if isinstance(piece, Copy):
                yield _copied(sources[piece.part], piece.first, piece.stop)
            else:
                yield ((_frame(packet), packet) for packet in next(ahead))


def _ahead(
    windows: Iterable[Window], encode: Callable[[Window], Iterator[Packet]]
) -> Generator[Iterable[Packet], None, None]:
    """The packets of each window; short windows are encoded while those before are written."""
    pool = ThreadPoolExecutor(_ENCODERS)

    def begin(window: Window) -> Callable[[], Iterable[Packet]]:
        if window.num_frames > _SHORT_FRAMES:
            return lambda: encode(window)
        return pool.submit(list[Packet], encode(window)).result

    beginnings = (begin(window) for window in windows)
    try:
        begun = deque(islice(beginnings, _AHEAD))
        while begun:
            packets = begun.popleft()()
            begun.extend(islice(beginnings, 1))
            yield packets
    finally:
        pool.shutdown(cancel_futures=True)


def _copied(source: Source, first: int, stop: int) -> Iterator[tuple[int, Packet]]:
    with opened(source.path, probe=False) as clip:
        # Where copying may begin and end, as many packets as frames lie before.
        for packet in islice(video_packets(clip, clip.streams.video[0]), first, stop):
            yield _frame(packet) - first, packet


def encoded(window: Window, sources: Sequence[Source], size: tuple[int, int]) -> Iterator[Packet]:
    """The packets of a window in coded order, with times that begin at 0.

    One picture is held at a time; short windows are encoded quickly. Raises
    InvalidRequest("video") for a clip that can not be decoded.
    """
    codec = packet_encoder(size, quick=window.num_frames <= _SHORT_FRAMES)
    with contextlib.closing(pictures_of(window, sources, size)) as pictures:
        for index, picture in enumerate(pictures):
            frame = VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = index * TICKS_PER_FRAME, TIME_BASE
            yield from codec.encode(frame)
    yield from codec.encode(None)


def pictures_of(
    window: Window, sources: Sequence[Source], size: tuple[int, int]
) -> Generator[np.ndarray, None, None]:
    """The pictures of a window in order; `pictures` says what each is."""
    reels: dict[int, Generator[np.ndarray, None, None]] = {}

    def reel(part: int, first: int) -> Iterator[np.ndarray]:
        return reels.setdefault(part, pictures(sources[part], first, size))

    try:
        for span in window.spans:
            for passed in [part for part in reels if part < span.part]:
                reels.pop(passed).close()
            before = reel(span.part, span.first)
            if isinstance(span, Plain):
                yield from islice(before, span.num_frames)
                continue
            after = reel(span.part + 1, 0)
            for leaves, comes, weight in span.steps():
                a = next(before) if leaves else black(size)
                b = next(after) if comes else black(size)
                yield mixed(a, b, weight) if leaves else mixed(b, a, weight)
    finally:
        for left in reels.values():
            left.close()


def _frame(packet: Packet) -> int:
    return (packet.pts or 0) // TICKS_PER_FRAME
