"""The MP4 that a film grows in: packets of pictures, and of sound beside them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.stream import VideoStream

from ourvidz.pipeline.export import disk_errors
from ourvidz.pipeline.packets import Run
from ourvidz.pipeline.reading import as_tags
from ourvidz.pipeline.soundtrack import BIT_RATE, RATE, SAMPLES_PER_FRAME
from ourvidz.pipeline.x264 import TICKS_PER_FRAME, TIME_BASE

#: The file's clock counts samples: frames of 1/16 s are no whole milliseconds.
_OPTIONS = {"movflags": "faststart", "movie_timescale": str(RATE)}


class FilmWriter:
    """Writes packets one after another and gives them the film's times.

    template: a stream with the header that all packets share. delay: frames by which the coded
    order runs ahead. sound: frames of exactly the film's length, or None for no sound track.

    Leaving the block without an error completes the file, its index first. Raises
    Unavailable("disk") when it can not be written.
    """

    def __init__(
        self,
        path: Path,
        template: VideoStream,
        delay: int,
        *,
        metadata: Mapping[str, str],
        sound: Iterator[AudioFrame] | None = None,
    ) -> None:
        self._path, self._delay = path, delay
        self._coded = 0
        with disk_errors(path):
            self._output = av.open(str(path.absolute()), "w", format="mp4", options=_OPTIONS)
        self._output.metadata.update(as_tags(metadata))
        # With its header: one of our own making would frame the packets in another way.
        self._video = self._output.add_stream_from_template(template)
        self._video.time_base = TIME_BASE
        self._sound = self._encoded(sound) if sound else iter(())
        self._next_sound = next(self._sound, None)

    def add(self, run: Run) -> Iterator[int]:
        """Append a run; yields after each packet how many frames the film has."""
        base = self._coded
        for frame, packet in run:
            packet.stream, packet.time_base = self._video, TIME_BASE
            packet.pts = (base + frame) * TICKS_PER_FRAME
            packet.dts = (self._coded - self._delay) * TICKS_PER_FRAME
            packet.duration = TICKS_PER_FRAME
            self._mux(packet)
            self._coded += 1
            self._sound_until(self._coded)
            yield self._coded

    def __enter__(self) -> FilmWriter:
        """The film, to be left when all is written."""
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Complete the file; after an error only close it."""
        if error:
            with contextlib.suppress(OSError):
                self._output.close()
            return
        self._sound_until(None)
        with disk_errors(self._path):
            self._output.close()

    def _encoded(self, sound: Iterator[AudioFrame]) -> Iterator[Packet]:
        audio = self._output.add_stream("aac", rate=RATE, layout="stereo")
        audio.bit_rate = BIT_RATE
        # From here on lazily: sound is encoded as the film grows, and never held.
        return (packet for frame in chain(sound, (None,)) for packet in audio.encode(frame))

    def _sound_until(self, frame: int | None) -> None:
        """Write the sound up to a frame of the film, None for all the rest."""
        until = math.inf if frame is None else frame * SAMPLES_PER_FRAME
        while self._next_sound and (self._next_sound.pts or 0) < until:
            self._mux(self._next_sound)
            self._next_sound = next(self._sound, None)

    def _mux(self, packet: Packet) -> None:
        with disk_errors(self._path):
            self._output.mux(packet)
