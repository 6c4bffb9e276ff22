"""Whether a stitched film is what it should be: its length, its copied packets, its pictures."""

from __future__ import annotations

import contextlib
import math
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from ourvidz.pipeline.packets import pictures_of
from ourvidz.pipeline.reading import opened
from ourvidz.pipeline.source import Source, inspect, video_packets
from ourvidz.pipeline.transitions import Copy, Part, Plain, Seam, Window, plan

_TILE = 8
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """PSNR in dB (all planes, None when equal) and SSIM (luma) of a film with what was meant."""

    body_psnr_db: float | None
    body_ssim: float
    seam_psnr_db: float | None
    seam_ssim: float


def frames_decoded(path: Path) -> int:
    """How many frames a player gets, told by a decoder that is not ours."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-threads", "2",
        "-i", str(path), "-map", "0:v", "-f", "null", "-progress", "-", "-",
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(re.findall(r"^frame=(\d+)", ran.stdout, re.MULTILINE)[-1])


def bodies_identical(film: Path, parts: Sequence[Part]) -> tuple[int, int]:
    """(equal, copied): of the packets that should be copies, how many are, bit by bit."""
    sources = [inspect(part.path) for part in parts]
    equal = copied = 0
    with opened(film) as joined:
        packets = video_packets(joined, joined.streams.video[0])
        for piece in plan(parts, sources):
            written = islice(packets, piece.num_frames)
            if not isinstance(piece, Copy):
                list(written)
                continue
            with opened(parts[piece.part].path) as clip:
                own = video_packets(clip, clip.streams.video[0])
                for ours, theirs in zip(islice(own, piece.first, piece.stop), written, strict=True):
                    equal += bytes(ours) == bytes(theirs)
                    copied += 1
    return equal, copied


def likeness(film: Path, parts: Sequence[Part], size: tuple[int, int]) -> Likeness:
    """Compare a film of ours, or one with the same frames, with the clips decoded and mixed."""
    sources = [inspect(part.path) for part in parts]
    pieces = plan(parts, sources)
    in_seam = [isinstance(piece, Window) for piece in pieces for _ in range(piece.num_frames)]
    errors: dict[bool, list[float]] = {True: [], False: []}
    ssims: dict[bool, list[float]] = {True: [], False: []}
    with opened(film) as joined, contextlib.closing(pictures_of(_all(pieces), sources, size)) as m:
        stream = joined.streams.video[0]
        for seam, frame, meant in zip(in_seam, joined.decode(stream), m, strict=True):
            shown = frame.to_ndarray()
            errors[seam].append(float(np.mean((shown.astype(np.float32) - meant) ** 2)))
            ssims[seam].append(ssim(shown[: size[1]], meant[: size[1]]))
    body, at_seam = (
        (_psnr_db(errors[s]), round(float(np.mean(ssims[s])), 4)) for s in (False, True)
    )
    return Likeness(
        body_psnr_db=body[0], body_ssim=body[1], seam_psnr_db=at_seam[0], seam_ssim=at_seam[1]
    )


def whole(sources: Sequence[Source], parts: Sequence[Part]) -> Window:
    """The film as one window: everything is decoded, mixed and encoded again."""
    return _all(plan(parts, sources))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of two (H, W) uint8 pictures, over tiles of 8x8, up to 1.

    >>> ssim(np.eye(16, dtype=np.uint8), np.eye(16, dtype=np.uint8))
    1.0
    """
    x, y = _tiles(a), _tiles(b)
    mean_x, mean_y = x.mean(-1), y.mean(-1)
    var_x, var_y = x.var(-1), y.var(-1)
    both = (x * y).mean(-1) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    return float(np.mean(likeness / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))))


def _all(pieces: Sequence[Copy | Window]) -> Window:
    spans: list[Plain | Seam] = []
    for piece in pieces:
        copied = isinstance(piece, Copy)
        spans += [Plain(piece.part, piece.first, piece.stop)] if copied else piece.spans
    return Window(tuple(spans))


def _tiles(picture: np.ndarray) -> np.ndarray:
    """(rows * columns, 64) float64 of all whole tiles."""
    rows, columns = (side // _TILE for side in picture.shape)
    tiles = picture[: rows * _TILE, : columns * _TILE].astype(np.float64)
    tiles = tiles.reshape(rows, _TILE, columns, _TILE).swapaxes(1, 2)
    return tiles.reshape(rows * columns, _TILE * _TILE)


def _psnr_db(errors: Sequence[float]) -> float | None:
    error = float(np.mean(errors)) if errors else 0.0
    return round(10 * math.log10(255**2 / error), 2) if error else None
