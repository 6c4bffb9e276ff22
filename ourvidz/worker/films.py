"""What the child runs for a film: the pictures of a scene, and joining its clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ourvidz.domain.clip import Still
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Keyframe
from ourvidz.domain.film_orders import Join, Stills
from ourvidz.domain.progress import OnProgress
from ourvidz.worker.messages import Parcel, Task

if TYPE_CHECKING:
    from ourvidz.pipeline import ModelManager
    from ourvidz.pipeline.scratch import Scratch


def make_stills(
    task: Task, wanted: Stills, manager: ModelManager, on_progress: OnProgress, scratch: Scratch
) -> dict[str, Any]:
    """Keyframes of one scene: the master, when it is among them, and those derived from it."""
    from ourvidz.pipeline.generate import preview
    from ourvidz.pipeline.keyframes import derive_keyframes

    keyframes = [_keyframe(*one) for one in zip(wanted.keys, wanted.seeds, strict=True)]
    made: list[Still] = []
    if keyframes[0].place == 0:
        made += preview(
            wanted.request, manager, on_progress, task.out_dir, num_images=1, scratch=scratch
        )
    master = made[0].path if made else task.image
    if master is None:
        raise InvalidRequest("master_key", "is missing; order the first picture of the scene")
    if derived := keyframes[len(made) :]:
        made += derive_keyframes(
            wanted.request, master, derived, manager, on_progress, task.out_dir, scratch=scratch
        )
    return {
        "stills": [
            {
                "key": Parcel(path=still.path, bucket="videos-preview", content_type="image/png"),
                "seed": still.seed,
                "width": still.width,
                "height": still.height,
                "keyframe": keyframe.key,
            }
            for still, keyframe in zip(made, keyframes, strict=True)
        ]
    }


def join_film(task: Task, join: Join, on_progress: OnProgress) -> Mapping[str, Any]:
    """One file of all clips, under the thumbnail of the first one."""
    from ourvidz.pipeline.stitch import Part, stitch

    parts = [Part(path=path) for path in task.clips]
    for index, (transition, frames) in enumerate(join.seams):
        if frames:
            parts[index] = replace(parts[index], transition=transition, transition_frames=frames)
    told = {"title": join.title}
    try:
        film = stitch(parts, task.out_dir / "film.mp4", on_progress=on_progress, metadata=told)
    except InvalidRequest as error:
        raise _by_number(error, task.clips) from error
    if task.image is None:
        raise InvalidRequest("thumbnail_key", "is missing; order the film again")
    bucket = "videos-stitched"
    return {
        "media_key": Parcel(path=film.path, bucket=bucket, content_type="video/mp4"),
        "thumbnail_key": Parcel(path=task.image, bucket=bucket, content_type="image/jpeg"),
        "width": film.width,
        "height": film.height,
        "num_frames": film.num_frames,
        "fps": film.fps,
        "seconds": film.seconds,
        "size_bytes": film.path.stat().st_size,
        "metadata": {
            "kind": "film",
            "title": join.title,
            "clips": str(len(parts)),
            "mode": film.mode,
        },
        "notes": list(film.notes),
    }


def _by_number(error: InvalidRequest, clips: Sequence[Path]) -> InvalidRequest:
    """The same error with the shot's number where a file of this machine is named."""
    for number, path in enumerate(clips, 1):
        if str(path) in error.reason or path.name in error.reason:
            return InvalidRequest(
                f"shot {number}", "has a clip that can not be joined; make another take of it"
            )
    return error


def _keyframe(key: str, seed: int) -> Keyframe:
    """The keyframe that a key, "scene-id/place", is about."""
    scene_id, _, place = key.rpartition("/")
    if not scene_id or not place.isdecimal():
        raise InvalidRequest("stills", f"{key[:40]!r} is no keyframe; order it again")
    return Keyframe(key=key, scene_id=scene_id, place=int(place), seed=seed)
