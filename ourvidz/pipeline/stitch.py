"""Clips to a film: their packets are copied, only what a transition touches is encoded again."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import av
from av.video.stream import VideoStream

from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.progress import OnProgress, Progress, ignore_progress
from ourvidz.domain.request import FPS
from ourvidz.pipeline.export import check_size, disk_errors, whole_file
from ourvidz.pipeline.film_writer import FilmWriter
from ourvidz.pipeline.packets import runs
from ourvidz.pipeline.reading import opened
from ourvidz.pipeline.soundtrack import check_soundtrack, sound
from ourvidz.pipeline.source import Source, inspect
from ourvidz.pipeline.transitions import Copy, Part, plan
from ourvidz.pipeline.x264 import DELAY, sample

__all__ = ["Part", "Stitched", "check_out", "stitch"]

_REPORT_FRAMES = 16


@dataclass(frozen=True, kw_only=True)
class Stitched:
    """A finished film.

    path: H.264 MP4. width, height in px. num_frames at fps: exact. mode: "copied", or "encoded"
    when a clip was foreign and had to be encoded as a whole; notes say which and why.
    copied_frames: how many are the clips' own packets, bit by bit. metadata: what is written
    inside the file.
    """

    path: Path
    width: int
    height: int
    num_frames: int
    fps: int
    mode: Literal["copied", "encoded"]
    copied_frames: int
    notes: tuple[str, ...]
    metadata: Mapping[str, str]

    @property
    def seconds(self) -> float:
        """Playing time."""
        return self.num_frames / self.fps


def stitch(
    parts: Sequence[Part],
    out: Path,
    *,
    on_progress: OnProgress = ignore_progress,
    soundtrack: Path | None = None,
    silent_audio: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> Stitched:
    """Join clips in order to one MP4 of 16 fps, in the size of the first.

    Clips that `write_clip` made are copied packet by packet; transitions, and up to the nearest
    keyframe beside them, are encoded with the same settings. Foreign clips (another codec, size,
    rate or other settings) are encoded as a whole and lose their sound; the result says so.
    Memory does not depend on how many clips there are or how long.

    on_progress: told of frames written; it may raise to cancel. soundtrack: music, trimmed to the
    film and faded out. silent_audio: a silent track for players that want one. metadata: about
    the film; what the clips say about themselves is added.

    `out` appears complete or not at all. Raises InvalidRequest naming a clip that is missing,
    damaged or shorter than its transitions, or a soundtrack without sound; Unavailable("disk")
    when the film can not be written. Damage that only decoding would show is copied unseen.
    """
    _check(parts, out, soundtrack)
    sources = []
    for part in parts:
        on_progress(Progress(stage="stitch", step=0, total=1))
        sources.append(inspect(part.path))
    with _template(parts, sources) as (template, delay):
        size = template.codec_context.width, template.codec_context.height
        sources = [_judged(source, template, delay) for source in sources]
        pieces = plan(parts, sources)
        num_frames = sum(piece.num_frames for piece in pieces)
        told = _film_metadata(parts, sources, metadata or {}, num_frames)
        heard = sound(soundtrack, num_frames) if soundtrack or silent_audio else None
        report = _reporter(on_progress, num_frames)
        with whole_file(out) as part:
            with (
                FilmWriter(part, template, delay, metadata=told, sound=heard) as film,
                contextlib.closing(runs(pieces, sources, size)) as ready,
            ):
                for run in ready:
                    for done in film.add(run):
                        report(done)
            _check_length(part, num_frames)
    foreign = [source for source in sources if source.foreign]
    return Stitched(
        path=out,
        width=size[0],
        height=size[1],
        num_frames=num_frames,
        fps=FPS,
        mode="encoded" if foreign else "copied",
        copied_frames=sum(piece.num_frames for piece in pieces if isinstance(piece, Copy)),
        notes=tuple(_note(source) for source in foreign),
        metadata=told,
    )


def check_out(out: Path, inputs: Sequence[Path] = ()) -> None:
    """Raise InvalidRequest("out") for what no film can take the place of: a folder, an input."""
    with disk_errors(out):
        if not out.name or out.is_dir():
            advice = f"name a file, such as {out / 'film.mp4'}"
            raise InvalidRequest("out", f"{out} is a folder; {advice}")
        if out.resolve() in [path.resolve() for path in inputs]:
            raise InvalidRequest("out", f"{out} is one of the inputs; choose another name")


def _check(parts: Sequence[Part], out: Path, soundtrack: Path | None) -> None:
    if not parts:
        raise InvalidRequest("parts", "there are none; give at least one clip")
    inputs = [part.path for part in parts] + ([soundtrack] if soundtrack else [])
    check_out(out, inputs)
    if soundtrack:
        check_soundtrack(soundtrack)


@contextlib.contextmanager
def _template(
    parts: Sequence[Part], sources: Sequence[Source]
) -> Iterator[tuple[VideoStream, int]]:
    """A stream with the header of all packets in the film, and their delay.

    Our encoder's own, unless nothing needs to be encoded: then the clips' common one, so that
    clips of an earlier encoder can be joined, too.
    """
    kinds = {(source.header, source.foreign) for source in sources}
    if len(kinds) == 1 and not sources[0].foreign and not any(part.frames for part in parts[:-1]):
        with opened(sources[0].path) as clip:
            yield clip.streams.video[0], max(source.delay for source in sources)
        return
    width, height = (side - side % 2 for side in sources[0].size)
    check_size((width, height), multiple=2)
    with av.open(sample((width, height)), format="mp4") as ours:
        yield ours.streams.video[0], DELAY


def _judged(source: Source, template: VideoStream, delay: int) -> Source:
    """The source, as foreign if its packets can not stand behind the film's header."""
    codec = template.codec_context
    foreign = source.foreign
    if not foreign and source.size != (codec.width, codec.height):
        foreign = "is {}x{}".format(*source.size)
    if not foreign and (source.header != codec.extradata or source.delay > delay):
        foreign = "was encoded with other settings"
    return replace(source, foreign=foreign, keys=(), cuts=()) if foreign else source


