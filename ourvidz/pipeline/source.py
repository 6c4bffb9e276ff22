"""What can be copied out of a clip: its frames in the order they are coded, checked once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import FPS
from ourvidz.pipeline.reading import from_tag, opened
from ourvidz.pipeline.x264 import TICKS_PER_FRAME, TIME_BASE

_IDR = 5
_LENGTH_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class Source:
    """One clip, looked through without decoding.

    num_frames: at 16 fps, whatever the file's own rate. size: (width, height) px. header: the
    decoder's configuration (avcC). foreign: why its packets can not be copied, "" if they can.

    keys: frames at which decoding can begin. cuts: frames before which copying can end, because
    everything before them is coded before them; both ascending, empty for foreign files.
    delay: by how many frames the coded order runs ahead of the shown one.
    """

    path: Path
    num_frames: int
    size: tuple[int, int]
    header: bytes = field(repr=False)
    foreign: str
    keys: tuple[int, ...] = ()
    cuts: tuple[int, ...] = ()
    delay: int = 0
    has_sound: bool = False
    metadata: Mapping[str, str] = field(repr=False)

    def key_before(self, frame: int) -> int:
        """Where decoding begins for a frame.

        >>> clip = Source(path=Path("a.mp4"), num_frames=80, size=(1280, 720), header=b"",
        ...               foreign="", keys=(0, 8, 72), cuts=(), metadata={})
        >>> clip.key_before(79), clip.key_before(8), clip.key_before(7)
        (72, 8, 0)
        """
        return max(key for key in self.keys if key <= frame)

    def copyable(self, first: int, stop: int) -> tuple[int, int]:
        """The longest run within frames [first, stop) that can be copied; (stop, stop) if none.

        >>> clip = Source(path=Path("a.mp4"), num_frames=80, size=(1280, 720), header=b"",
        ...               foreign="", keys=(0, 8, 72), cuts=(8, 9, 72, 73, 76, 80), metadata={})
        >>> clip.copyable(0, 80), clip.copyable(4, 74), clip.copyable(16, 64), clip.copyable(73, 80)
        ((0, 80), (8, 73), (64, 64), (80, 80))
        """
        begin = min((key for key in self.keys if key >= first), default=stop)
        end = max((cut for cut in self.cuts if cut <= stop), default=0)
        return (begin, end) if begin < end else (stop, stop)


def inspect(path: Path) -> Source:
    """Read a clip's packets once, without decoding and without keeping them.

    Raises InvalidRequest("video") naming the file when it is missing, no MP4, cut off, or its
    packets are damaged in a way that shows without decoding.
    """
    with opened(path, probe=False) as clip:
        stream = clip.streams.video[0]
        found = _Packets(path, stream)
        for packet in video_packets(clip, stream):
            found.add(packet)
        codec = stream.codec_context
        foreign = found.foreign()
        return Source(
            path=path,
            num_frames=found.num_frames,
            size=(codec.width, codec.height),
            header=bytes(codec.extradata or b""),
            foreign=foreign,
            keys=() if foreign else tuple(found.keys),
            cuts=() if foreign else found.cuts(),
            delay=0 if foreign else found.delay,
            has_sound=bool(clip.streams.audio),
            metadata=from_tag(clip.metadata.get("comment", "")),
        )


def video_packets(clip: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    """The packets of a stream in coded order, without the empty one that marks the end."""
    for packet in clip.demux(stream):
        if packet.pts is not None and packet.size:
            yield packet


class _Packets:
    """What the packets of one file say, one after another."""

    def __init__(self, path: Path, stream: VideoStream) -> None:
        self._path, self._stream = path, stream
        self._time_base = stream.time_base or TIME_BASE
        header = bytes(stream.codec_context.extradata or b"")
        # 4:2:0 H.264 with its headers apart and four bytes of length before each unit.
        is_h264 = stream.codec_context.name == "h264" and header[:1] == b"\x01"
        self._is_h264 = is_h264 and header[4] & 3 == _LENGTH_BYTES - 1
        self._on_grid = self._time_base == TIME_BASE
        self._order: list[int] = []
        self._begin = self._end = 0
        self.keys: list[int] = []
        self.delay = 0

    def add(self, packet: Packet) -> None:
        """Note one packet; raises InvalidRequest when it is damaged."""
        pts, dts = packet.pts or 0, packet.dts
        if packet.is_corrupt:
            raise _cut_off(self._path)
        if not self._order:
            self.delay = -(dts or 0) // TICKS_PER_FRAME
            self._begin = pts
        frame, rest = divmod(pts, TICKS_PER_FRAME)
        expected = (len(self._order) - self.delay) * TICKS_PER_FRAME
        self._on_grid &= rest == 0 and dts == expected
        if self._is_h264 and _is_idr(self._path, packet):
            self.keys.append(frame)
        self._order.append(frame)
        self._begin = min(self._begin, pts)
        self._end = max(self._end, pts + (packet.duration or 0))

    @property
    def num_frames(self) -> int:
        """At 16 fps; also checks that every frame which the index promises is there."""
        if not self._order or len(self._order) < self._stream.frames:
            raise _cut_off(self._path)
        return max(1, round(Fraction(self._end - self._begin) * self._time_base * FPS))

    def cuts(self) -> tuple[int, ...]:
        """Frames before which everything is coded first."""
        cuts, highest = list[int](), -1
        for count, frame in enumerate(self._order, start=1):
            highest = max(highest, frame)
            if highest + 1 == count:
                cuts.append(count)
        return tuple(cuts)

    def foreign(self) -> str:
        """Why these packets can not stand in a film, "" if they can."""
        if not self._is_h264:
            return f"is coded as {self._stream.codec_context.name}"
        whole = sorted(self._order) == list(range(len(self._order)))
        if not (self._on_grid and whole and self.keys[:1] == [0]):
            rate = float(self._stream.average_rate or 0)
            return f"does not have exactly {FPS} frames a second ({rate:.4g} on average)"
        return ""


def _is_idr(path: Path, packet: Packet) -> bool:
    """Whether decoding can begin here; walks all units, whose lengths must fill the packet."""
    content, place, types = bytes(packet), 0, set[int]()
    while place < len(content):
        length = int.from_bytes(content[place : place + _LENGTH_BYTES], "big")
        place += _LENGTH_BYTES
        if not 0 < length <= len(content) - place:
            raise InvalidRequest("video", f"{path} is damaged; fetch or render it again")
        types.add(content[place] & 31)
        place += length
    return _IDR in types


def _cut_off(path: Path) -> InvalidRequest:
    return InvalidRequest("video", f"{path} is cut off; fetch or render it again")
