"""What joining clips costs: `python -m benchmarks.stitch`

3, 12, 60 and 360 clips of five seconds at 1280x720, with cuts and with crossfades of half a
second: `stitch` beside encoding everything again (the same decoder, mixing and encoder in one
stream), one ffmpeg filter graph, ffmpeg's concat demuxer (cuts) and, where a Python that has it
is named, moviepy. Every way runs in a process of its own; wall and CPU seconds and peak memory
are that process's and its children's. Ways that encode everything run up to a number of clips
and are scaled per clip from there. Then the films are checked: every frame decoded and counted
by ffmpeg, copied packets compared bit by bit, a short film's pictures with what was meant.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.provenance import add_saving, keep, provenance
from benchmarks.stitch_check import bodies_identical, frames_decoded, likeness
from benchmarks.stitch_ways import (
    DIFFERENT,
    SIZE,
    Cost,
    Scenario,
    Way,
    encode_everything,
    ffmpeg_concat,
    ffmpeg_graph,
    here,
    make_clips,
    measure,
    moviepy,
)
from ourvidz.pipeline.stitch import stitch

#: Films of other ways are decoded and counted up to this many clips.
MOST_CHECKED = 60


def check(cost: Cost, scenario: Scenario, clips: Path, film: Path) -> dict[str, int]:
    """Count the film's frames, and what is left of the clips in those that are ours."""
    if cost.way != "stitch" and scenario.clips > MOST_CHECKED:
        return {"equal": 0, "copied": 0}  # Decoding half an hour takes minutes.
    cost.frames = frames_decoded(film)
    exact = cost.frames == cost.expected
    if exact and scenario.clips == min(DIFFERENT, 3) and scenario.transition == "crossfade":
        cost.likeness = vars(likeness(film, scenario.parts(clips), SIZE))
    if cost.way != "stitch":
        return {"equal": 0, "copied": 0}
    equal, copied = bodies_identical(film, scenario.parts(clips))
    return {"equal": equal, "copied": copied}


def run(ways: Sequence[Way], sizes: Sequence[int], folder: Path) -> tuple[list[Cost], bool]:
    """All costs, and whether every packet that should be a copy is one."""
    costs, equal, copied = list[Cost](), 0, 0
    for scenario in (Scenario(clips=n, transition=t) for n in sizes for t in ("cut", "crossfade")):
        for way in ways:
            if scenario.clips > way.largest or scenario.transition not in way.transitions:
                continue
            film = folder / "film.mp4"
            cost = measure(way, scenario, folder, film)
            if not cost.status:
                bodies = check(cost, scenario, folder, film)
                equal, copied = equal + bodies["equal"], copied + bodies["copied"]
            film.unlink(missing_ok=True)
            costs.append(cost)
            print(row(cost), flush=True)
    return costs, equal == copied > 0


def row(cost: Cost) -> str:
    """One line of the table."""
    seams = "  ".join(f"{name} {value}" for name, value in cost.likeness.items())
    return (
        f"{cost.way:16}{cost.transition:>10}{cost.clips:>5} clips{cost.wall_s:>9} s"
        f"{cost.cpu_s:>9} CPU-s{cost.peak_mb:>9} MB{cost.frames or '-':>7} of"
        f" {cost.expected}  {seams}"
    )


def summary(costs: Sequence[Cost], identical: bool) -> dict[str, Any]:
    """The figures that are promised. Full encoding is scaled from its largest film, per clip."""
    ours = {(c.clips, c.transition): c for c in costs if c.way == "stitch"}
    largest = max(clips for clips, _ in ours)
    figures: dict[str, Any] = {}
    for short, transition in (("cut", "cut"), ("xfade", "crossfade")):
        mine = ours[largest, transition]
        full = [c for c in costs if c.way == "encode all" and c.transition == transition]
        base = max(full, key=lambda cost: cost.clips)
        figures[f"{short}_{largest}_s"] = mine.wall_s
        figures[f"cpu_vs_full_{short}"] = round(
            base.cpu_s / base.clips / (mine.cpu_s / mine.clips), 1
        )
        figures[f"full_{short}_measured_clips"] = base.clips
    return figures | {
        "peak_rss_mb": max(c.peak_mb for c in ours.values()),
        "frames_exact": all(c.frames == c.expected for c in ours.values()),
        "bodies_identical": identical,
    }


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stitch", description=__doc__)
    parser.add_argument("--clips", type=int, nargs="+", default=[3, 12, 60, 360])
    parser.add_argument("--full", type=int, default=12, help="largest film encoded as a whole")
    parser.add_argument("--graph", type=int, default=60, help="largest film in one filter graph")
    parser.add_argument("--moviepy", type=Path, metavar="PYTHON", help="a Python that has it")
    parser.add_argument("--moviepy-clips", type=int, default=12, help="its largest film")
    parser.add_argument("--way", nargs=5, help=argparse.SUPPRESS)
    add_saving(parser)
    args = parser.parse_args()
    if args.way:
        name, clips, transition, folder, out = args.way
        parts = Scenario(clips=int(clips), transition=transition).parts(Path(folder))
        join = stitch if name == "stitch" else encode_everything
        join(parts, Path(out))
        return
    ways = [
        Way(name="stitch", command=here("stitch")),
        Way(name="encode all", command=here("all"), largest=args.full),
        Way(name="filter graph", command=ffmpeg_graph, largest=args.graph),
        Way(name="concat demuxer", command=ffmpeg_concat, transitions=("cut",)),
    ]
    if args.moviepy:
        ways.append(Way(name="moviepy", command=moviepy(args.moviepy), largest=args.moviepy_clips))
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        make_clips(Path(folder))
        costs, identical = run(ways, args.clips, Path(folder))
    result = (
        summary(costs, identical)
        | {
            "films": [vars(cost) for cost in costs],
            "load_before_after": [round(load[0], 2), round(os.getloadavg()[0], 2)],
            "note": args.note,
        }
        | provenance()
    )
    keep("stitch", result, save=args.save)


if __name__ == "__main__":
    main()
