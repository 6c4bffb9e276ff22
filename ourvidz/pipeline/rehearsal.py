"""A short clip of the starter that nobody sees: after it this machine's speeds are known."""

from __future__ import annotations

import shutil
from pathlib import Path

from ourvidz.domain.progress import OnProgress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import plan
from ourvidz.pipeline.generate import render
from ourvidz.pipeline.manager import ModelManager

#: Long enough to be about as fast as a whole clip, and three steps because the first one warms up.
_REHEARSED = VideoRequest(
    prompt="a red balloon over the sea", seed=7, num_frames=32, num_inference_steps=3
)


def is_measured(manager: ModelManager) -> bool:
    """Whether the time of the starter's clips is known by what this machine did."""
    return plan(_REHEARSED, manager.machine).calibrated == "measured here"


def rehearse(manager: ModelManager, on_progress: OnProgress, folder: Path) -> None:
    """Make the clip in `folder` and delete both; the manager keeps the speeds, as of every job.

    It takes two to six seconds on a laptop. Raises as `render` does.
    """
    try:
        render(_REHEARSED, manager, on_progress, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
