"""The ways in which `benchmarks.stitch` joins clips, and how one of them is measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

from benchmarks.stitch_check import whole
from ourvidz.domain.film import Transition
from ourvidz.domain.request import FPS
from ourvidz.pipeline.export import write_clip
from ourvidz.pipeline.film_writer import FilmWriter
from ourvidz.pipeline.images import resized
from ourvidz.pipeline.packets import encoded
from ourvidz.pipeline.source import inspect
from ourvidz.pipeline.stitch import Part
from ourvidz.pipeline.x264 import CUT_FRAMES, DELAY, TICKS_PER_FRAME, sample

SIZE = WIDTH, HEIGHT = 1280, 720
NUM_FRAMES, CROSSFADE_FRAMES = 80, CUT_FRAMES
#: Clips that differ; longer films show them again.
DIFFERENT = 12
X264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "18", "-pix_fmt", "yuv420p")
MOVIEPY = """
import sys
from moviepy import VideoFileClip, concatenate_videoclips, vfx
kind, out, *paths = sys.argv[1:]
clips = [VideoFileClip(path) for path in paths]
if kind == "crossfade":
    clips[1:] = [clip.with_effects([vfx.CrossFadeIn(0.5)]) for clip in clips[1:]]
padding = -0.5 if kind == "crossfade" else 0
film = concatenate_videoclips(clips, method="compose", padding=padding)
film.write_videofile(out, fps=16, codec="libx264", preset="medium", audio=False, logger=None,
                     ffmpeg_params=["-crf", "18"])
