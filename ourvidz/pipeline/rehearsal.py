"""What a machine can tell before its first job: its name, and the time of a clip nobody sees."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ourvidz.domain.progress import OnProgress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import Calibration, plan
from ourvidz.pipeline.generate import render
from ourvidz.pipeline.manager import ModelManager

#: Long enough to be about as fast as a whole clip, and three steps because the first one warms up.
_REHEARSED = VideoRequest(
    prompt="a red balloon over the sea", seed=7, num_frames=32, num_inference_steps=3
)


def is_measured(manager: ModelManager) -> bool:
    """Whether the time of the starter's clips is known by what this machine did."""
    return plan(_REHEARSED, manager.machine).calibrated == "measured here"


def find_out(
    manager: ModelManager, models: Sequence[str], on_progress: OnProgress, folder: Path
) -> None:
    """See to it that the manager's `speeds` know this machine, if they do not yet.

    A card tells its name, by which published speeds are found: it compiles before its first clip,
    which nobody could stop. A CPU that has the starter among `models` makes a short clip of it in
    `folder`, in seconds, and deletes both. Raises as `render` does.
    """
    if manager.speeds is None:
        return
    if manager.device.type != "cpu":
        if manager.machine.calibration is None:
            manager.speeds.learn(Calibration(machine=manager.device_name, rates=()))
    elif "starter" in models and not is_measured(manager):
        try:
            render(_REHEARSED, manager, on_progress, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
