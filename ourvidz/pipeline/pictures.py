"""The pictures of a clip as the encoder takes them, at 16 fps and in the film's size."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from itertools import islice

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import FPS
from ourvidz.pipeline.images import MAX_STRETCH
from ourvidz.pipeline.reading import SCALING, opened
from ourvidz.pipeline.source import Source
from ourvidz.pipeline.x264 import TICKS_PER_FRAME, TIME_BASE

#: Untagged video of this height or more is taken for BT.709, as players do.
_HD_HEIGHT_PX = 720
_UNTAGGED = 2


def pictures(
    source: Source, first: int, size: tuple[int, int]
) -> Generator[np.ndarray, None, None]:
    """Frames of a clip from `first` on: (H * 3 / 2, W) uint8, planes Y, U, V in BT.709, limited.

    A clip of ours is decoded as it is, from its nearest keyframe. A foreign one is read from its
    beginning, brought to 16 fps by dropping or repeating frames, turned upright, and scaled to
    `size` = (width, height) px: stretched by at most 3 %, else cropped around the centre.

    Raises InvalidRequest("video") naming the file when it is damaged.
    """
    with opened(source.path, probe=bool(source.foreign)) as clip:
        stream = clip.streams.video[0]
        stream.codec_context.thread_count = 1
        if source.foreign:
            convert = _Conversion(size)
            yield from islice(_at_16_fps(source, clip.decode(stream), convert), first, None)
            return
        key = source.key_before(first)
        if key:
            clip.seek(key * TICKS_PER_FRAME, stream=stream)
        for frame in islice(clip.decode(stream), first - key, None):
            if frame.is_corrupt or (frame.pts or 0) != first * TICKS_PER_FRAME:
                break
            yield frame.to_ndarray()
            first += 1
    if first < source.num_frames:
        raise _damaged(source)


def _at_16_fps(
    source: Source, frames: Iterator[VideoFrame], convert: Callable[[VideoFrame], np.ndarray]
) -> Iterator[np.ndarray]:
    """What is on the screen in the middle of each sixteenth of a second."""
    shown, start, done = None, 0, 0
    for frame in frames:
        if frame.is_corrupt:
            raise _damaged(source)
        if shown is None:
            start = frame.pts or 0
        else:
            begins = ((frame.pts or 0) - start) * Fraction(frame.time_base or TIME_BASE)
            until = min(source.num_frames, round(begins * FPS))
            if done < until:
                yield from [convert(shown)] * (until - done)
                done = until
        shown = frame
    if shown is None:
        raise _damaged(source)
    if done < source.num_frames:
        yield from [convert(shown)] * (source.num_frames - done)


class _Conversion:
    """Frames of any kind to pictures of the film's size and colours."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """(H * 3 / 2, W) uint8 of one decoded frame."""
        if frame.rotation or (frame.width, frame.height) != self._size:
            rgb = self._reformat(frame, (frame.width, frame.height), "rgb24").to_ndarray()
            rgb = np.rot90(rgb, round(frame.rotation / 90))
            frame = av.VideoFrame.from_ndarray(self._cropped(rgb), format="rgb24")
        return self._reformat(frame, self._size, "yuv420p").to_ndarray()

    def _reformat(self, frame: VideoFrame, size: tuple[int, int], layout: str) -> VideoFrame:
        untagged = frame.colorspace == _UNTAGGED and frame.height >= _HD_HEIGHT_PX
        return self._reformatter.reformat(
            frame,
            *size,
            format=layout,
            src_colorspace=Colorspace.ITU709 if untagged else None,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG if layout == "yuv420p" else None,
            interpolation=SCALING,
            threads=1,
        )

    def _cropped(self, rgb: np.ndarray) -> np.ndarray:
        """The largest part around the centre in the film's proportions, or all if nearly so."""
        (width, height), (rows, columns) = self._size, rgb.shape[:2]
        stretch = (columns * height) / (rows * width)
        if abs(stretch - 1) > MAX_STRETCH:
            kept_rows = min(rows, round(columns * height / width))
            kept_columns = min(columns, round(rows * width / height))
            top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
            rgb = rgb[top : top + kept_rows, left : left + kept_columns]
        return np.ascontiguousarray(rgb)


def _damaged(source: Source) -> InvalidRequest:
    return InvalidRequest("video", f"{source.path} is damaged or cut off; fetch or render it again")
