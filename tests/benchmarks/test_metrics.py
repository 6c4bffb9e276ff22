"""The measures agree with what is known of the videos."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.metrics import psnr_db, video_quality
from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.export import write_clip


def textured(num_frames: int) -> np.ndarray:
    """A fine pattern that moves 3 px a frame: the neighbour frame looks clearly different."""
    t, y, x = np.ogrid[:num_frames, :144, :256]
    pattern = np.sin((x + 3 * t) / 2.5) * np.sin(y / 3.5)
    return np.repeat((127.5 + 100 * pattern).astype(np.uint8)[..., None], 3, axis=-1)


def encoded(path: Path, frames: np.ndarray) -> Path:
    write_clip([frames], path, num_frames=len(frames), size=(256, 144), metadata={})
    return path


def test_psnr_of_a_known_error() -> None:
    a = np.full((3, 4, 4, 3), 100, np.uint8)
    assert psnr_db(a, a) == math.inf
    assert psnr_db(a, a + 5) == pytest.approx(20 * math.log10(255 / 5))
    assert psnr_db(a + 5, a) == psnr_db(a, a + 5)


def test_psnr_refuses_different_shapes() -> None:
    with pytest.raises(InvalidRequest, match="make them equal"):
        psnr_db(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))


def test_a_faithful_clip_scores_high_and_a_blurred_one_lower(tmp_path: Path) -> None:
    frames = textured(8)
    good = video_quality(encoded(tmp_path / "good.mp4", frames), frames)
    blurred = (frames // 2 + np.roll(frames, 2, axis=2) // 2).astype(np.uint8)
    bad = video_quality(encoded(tmp_path / "bad.mp4", blurred), frames)
    assert good.vmaf > 90 and good.ssim > 0.98
    assert bad.vmaf < good.vmaf - 10 and bad.ssim < good.ssim - 0.05


def test_frames_are_compared_with_their_own_and_not_a_neighbour(tmp_path: Path) -> None:
    frames = textured(9)
    path = encoded(tmp_path / "clip.mp4", frames[:8])
    assert video_quality(path, frames[:8]).ssim > video_quality(path, frames[1:]).ssim + 0.2


def test_another_length_or_size_is_refused(tmp_path: Path) -> None:
    path = encoded(tmp_path / "clip.mp4", textured(4))
    for source in (textured(3), textured(4)[:, :128]):
        with pytest.raises(InvalidRequest, match="make them equal"):
            video_quality(path, source)
