"""Films in a town, made without the time that a worker takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Lease
from ourvidz.domain.storyboard import Storyboard
from ourvidz.studio import films, keyframes
from tests.studio.conftest import CARD, Town
from tests.studio.scenes import a_file

WORKER = replace(CARD, kinds=("preview", "video", "stitch"))
SEA: list[dict[str, Any]] = [
    {"id": "sea", "prompt": "a red sailboat on the sea", "seconds": 10},
    {"id": "coast", "prompt": "a lighthouse on a cliff", "transition": "fade"},
]


def written(town: Town, me: Identity, scenes: Any = SEA, **values: Any) -> Storyboard:
    """A storyboard of two scenes and three shots."""
    draft = films.create_film(me, town.studio, {"title": "Sea", "scenes": scenes, **values})
    assert draft.refused == ()
    return draft.film


def illustrated(town: Town, me: Identity, board: Storyboard) -> None:
    """All its pictures are made and approved."""
    keyframes.keyframes(me, town.studio, board.id)
    make(town, me)
    keyframes.approve(me, town.studio, board.id)


def taken(town: Town, me: Identity) -> Lease | None:
    """The next attempt at one of one's jobs; others' are handed back."""
    town.queue.register(WORKER)
    passed: list[Lease] = []
    while (lease := town.queue.claim(WORKER, 60)) and lease.job.user_id != me.user_id:
        passed.append(lease)
    for other in passed:
        town.queue.release(other)
    return lease


def make(town: Town, me: Identity, most: int = 100) -> list[Lease]:
    """Everything that is in line, as a worker would do it."""
    made: list[Lease] = []
    while len(made) < most and (lease := taken(town, me)):
        result = stills(town, lease) if lease.job.kind == "preview" else clip(town, lease)
        assert town.queue.finish(lease, "succeeded", result=result)
        made.append(lease)
    return made


def broken(town: Town, me: Identity) -> Lease:
    """The next job in line fails for good."""
    lease = taken(town, me)
    assert lease is not None
    town.queue.finish(lease, "failed", error="It broke. Try again.", error_family="internal")
    return lease


def stills(town: Town, lease: Lease) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    for number, wanted in enumerate(lease.job.params["stills"]):
        key = f"videos-preview/{lease.folder}/{number}.png"
        town.studio.media.put(key, a_file("png"), "image/png")
        found.append({"key": key, "seed": wanted["seed"], "keyframe": wanted["key"]})
    return {"stills": found}


def clip(town: Town, lease: Lease) -> dict[str, Any]:
    bucket = "videos-stitched" if lease.job.kind == "stitch" else "videos-final"
    folder = f"{bucket}/{lease.folder}"
    town.studio.media.put(f"{folder}/clip.mp4", a_file("mp4"), "video/mp4")
    town.studio.media.put(f"{folder}/clip.jpg", a_file("jpg"), "image/jpeg")
    return {
        "media_key": f"{folder}/clip.mp4",
        "thumbnail_key": f"{folder}/clip.jpg",
        "width": 1280,
        "height": 720,
        "num_frames": 80,
        "fps": 16,
        "seconds": 5.0,
        "seed": lease.job.params.get("seed"),
        "size_bytes": 1000,
        "metadata": {},
    }
