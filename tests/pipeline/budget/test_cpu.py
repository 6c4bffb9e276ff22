"""The plan holds: a real render stays below the peak that was promised."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import CPU, plan


def test_more_frames_and_more_pixels_need_more_memory() -> None:
    one = plan(VideoRequest(prompt="a cat", num_frames=1))
    clip = plan(VideoRequest(prompt="a cat"))
    large = plan(VideoRequest(prompt="a cat", width=448, height=256))
    assert one.peak_bytes < clip.peak_bytes < large.peak_bytes
    assert clip.peak_bytes > clip.weights_bytes + clip.working_bytes


def test_what_needs_a_card_is_refused_without_one() -> None:
    with pytest.raises(InvalidRequest, match=r"wan2.1-14b needs an NVIDIA GPU.*--gpu"):
        plan(VideoRequest(prompt="a cat", model="wan2.1-14b"))


def test_a_size_off_the_grid_is_refused_as_rendering_refuses_it() -> None:
    with pytest.raises(InvalidRequest, match="width"):
        plan(VideoRequest(prompt="a cat", width=230, height=128))


def test_a_real_render_stays_below_the_plan_and_near_it(tmp_path: Path) -> None:
    """In a process of its own, because a process never forgets its peak."""
    words = ["video", "a cat", "--no-enhance", "--steps", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "ourvidz.cli", *words, "--out-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(done.stdout)
    machine = replace(CPU, fast_bf16="transformer float32" not in made["metadata"]["plan"])
    planned = plan(VideoRequest(prompt="a cat"), machine).peak_bytes
    assert planned / 1.25 < made["peak_bytes"] < planned
