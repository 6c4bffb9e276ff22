"""Does a scene stay itself, clip after clip? `python -m benchmarks.continuity`

One scene of many shots on the starter model, made as films are made: between keyframes that come
from one master (anchored), each from the last frames of the one before (chained), or each from a
picture of its own (independent). Seams are compared with what happens inside clips, colours with
those of the first clips, and a critic, trained on the renderer alone, reads subject, colour,
place, hour and weather along the film. Clips are measured as they are delivered.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure

from benchmarks.provenance import RESULTS, provenance
from ourvidz.domain.catalog import family
from ourvidz.domain.film import Continuity, Film, Scene, Shot
from ourvidz.domain.progress import Progress
from ourvidz.domain.request import Profile
from ourvidz.domain.scene import SHOT_S
from ourvidz.pipeline import ModelManager
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.film import render_film
from ourvidz.pipeline.x264 import CUT_FRAMES
from ourvidz.starter.critic import WEIGHTS, Critic

NATIVE = family("starter").sizes[0]
PROMPT = "A red car drives through the desert at sunset."
SEED = 7
#: Colours of so many clips at the start and at the end of the film are compared.
ENDS = 5
READ = ("place", "time", "weather", "subject", "color")
COLORS = {"anchored": "#1f6f4a", "chained": "#b3362b", "independent": "#6b6b76"}


@dataclass(frozen=True, kw_only=True)
class Along:
    """What is measured along one film of n clips, in 8-bit levels.

    colors: (n, 6) mean and standard deviation of red, green and blue. inside: (n, 79) mean
    difference of a frame to the next. seams: (n - 1,), of a clip's last frame to the next clip's
    first. kept: (n, 5), whether an attribute of `READ` is what the first clip shows. seconds: to
    make it, None when some of it was there already.
    """

    colors: np.ndarray
    inside: np.ndarray
    seams: np.ndarray
    kept: np.ndarray
    seconds: float | None

    def keyframe_ratio(self) -> float:
        """The median step into the frames that a clip's file codes whole, over the median step.

        A seam is such a step, too: it can not be smaller than what coding alone makes of it.
        """
        steps = self.inside[:, [CUT_FRAMES - 1, self.inside.shape[1] - CUT_FRAMES]]
        return float(np.median(steps) / np.median(self.inside))

    def seam_ratio(self) -> float:
        """The median seam over the median step inside clips."""
        return float(np.median(self.seams) / np.median(self.inside))

    def worst_seam_ratio(self) -> float:
        """The largest seam over the median step inside clips."""
        return float(self.seams.max() / np.median(self.inside))

    def drift(self, clips: int) -> float:
        """How far the colours of the last clips, up to number `clips`, are from the first ones'.

        Mean over the six statistics, in levels.
        """
        few = min(ENDS, clips // 2)
        first, last = self.colors[:few], self.colors[clips - few : clips]
        return float(np.abs(last.mean(0) - first.mean(0)).mean())

    def noise(self) -> float:
        """What `drift` would be by chance: between the halves of the first clips, twice as long."""
        few = min(ENDS, len(self.colors) // 2)
        spread = self.colors - _line(self.colors)
        return float((spread.std(0) * np.sqrt(2 / few)).mean())


def _line(colors: np.ndarray) -> np.ndarray:
    """The straight line through each statistic."""
    x = np.arange(len(colors))
    slope, start = np.polyfit(x, colors, 1)
    return start + x[:, None] * slope


def measure(clips: Sequence[Path], critic: Critic, seconds: float | None) -> Along:
    """Read a film's clips one after another; only two are held at a time."""
    colors, inside, seams, readings = [], [], [], []
    last: np.ndarray | None = None
    for path in clips:
        frames = read_frames(path)
        spread = (frames[..., channel].std(dtype=np.float32) for channel in range(3))
        colors.append([*frames.mean((0, 1, 2)), *spread])
        inside.append([_step(a, b) for a, b in pairwise(frames)])
        if last is not None:
            seams.append(_step(last, frames[0]))
        last = frames[-1]
        read = critic.read(frames)
        readings.append([getattr(read, name) for name in READ])
    kept = np.array([[a == b for a, b in zip(row, readings[0], strict=True)] for row in readings])
    return Along(
        colors=np.array(colors),
        inside=np.array(inside),
        seams=np.array(seams),
        kept=kept,
        seconds=seconds,
    )


