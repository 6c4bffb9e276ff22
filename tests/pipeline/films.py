"""Small clips, and what a film of them should be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from ourvidz.pipeline.export import write_clip
from ourvidz.pipeline.transitions import Part, mixed

SIZE = (64, 48)


def wave(num_frames: int, phase: float = 0.0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A smooth coloured wave that travels: every frame differs from every other."""
    t, y, x = np.ogrid[:num_frames, : size[1], : size[0]]
    waves = [
        np.sin(x / 9 + t / 5 + phase) + 0 * y,
        np.sin(y / 7 - t / 7 + phase) + 0 * x,
        np.sin((x + y) / 15 + t / 9 + phase),
    ]
    return (127.5 + 110 * np.stack(waves, axis=-1)).astype(np.uint8)


def clip(path: Path, num_frames: int, phase: float = 0.0, size: tuple[int, int] = SIZE) -> Path:
    metadata = {"prompt": f"wave {phase}", "model": "starter"}
    frames = wave(num_frames, phase, size)
    write_clip([frames], path, num_frames=num_frames, size=size, metadata=metadata)
    return path


def planes(path: Path) -> list[np.ndarray]:
    """The decoded pictures, (H * 3 / 2, W) uint8 in YUV: no conversion blurs the comparison."""
    with av.open(str(path)) as video:
        return [frame.to_ndarray() for frame in video.decode(video=0)]


def meant(parts: Sequence[Part]) -> list[np.ndarray]:
    """The film by its definition: whole clips in memory, joined one after another."""
    film: list[np.ndarray] = []
    black = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
    black[: SIZE[1]] = 16
    for index, part in enumerate(parts):
        coming = planes(part.path)
        length = parts[index - 1].frames if index else 0
        kind = parts[index - 1].transition if index else "cut"
        if kind == "crossfade":
            for step in range(length):
                weight = round(256 * (step + 1) / (length + 1))
                film[step - length] = mixed(film[step - length], coming[step], weight)
            coming = coming[length:]
        if kind == "fade":
            down, up = length - length // 2, length // 2
            for step in range(1, down + 1):
                film[step - 1 - down] = mixed(
                    film[step - 1 - down], black, round(256 * step / down)
                )
            for step in range(up):
                coming[step] = mixed(coming[step], black, round(256 * (up - step) / up))
        film += coming
    return film


def packets(path: Path) -> list[tuple[int, int, bytes]]:
    """(pts, dts, content) in coded order, times in ticks of 1/16384 s."""
    with av.open(str(path)) as video:
        return [(p.pts, p.dts, bytes(p)) for p in video.demux(video=0) if p.pts is not None]


def foreign(
    path: Path,
    frames: np.ndarray,
    *,
    rate: int = 16,
    codec: str = "libx264",
    sound: bool = False,
    **options: str,
) -> Path:
    """An MP4 as other programs write it."""
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        audio = output.add_stream("aac", rate=16_000, layout="mono") if sound else None
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))
        if audio:
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            tone.sample_rate = 16_000
            output.mux([*audio.encode(tone), *audio.encode(None)])
    return path
