"""Runners and policies for the child process; they live in a module so that it can import them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.fleet import JPEG, MP4, ScriptRunner
from ourvidz.domain.errors import PolicyRefused, Unavailable
from ourvidz.domain.progress import OnProgress, Progress
from ourvidz.worker.messages import Parcel, Ready, Task
from ourvidz.worker.runner import PipelineRunner


class DiesWhenDenoised(PipelineRunner):
    """Writes every report into the scratch folder, and dies of the very first decoding."""

    def run(self, task: Task, on_progress: OnProgress) -> Mapping[str, Any]:
        attempt = task.out_dir.name.rpartition("-")[2]
        scratch_dir = task.scratch_dir.parent.parent
        died = scratch_dir / "died"

        def watched(progress: Progress) -> None:
            with (scratch_dir / f"{task.job_id}-reports").open("a") as file:
                file.write(f"{attempt} {progress.stage} {progress.step}\n")
            if progress.stage == "decode" and not died.exists():
                died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            on_progress(progress)

        return super().run(task, watched)


class DiesInsideDenoising(PipelineRunner):
    """Writes every report into the scratch folder; of the very first job, the first step takes
    more than a second and the second one is the end.
    """

    def run(self, task: Task, on_progress: OnProgress) -> Mapping[str, Any]:
        attempt = task.out_dir.name.rpartition("-")[2]
        scratch_dir = task.scratch_dir.parent.parent
        died = scratch_dir / "died"

        def watched(progress: Progress) -> None:
            with (scratch_dir / f"{task.job_id}-reports").open("a") as file:
                file.write(f"{attempt} {progress.stage} {progress.step}\n")
            if progress.stage == "denoise" and progress.step == 1 and not died.exists():
                time.sleep(1.2)
            if progress.stage == "denoise" and progress.step == 2 and not died.exists():
                died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            on_progress(progress)

        return super().run(task, watched)


class LosesItsCard(ScriptRunner):
    """Comes up without its card while `gone` lies in the scratch folder."""

    def ready(self) -> Ready:
        is_gone = (self._scratch_dir / "gone").exists()
        return Ready(device="CPU" if is_gone else "a card", memory_bytes=1)


class FakeClips(PipelineRunner):
    """Joins films in earnest, but its clips are no videos."""

    def run(self, task: Task, on_progress: OnProgress) -> Mapping[str, Any]:
        if task.kind == "stitch":
            return super().run(task, on_progress)
        clip, thumbnail = task.out_dir / "clip.mp4", task.out_dir / "clip.jpg"
        clip.write_bytes(MP4 + bytes(100))
        thumbnail.write_bytes(JPEG + bytes(100))
        return {
            "media_key": Parcel(path=clip, bucket="videos-final", content_type="video/mp4"),
            "thumbnail_key": Parcel(
                path=thumbnail, bucket="videos-final", content_type="image/jpeg"
            ),
            "width": 16, "height": 16, "num_frames": 80, "fps": 16, "seconds": 5.0, "seed": 1,
            "size_bytes": clip.stat().st_size, "metadata": {},
        }  # fmt: skip


class SilentGuard:
    """A policy whose guard model does not answer while a file is there."""

    def __init__(self, silent: Path) -> None:
        self._silent = silent

    def check(self, texts: Sequence[str], **_: Any) -> None:
        if self._silent.exists():
            raise PolicyRefused("unavailable", "The safety model did not answer. Try again.")


class OnlyCats:
    """A policy that lets cats pass, alone and without any addition, and breaks over mice."""

    def check(
        self,
        texts: Sequence[str],
        *,
        negative_prompt: str = "",
        adult_verified: bool = False,
        has_reference_image: bool = False,
    ) -> None:
        assert adult_verified, "the database takes jobs of nobody else"
        if "a mouse" in texts:
            raise ZeroDivisionError("the policy is broken")
        if set(texts) != {"a cat"} or negative_prompt or has_reference_image:
            raise PolicyRefused("extreme", "Only cats can be made here. Ask for a cat.")


def no_policy() -> OnlyCats:
    raise Unavailable("policy", "its model is not there; install it")
