"""Frames to files: clips that films can cut without re-encoding, stills, thumbnails."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.request import FPS
from ourvidz.pipeline.images import resized
from ourvidz.pipeline.reading import SCALING, as_tags, opened, read_frames, read_metadata
from ourvidz.pipeline.x264 import (
    CUT_FRAMES,
    TICKS_PER_FRAME,
    TIME_BASE,
    configure,
    x264_options,
)

__all__ = ["read_frames", "read_metadata", "write_clip", "write_still", "write_thumbnail"]

THUMBNAIL_WIDTH_PX = 640


def write_clip(
    chunks: Iterable[np.ndarray],
    path: Path,
    *,
    num_frames: int,
    size: tuple[int, int],
    metadata: Mapping[str, str],
    on_frames: Callable[[int], None] | None = None,
) -> None:
    """Encode frames as they come: H.264 high, CRF 18, BT.709, 16 fps, moov atom first.

    chunks: (t, H, W, 3) uint8 RGB of any t; only one is held at a time. All are consumed, the
    first `num_frames` frames delivered. size: (width, height) px of the file, both even.
    on_frames: told after each frame how many are encoded; it may raise.

    `path` appears complete or not at all. Raises InvalidRequest when size is odd or the frames
    are too few or of the wrong kind, Unavailable("disk") when the file can not be written, and
    lets every error of `chunks` and `on_frames` through.
    """
    check_size(size, multiple=2)
    done = 0
    with whole_file(path) as part, _ClipWriter(part, num_frames, size, metadata) as clip:
        for frame in _frames(chunks):
            if done == num_frames:
                continue
            clip.add(frame)
            done += 1
            if on_frames:
                on_frames(done)
        if done < num_frames:
            raise InvalidRequest(
                "num_frames", f"is {num_frames} but only {done} frames came; ask for {done}"
            )


def write_still(
    frame: np.ndarray, path: Path, *, size: tuple[int, int], metadata: Mapping[str, str]
) -> None:
    """Write (H, W, 3) uint8 RGB as a PNG of `size` = (width, height) px with `metadata` inside.

    Raises Unavailable("disk") when the file can not be written; nothing partial is left.
    """
    check_size(size)
    text = PngInfo()
    for key, value in as_tags(metadata).items():
        text.add_itxt(key.capitalize(), value)
    _save(Image.fromarray(resized(frame, size)), path, "PNG", pnginfo=text)


def write_thumbnail(frame: np.ndarray, path: Path, *, size: tuple[int, int] | None = None) -> None:
    """Write (H, W, 3) uint8 RGB as a JPEG 640 px wide.

    size: (width, height) px of the clip it stands for, whose proportions it takes; None means
    the frame's own. Raises Unavailable("disk") when the file can not be written.
    """
    width, height = size or frame.shape[1::-1]
    small = resized(frame, (THUMBNAIL_WIDTH_PX, round(THUMBNAIL_WIDTH_PX * height / width)))
    _save(Image.fromarray(small), path, "JPEG", quality=85, optimize=True, progressive=True)


def _save(image: Image.Image, path: Path, kind: str, **options: Any) -> None:
    # Through memory: Pillow itself takes a short write on a full disk for a success.
    content = io.BytesIO()
    image.save(content, kind, **options)
    with whole_file(path) as part, disk_errors(part):
        part.write_bytes(content.getvalue())


class _ClipWriter:
    """One MP4 being encoded. Leaving the block without an error completes and checks it."""

    def __init__(
        self, path: Path, num_frames: int, size: tuple[int, int], metadata: Mapping[str, str]
    ) -> None:
        self._path, self._num_frames, self._size = path, num_frames, size
        self._keyframes = {0, CUT_FRAMES, num_frames - CUT_FRAMES}
        self._added = 0
        self._reformatter = VideoReformatter()
        with disk_errors(path):
            self._output = av.open(
                str(path.absolute()), "w", format="mp4", options={"movflags": "faststart"}
            )
        self._output.metadata.update(as_tags(metadata))
        self._stream = self._output.add_stream("libx264", rate=FPS, options=x264_options())
        self._stream.time_base = TIME_BASE
        configure(self._stream.codec_context, size)

    def add(self, frame: np.ndarray) -> None:
        """Encode one (H, W, 3) uint8 RGB frame."""
        picture = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(frame, format="rgb24"),
            *self._size,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=SCALING,
            threads=1,
        )
        picture.pts = self._added * TICKS_PER_FRAME
        picture.time_base = TIME_BASE
        is_key = self._added in self._keyframes
        picture.pict_type = PictureType.I if is_key else PictureType.NONE
        with disk_errors(self._path):
            self._output.mux(self._stream.encode(picture))
        self._added += 1

    def __enter__(self) -> _ClipWriter:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error:
            with contextlib.suppress(OSError):
                self._output.close()
            return
        with disk_errors(self._path):
            self._output.mux(self._stream.encode(None))
            self._output.close()
        with opened(self._path) as written:
            if written.streams.video[0].frames != self._num_frames:
                raise Unavailable("disk", f"{self._path} was not written whole; try again")


def _frames(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for chunk in chunks:
        if chunk.dtype != np.uint8 or chunk.ndim != 4 or chunk.shape[3] != 3:
            raise InvalidRequest(
                "frames", f"must be (t, H, W, 3) uint8, not {chunk.shape} {chunk.dtype}"
            )
        yield from np.ascontiguousarray(chunk)


def check_size(size: tuple[int, int], multiple: int = 1) -> None:
    """Raise InvalidRequest for a size in px that no file is written at; videos have multiple 2."""
    if any(not 16 <= side <= 4096 or side % multiple for side in size):
        raise InvalidRequest(
            "output_size",
            f"{size[0]}x{size[1]} can not be written; use 1280x720, or even sides of 16 to 4096",
        )


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside `path` that takes its name at the end, or vanishes after any error."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        with disk_errors(path):
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Errors of writing `path` become Unavailable("disk")."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "disk",
            f"{path} can not be written ({error.strerror or error}). "
            "Free some space or choose another folder.",
        ) from error