def _step(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


@dataclass(frozen=True, kw_only=True)
class Quick(Film):
    """A film whose shots have fewer frames than five seconds, where time is short."""

    num_frames_of_shot: int

    @property
    def shots(self) -> tuple[Shot, ...]:
        """All shots, shorter."""
        return tuple(replace(shot, num_frames=self.num_frames_of_shot) for shot in super().shots)


@dataclass(frozen=True)
class Bench:
    """Where films are made, and by what."""

    manager: ModelManager
    critic: Critic
    folder: Path
    profile: Profile
    size: tuple[int, int] | None

    def run(self, continuity: Continuity, clips: int, frames: int) -> Along:
        """Make (or find) a film of one scene of `clips` clips of `frames` frames; measure it."""
        scene = Scene(id="scene", prompt=PROMPT, seconds=clips * SHOT_S)
        film = Quick(
            num_frames_of_shot=frames,
            title="Continuity",
            scenes=(scene,),
            profile=self.profile,
            seed=SEED,
            continuity=continuity,
        )
        begun, told = time.perf_counter(), [0.0]

        def on_progress(progress: Progress) -> None:
            if time.perf_counter() - told[0] > 60:
                told[0] = time.perf_counter()
                left = f"{progress.eta_s:.0f} s left" if progress.eta_s else ""
                print(f"  {continuity}: {progress.stage} {progress.step} {left}", flush=True)

        size = "-native" if self.size else ""
        folder = self.folder / f"{continuity}-{clips}x{frames}{size}"
        done = render_film(film, self.manager, on_progress, folder, output_size=self.size)
        all_new = done.clips_made == clips
        return measure(done.clips, self.critic, time.perf_counter() - begun if all_new else None)


def figures(films: dict[tuple[str, int], Along]) -> dict[str, Any]:
    """The result's keys: seams and colours by continuity and number of clips."""
    found: dict[str, Any] = {}
    for (mode, clips), along in films.items():
        found[f"drift_{clips}_{mode}"] = round(along.drift(clips), 3)
        found[f"noise_{clips}_{mode}"] = round(along.noise(), 3)
        found[f"attributes_kept_{clips}_{mode}"] = round(float(along.kept.mean()), 4)
        found[f"seam_ratio_{clips}_{mode}"] = round(along.seam_ratio(), 3)
        found[f"worst_seam_ratio_{clips}_{mode}"] = round(along.worst_seam_ratio(), 3)
        # Without a number: of the shortest film, whose clips are whole.
        found.setdefault(f"seam_ratio_{mode}", round(along.seam_ratio(), 3))
        found[f"keyframe_step_ratio_{clips}_{mode}"] = round(along.keyframe_ratio(), 3)
        if along.seconds is not None:
            found[f"seconds_{clips}_{mode}"] = round(along.seconds, 1)
        if mode == "anchored":
            found[f"attributes_kept_{clips}"] = found[f"attributes_kept_{clips}_{mode}"]
    return found


def table(films: dict[tuple[str, int], Along]) -> str:
    """The figures for eyes."""
    lines = ["film                seam  worst coding  drift  by chance    kept  seconds"]
    for (mode, clips), a in films.items():
        lines.append(
            f"{mode:12} {clips:4}  {a.seam_ratio():6.2f} {a.worst_seam_ratio():6.2f} "
            f"{a.keyframe_ratio():6.2f} {a.drift(clips):6.2f} {a.noise():10.2f} "
            f"{100 * a.kept.mean():6.1f}% {a.seconds or float('nan'):8.0f}"
        )
    return "\n".join(lines)


def plot(films: dict[tuple[str, int], Along], path: Path) -> None:
    """Colours, seams and attributes along the longest film of each continuity."""
    longest = {mode: along for (mode, _), along in sorted(films.items(), key=lambda f: f[0][1])}
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        sheet = Figure(figsize=(11, 3.4), layout="constrained")
        colour, seam, kept = sheet.subplots(1, 3)
        for mode, along in longest.items():
            clip = np.arange(1, len(along.colors) + 1)
            far = np.abs(along.colors - along.colors[:1]).mean(1)
            colour.plot(clip, far, color=COLORS[mode], label=mode)
            seam.plot(clip[1:], along.seams / np.median(along.inside), ".", color=COLORS[mode])
            kept.plot(clip, 100 * along.kept.mean(1), color=COLORS[mode])
        colour.set(title="Colours: distance from the first clip, levels", xlabel="clip")
        seam.set(title="Seam over the median step in a clip", xlabel="clip", ylim=(0, None))
        seam.axhline(1.5, color="#999999", linewidth=0.8, linestyle="--")
        kept.set(title="Attributes as in the first clip, %", xlabel="clip", ylim=(0, 105))
        colour.legend(frameon=False)
        sheet.savefig(path, dpi=110)


def main() -> None:
    """Make the films, measure, print, and keep the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.continuity")
    parser.add_argument("--clips", type=int, nargs="+", default=[12, 60], help="lengths of films")
    parser.add_argument("--frames", type=int, nargs="+", default=[80, 80], help="of their clips")
    modes = get_args(Continuity)
    parser.add_argument("--modes", choices=modes, nargs="+", default=modes, help="continuities")
    parser.add_argument("--independent", type=int, default=12, help="its longest film, in clips")
    parser.add_argument("--profile", choices=get_args(Profile), default="fast")
    parser.add_argument(
        "--native", action="store_true", help="not enlarged: quicker, but coding weighs more"
    )
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    parser.add_argument("--models-dir", type=Path, help="other weights than the shipped ones")
    parser.add_argument("--critic", type=Path, default=WEIGHTS, help="another critic")
    parser.add_argument("--folder", type=Path, help="keep the films there, and go on with them")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the result is kept")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    films: dict[tuple[str, int], Along] = {}
    line = ""
    with TemporaryDirectory() as temporary:
        bench = Bench(
            ModelManager(models_dir=args.models_dir),
            Critic.load(args.critic),
            args.folder or Path(temporary),
            args.profile,
            NATIVE if args.native else None,
        )
        for mode in args.modes:
            for clips, frames in zip(args.clips, args.frames, strict=True):
                if mode == "independent" and clips > args.independent:
                    continue
                films[mode, clips] = bench.run(mode, clips, frames)
                print(table({(mode, clips): films[mode, clips]}), flush=True)
                plot(films, args.out / "continuity.png")
                facts: dict[str, Any] = {"prompt": PROMPT, "seed": SEED, "profile": args.profile}
                facts["size"] = "native" if args.native else "delivered"
                facts["frames_of_clips"] = dict(zip(args.clips, args.frames, strict=True))
                line = json.dumps(figures(films) | facts | provenance())
                (args.out / "continuity.json").write_text(line + "\n")
    print(table(films))
    print(line)


if __name__ == "__main__":
    main()
