"""What a finished render is: one file and everything needed to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Still:
    """One preview candidate: a PNG with its seed. width, height in px of the file."""

    path: Path
    seed: int
    width: int
    height: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One MP4 from one render.

    path, thumbnail: H.264 MP4 and JPEG of its first frame. width, height in px of the file.
    num_frames at fps: exact. seed: the one used, never None.
    seconds_by_stage: wall seconds, keys are `domain.progress.Stage`.
    peak_bytes: peak memory of the process (CPU) or of the allocator (CUDA).
    metadata: what is written inside the file (prompt, model, revision, seed, steps, plan).
    """

    path: Path
    thumbnail: Path
    width: int
    height: int
    num_frames: int
    fps: int
    seed: int
    seconds_by_stage: Mapping[str, float]
    peak_bytes: int
    metadata: Mapping[str, str]

    @property
    def seconds(self) -> float:
        """Playing time.

        >>> Clip(path=Path("a.mp4"), thumbnail=Path("a.jpg"), width=1280, height=720,
        ...      num_frames=80, fps=16, seed=7, seconds_by_stage={}, peak_bytes=0,
        ...      metadata={}).seconds
        5.0
        """
        return self.num_frames / self.fps
