"""What a worker leaves behind, without the time that one takes."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, Lease
from tests.studio.conftest import Town

#: Words that are refused where no guard model is configured.
REFUSED = "an explicit sex scene of two adults"


def deliver_stills(town: Town, me: Identity, job: Job) -> list[str]:
    """Finish a preview job; the keys of its pictures."""
    lease = town.take(job)
    keys = [f"videos-preview/{lease.folder}/{i}.png" for i in range(job.params["num_images"])]
    for key in keys:
        town.studio.media.put(key, a_file("png"), "image/png")
    stills = [{"key": key, "seed": job.params["seed"] + i} for i, key in enumerate(keys)]
    assert town.queue.finish(lease, "succeeded", result={"stills": stills})
    return keys


def deliver_video(town: Town, me: Identity, job: Job) -> None:
    """Finish a video job."""
    finish_video(town, town.take(job))


def finish_video(town: Town, lease: Lease) -> None:
    """Finish a video job that is running."""
    job = lease.job
    folder = f"videos-final/{lease.folder}"
    town.studio.media.put(f"{folder}/clip.mp4", a_file("mp4"), "video/mp4")
    town.studio.media.put(f"{folder}/clip.jpg", a_file("jpg"), "image/jpeg")
    result = {
        "media_key": f"{folder}/clip.mp4",
        "thumbnail_key": f"{folder}/clip.jpg",
        "width": 1280,
        "height": 720,
        "num_frames": job.params["num_frames"],
        "fps": 16,
        "seconds": job.params["num_frames"] / 16,
        "seed": job.params["seed"],
        "size_bytes": 1000,
        "metadata": {},
    }
    assert town.queue.finish(lease, "succeeded", result=result)


def fail(town: Town, job: Job) -> None:
    """End a job without a result."""
    lease = town.take(job)
    assert town.queue.finish(lease, "failed", error="It broke. Try again.", error_family="internal")


@cache
def a_file(ending: str) -> Path:
    folder = Path(tempfile.mkdtemp())
    path = folder / f"file.{ending}"
    if ending == "mp4":
        path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(64))
    else:
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    return path
