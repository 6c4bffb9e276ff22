"""How close two videos look: PSNR of arrays, VMAF and SSIM of a file against its source."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.request import FPS
from ourvidz.pipeline.reading import opened

# One clock and one set of colour tags for both inputs: frames compared with a neighbour, or
# converted silently because only one side is tagged, would score far too low.
_ALIGNED = (
    f"settb=1/{FPS},setpts=N,"
    "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
)
_TO_YUV = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_inp"
_GRAPH = (
    f"[0:v]{_ALIGNED}[file];[1:v]{_TO_YUV},format=yuv420p,{_ALIGNED}[source];"
    "[file][source]libvmaf=feature=name=float_ssim:log_fmt=json:log_path=/dev/stdout"
)


@dataclass(frozen=True, kw_only=True)
class VideoQuality:
    """Means over all frames: vmaf 0 to 100, ssim (of luma) up to 1."""

    vmaf: float
    ssim: float


def psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 arrays of one shape, in dB; inf when equal.

    >>> psnr_db(np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8))
    0.0
    """
    if a.shape != b.shape:
        raise InvalidRequest("frames", f"have shapes {a.shape} and {b.shape}; make them equal")
    # Frame by frame: the float copies of a whole 720p clip would need gigabytes.
    error = np.mean([np.mean((x.astype(np.float32) - y) ** 2) for x, y in zip(a, b, strict=True)])
    return 10 * math.log10(255**2 / error) if error else math.inf


def video_quality(path: Path, source: np.ndarray) -> VideoQuality:
    """VMAF (v0.6.1) and SSIM of an MP4 against the frames (T, H, W, 3) uint8 RGB it was made of.

    Raises InvalidRequest when the file is no MP4 or has another size or length than `source`,
    Unavailable when ffmpeg fails.
    """
    frames, height, width, _ = source.shape
    with opened(path) as video:
        stream = video.streams.video[0]
        found = stream.frames, stream.height, stream.width
    if found != (frames, height, width):
        raise InvalidRequest(
            "source", f"has (T, H, W) {(frames, height, width)}, the file {found}; make them equal"
        )
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path.absolute()),
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS),
        "-i", "-", "-lavfi", _GRAPH, "-f", "null", "-",
    ]  # fmt: skip
    ran = subprocess.run(command, input=np.ascontiguousarray(source).data, capture_output=True)
    if ran.returncode:
        reason = ran.stderr.decode(errors="replace").strip()
        raise Unavailable("ffmpeg", f"it failed ({reason[-300:]}); reinstall imageio-ffmpeg")
    pooled = json.loads(ran.stdout)["pooled_metrics"]
    return VideoQuality(vmaf=pooled["vmaf"]["mean"], ssim=pooled["float_ssim"]["mean"])
