"""What is inside a finished file: the metadata that `export` stored, and the frames."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from ourvidz.domain.errors import InvalidRequest

MAX_READ_BYTES = 2 * 2**30

#: Opening may read next to nothing and use no decoder.
_NO_PROBE = {"probesize": "32", "codec_whitelist": "none"}

_NO_PICTURE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)

#: swscale's best: no chroma is dropped or shifted on the way between RGB and YUV.
SCALING = (
    Interpolation.LANCZOS
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.FULL_CHR_H_INT
)


def read_metadata(path: Path) -> dict[str, str]:
    """What `write_clip` or `write_still` stored in a file; empty for a foreign MP4.

    Raises InvalidRequest("video") for a file that is neither an MP4 nor such a still.
    """
    return _still_metadata(path) or _clip_metadata(path)


def picture_kind(path: Path) -> str | None:
    """Format and size of a JPEG, PNG or WEBP file, such as "PNG, 64x48 px"; None for others."""
    try:
        with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as picture:
            return f"{picture.format}, {picture.width}x{picture.height} px"
    except _NO_PICTURE:
        return None


def read_frames(path: Path, *, last: int | None = None) -> np.ndarray:
    """Decode an MP4 to (T, H, W, 3) uint8 RGB; `last` keeps only that many frames of its end.

    Raises InvalidRequest("video") when the file is no MP4, is damaged, or its frames need more
    than 2 GiB.
    """
    frames: deque[np.ndarray] = deque(maxlen=last)
    decoded = 0
    with opened(path) as clip:
        stream = clip.streams.video[0]
        size = stream.width, stream.height
        promised = stream.frames
        reformatter = VideoReformatter()
        for frame in clip.decode(stream):
            picture = reformatter.reformat(
                frame, *size, format="rgb24", interpolation=SCALING, threads=1
            )
            frames.append(picture.to_ndarray())
            decoded += 1
            if len(frames) * frames[0].nbytes > MAX_READ_BYTES:
                raise InvalidRequest("video", f"{path} is too long; give a shorter clip")
    if not frames or decoded < promised:
        raise InvalidRequest("video", f"{path} is cut off; fetch or render it again")
    return np.stack(frames)


@contextlib.contextmanager
def opened(path: Path, *, probe: bool = True) -> Iterator[InputContainer]:
    """An MP4 with a picture, open for reading. Raises InvalidRequest("video") for others.

    probe: decode a first picture to learn about the others. Without it, files of ours open forty
    times faster, and their streams know everything but the pixel format.
    """
    options = {} if probe else _NO_PROBE
    try:
        # One fixed demuxer on an absolute path: playlists and URLs could reach other files.
        with av.open(
            str(path.absolute()), format="mp4", options=options, metadata_errors="replace"
        ) as source:
            # A codec that nobody knows has no context.
            if not source.streams.video or not source.streams.video[0].codec_context:
                raise InvalidRequest("video", f"{path} has no picture; give an MP4 video")
            yield source
    except (FFmpegError, OSError) as error:
        raise InvalidRequest(
            "video", f"{path} is not a readable video ({error.strerror}); give an MP4 file"
        ) from error


def as_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """The two tags that players show: a short title, and all of `metadata` as a JSON comment.

    >>> as_tags({"prompt": "a cat", "seed": "7"})
    {'title': 'a cat', 'comment': '{"prompt": "a cat", "seed": "7"}'}
    """
    title = metadata.get("title") or metadata.get("prompt", "")
    tags = {
        "title": " ".join(title.split())[:100] or "OurVidz",
        "comment": json.dumps(dict(metadata), ensure_ascii=False),
    }
    # UTF-8 has no lone surrogates; a backslash escape is what JSON writes for them.
    return {key: text.encode("utf-8", "backslashreplace").decode() for key, text in tags.items()}


def _still_metadata(path: Path) -> dict[str, str]:
    try:
        with Image.open(path, formats=("PNG",)) as still:
            return from_tag(still.info.get("Comment", ""))
    except _NO_PICTURE:
        return {}  # Whatever it is, it is not ours.


def _clip_metadata(path: Path) -> dict[str, str]:
    with opened(path) as clip:
        return from_tag(clip.metadata.get("comment", ""))


def from_tag(comment: object) -> dict[str, str]:
    """The metadata in a comment that `as_tags` made; empty for any other."""
    try:
        stored = json.loads(str(comment))
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(value) for key, value in stored.items()} if type(stored) is dict else {}
