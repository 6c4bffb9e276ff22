"""Sound of exactly a film's length: silence, or the user's music trimmed and faded out."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import chain, groupby
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import FPS

RATE = 48_000
BIT_RATE = 160_000
SAMPLES_PER_FRAME = RATE // FPS
FADE_OUT_S = 2.0
_BLOCK = 1024  # What an AAC packet holds.
#: Containers of sound and of films; no playlist, which could reach other files.
_FORMATS = "mp3,aac,wav,flac,ogg,mov,mp4,m4a,matroska,webm,aiff"


def check_soundtrack(path: Path) -> None:
    """Raise InvalidRequest("soundtrack") when there is no sound to be read."""
    with contextlib.closing(_samples(path)) as samples:
        if next(samples, None) is None:
            raise InvalidRequest("soundtrack", f"{path} has no sound; give an MP3 or M4A file")


def sound(path: Path | None, num_frames: int) -> Iterator[AudioFrame]:
    """Stereo at 48 kHz for exactly `num_frames` frames of film, in blocks of 1024 samples.

    path: music, played from its beginning; silence after its end. What is longer than the film is
    cut and faded out over the last two seconds (half the film, if that is less). None: silence.

    Raises InvalidRequest("soundtrack") when the file can not be read.
    """
    total, place = num_frames * SAMPLES_PER_FRAME, 0
    fade = min(round(FADE_OUT_S * RATE), total // 2)
    with contextlib.closing(_blocks(path)) as blocks:
        while place < total:
            block = next(blocks)[:, : total - place]
            left = total - place - np.arange(block.shape[1])
            block = block * np.clip(left / fade, 0, 1).astype(np.float32)
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", "stereo")
            frame.sample_rate = RATE
            frame.pts, frame.time_base = place, Fraction(1, RATE)
            place += block.shape[1]
            yield frame


def _blocks(path: Path | None) -> Generator[np.ndarray, None, None]:
    """(2, 1024) float32, endlessly: the music, then silence."""
    silence = np.zeros((2, _BLOCK), np.float32)
    rest = silence[:, :0]
    for piece in _samples(path) if path else ():
        rest = np.concatenate([rest, piece], axis=1)
        while rest.shape[1] >= _BLOCK:
            yield rest[:, :_BLOCK]
            rest = rest[:, _BLOCK:]
    yield np.concatenate([rest, silence], axis=1)[:, :_BLOCK]
    while True:
        yield silence


def _samples(path: Path) -> Generator[np.ndarray, None, None]:
    """(2, n) float32 of a file's first sound track, whatever its rate and channels.

    They may change on the way: recordings of a radio station are pieces one after another.
    """
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    try:
        with av.open(str(path.absolute()), options=options, metadata_errors="replace") as source:
            if not source.streams.audio:
                raise InvalidRequest("soundtrack", f"{path} has no sound; give an MP3 or M4A file")
            for _, alike in groupby(_frames(source), key=_kind):
                resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
                for frame in chain(alike, (None,)):
                    for ready in resampler.resample(frame):
                        yield ready.to_ndarray()
    except (FFmpegError, OSError) as error:
        raise InvalidRequest(
            "soundtrack",
            f"{path} can not be read ({error.strerror}); give an MP3, M4A, WAV, FLAC or OGG file",
        ) from error


def _frames(source: InputContainer) -> Iterator[AudioFrame]:
    """What can be decoded: damaged moments are left out, as players do, and end no film."""
    for packet in source.demux(source.streams.audio[0]):
        with contextlib.suppress(InvalidDataError):
            yield from packet.decode()


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    """What a resampler takes for the same in all that it is given."""
    return frame.format.name, frame.layout.name, frame.sample_rate