def _check_length(path: Path, num_frames: int) -> None:
    with opened(path, probe=False) as film:
        if film.streams.video[0].frames != num_frames:
            raise Unavailable("disk", f"{path} was not written whole; try again")


def _reporter(on_progress: OnProgress, total: int) -> Callable[[int], None]:
    begun = time.monotonic()

    def report(done: int) -> None:
        if done % _REPORT_FRAMES == 0 or done == total:
            eta_s = (time.monotonic() - begun) / done * (total - done)
            on_progress(Progress(stage="stitch", step=done, total=total, eta_s=eta_s))

    return report


def _film_metadata(
    parts: Sequence[Part], sources: Sequence[Source], metadata: Mapping[str, str], num_frames: int
) -> dict[str, str]:
    """About the film, what all clips have in common ("clip") and what they have not ("clips")."""
    common = dict(set.intersection(*(set(source.metadata.items()) for source in sources)))
    clips: list[dict[str, object]] = []
    # The last one leads nowhere, whatever it says.
    for part, source in zip(
        [*parts[:-1], replace(parts[-1], transition="cut")], sources, strict=True
    ):
        own = {k: v for k, v in source.metadata.items() if k not in common}
        joined = {"frames": source.num_frames, "transition": part.transition}
        clips.append({**own, **joined, "transition_frames": part.frames})
    facts = {"kind": "film", **metadata, "num_frames": str(num_frames), "fps": str(FPS)}
    as_json = {"clip": common, "clips": clips}
    return facts | {key: json.dumps(value, ensure_ascii=False) for key, value in as_json.items()}


def _note(source: Source) -> str:
    sound = " and lost its sound" if source.has_sound else ""
    return f"{source.path} {source.foreign}: it was encoded again as a whole{sound}"