"""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is joined: how many clips, and how."""

    clips: int
    transition: Transition

    @property
    def num_frames(self) -> int:
        """Frames that the film must have."""
        overlap = CROSSFADE_FRAMES if self.transition == "crossfade" else 0
        return self.clips * NUM_FRAMES - (self.clips - 1) * overlap

    def parts(self, folder: Path) -> list[Part]:
        """The clips in `folder` that `make_clips` made, in order."""
        paths = (folder / f"{index % DIFFERENT}.mp4" for index in range(self.clips))
        return [
            Part(path=path, transition=self.transition, transition_frames=CROSSFADE_FRAMES)
            for path in paths
        ]


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to join clips. largest: more clips are not tried."""

    name: str
    command: Callable[[Scenario, Path, Path], Sequence[str]]
    transitions: tuple[Transition, ...] = ("cut", "crossfade")
    largest: int = 360


@dataclass(kw_only=True)
class Cost:
    """Of one film made one way. frames: decoded and counted, None if it failed or was not checked.

    status: exit status of the process, 0 if it made a film.
    """

    way: str
    clips: int
    transition: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    expected: int
    status: int
    frames: int | None = None
    likeness: Mapping[str, float | None] = field(default_factory=dict)


def make_clips(folder: Path) -> None:
    """Different clips of soft texture that pans, under a disc that crosses it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    for index in range(DIFFERENT):
        random = np.random.default_rng(index)
        coarse = random.integers(30, 225, (18, 32, 3), dtype=np.uint8)
        ground = resized(coarse, (WIDTH * 2, HEIGHT)).astype(np.float32)
        ground += resized(random.integers(0, 24, (HEIGHT // 4, WIDTH // 2, 3), dtype=np.uint8),
                          (WIDTH * 2, HEIGHT))  # fmt: skip

        def frame(t: int, ground: np.ndarray = ground, index: int = index) -> np.ndarray:
            view = np.roll(ground, -(3 + index) * t, 1)[:, :WIDTH].copy()
            view[(x - 200 - 11 * t) ** 2 + (y - 360 - 200 * np.sin(t / 9)) ** 2 < 110**2] = 230
            return np.clip(view, 0, 255).astype(np.uint8)

        write_clip(
            (frame(t)[None] for t in range(NUM_FRAMES)),
            folder / f"{index}.mp4",
            num_frames=NUM_FRAMES,
            size=SIZE,
            metadata={"prompt": f"a disc before texture {index}"},
        )


def encode_everything(parts: Sequence[Part], out: Path) -> None:
    """Decode, mix and encode the whole film in one stream: what `stitch` avoids."""
    sources = [inspect(part.path) for part in parts]
    with av.open(sample(SIZE), format="mp4") as ours:
        packets = encoded(whole(sources, parts), sources, SIZE)
        run = (((packet.pts or 0) // TICKS_PER_FRAME, packet) for packet in packets)
        with FilmWriter(out, ours.streams.video[0], DELAY, metadata={}) as film:
            for _ in film.add(run):
                pass


def here(way: str) -> Callable[[Scenario, Path, Path], Sequence[str]]:
    """The command of a way that is ours: this module with other words."""
    start = [sys.executable, "-m", "benchmarks.stitch", "--way", way]
    return lambda scenario, clips, out: [
        *start, str(scenario.clips), scenario.transition, str(clips), str(out)
    ]  # fmt: skip


def ffmpeg_graph(scenario: Scenario, clips: Path, out: Path) -> Sequence[str]:
    """All clips as inputs of one filter graph."""
    parts = scenario.parts(clips)
    inputs = [word for part in parts for word in ("-i", str(part.path))]
    if scenario.transition == "cut":
        graph = "".join(f"[{i}:v]" for i in range(len(parts))) + f"concat=n={len(parts)}:v=1[out]"
    else:
        step = (NUM_FRAMES - CROSSFADE_FRAMES) / FPS
        steps, before = list[str](), "0:v"
        for i in range(1, len(parts)):
            steps.append(f"[{before}][{i}:v]xfade=duration=0.5:offset={i * step}[x{i}]")
            before = f"x{i}"
        graph = ";".join(steps) + f";[{before}]null[out]"
    return [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *inputs, "-filter_complex", graph,
        "-map", "[out]", *X264, "-movflags", "+faststart", str(out),
    ]  # fmt: skip


def ffmpeg_concat(scenario: Scenario, clips: Path, out: Path) -> Sequence[str]:
    """The demuxer that puts files one behind another."""
    listed = out.with_suffix(".txt")
    listed.write_text("".join(f"file '{part.path}'\n" for part in scenario.parts(clips)))
    return [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "concat", "-safe", "0",
        "-i", str(listed), "-c", "copy", "-movflags", "+faststart", str(out),
    ]  # fmt: skip


def moviepy(python: Path) -> Callable[[Scenario, Path, Path], Sequence[str]]:
    """The command for a Python that has moviepy."""
    start = [str(python), "-c", MOVIEPY]
    return lambda scenario, clips, out: [
        *start, scenario.transition, str(out), *(str(p.path) for p in scenario.parts(clips))
    ]  # fmt: skip


def measure(way: Way, scenario: Scenario, clips: Path, out: Path) -> Cost:
    """Run one way in a process of its own."""
    command = way.command(scenario, clips, out)
    begin, peaks = time.perf_counter(), dict[int, int]()
    before = os.times()
    process = subprocess.Popen(command)
    while process.poll() is None:
        for pid in (process.pid, *children_of(process.pid)):
            peaks[pid] = max(peaks.get(pid, 0), peak_kib(pid))
        time.sleep(0.02)
    wall_s, after = time.perf_counter() - begin, os.times()
    return Cost(
        way=way.name,
        clips=scenario.clips,
        transition=scenario.transition,
        wall_s=round(wall_s, 2),
        cpu_s=round(
            after.children_user - before.children_user
            + after.children_system - before.children_system, 2
        ),
        peak_mb=round(sum(peaks.values()) / 1024, 1),
        expected=scenario.num_frames,
        status=process.returncode,
    )  # fmt: skip


def children_of(pid: int) -> list[int]:
    """Processes that a process has started and not waited for."""
    try:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []  # It has just ended.


def peak_kib(pid: int) -> int:
    """The most memory that a process had (VmHWM), 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
