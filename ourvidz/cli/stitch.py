"""`ourvidz stitch`: finished clips to one film."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from math import isfinite
from pathlib import Path

from ourvidz.cli.screen import Screen, aligned
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Transition
from ourvidz.domain.request import FPS
from ourvidz.pipeline.given import is_file


def stitch(args: Namespace, screen: Screen) -> None:
    """Join clips to one film: what is not in a transition is copied, not encoded again."""
    from ourvidz.pipeline import stitch as stitching

    for clip in args.clips:
        if not is_file(clip):
            raise InvalidRequest("clip", f"there is no file {clip}; check the path")
    transition, frames = _transition(args)
    parts = [
        stitching.Part(path=path, transition=transition, transition_frames=frames)
        for path in args.clips
    ]
    with screen.watching() as on_progress:
        film = stitching.stitch(
            parts,
            args.out,
            on_progress=on_progress,
            soundtrack=args.soundtrack,
            silent_audio=args.silent_audio,
        )
    rows = {
        "film": str(film.path),
        "length": f"{film.seconds:g} s, {film.num_frames} frames",
        "size": f"{film.width}x{film.height}",
        "copied": f"{film.copied_frames} frames as they were",
    }
    screen.show({**asdict(film), "seconds": film.seconds}, aligned(*rows.items()))
    for note in film.notes:
        screen.tell(note)


def stitch_options(verb: ArgumentParser) -> None:
    """What can follow `ourvidz stitch`."""
    verb.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="MP4 files in order")
    verb.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="the film")
    between = verb.add_mutually_exclusive_group()
    between.add_argument(
        "--crossfade", type=float, metavar="SECONDS", help="blend each clip into the next"
    )
    between.add_argument(
        "--fade", type=float, metavar="SECONDS", help="fade through black between clips"
    )
    sound = verb.add_mutually_exclusive_group()
    sound.add_argument("--soundtrack", type=Path, metavar="FILE", help="music under the film")
    sound.add_argument("--silent-audio", action="store_true", help="add a silent sound track")


def _transition(args: Namespace) -> tuple[Transition, int]:
    """Kind and length in frames of every transition."""
    for name in ("crossfade", "fade"):
        seconds = getattr(args, name)
        if seconds is not None:
            frames = round(seconds * FPS) if isfinite(seconds * FPS) else 0
            if frames < 1:
                raise InvalidRequest(name, f"must be 1/{FPS} s or longer; 0.5 is usual")
            return name, frames
    return "cut", 1
