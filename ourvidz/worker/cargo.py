"""The files that a job needs, brought to this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ourvidz.domain.film_orders import is_stills, join_of, stills_of
from ourvidz.domain.job import Job
from ourvidz.domain.orders import clip_key_of, image_keys_of


@dataclass(frozen=True, kw_only=True)
class Cargo:
    """Where they were fetched to. image, last_image: what a clip starts and ends with; image
    also: the master of a scene, or a film's thumbnail. clip: what a job goes on from. clips: all
    of a film, in order.
    """

    image: Path | None = None
    last_image: Path | None = None
    clip: Path | None = None
    clips: tuple[Path, ...] = ()


def bring(job: Job, folder: Path, fetch: Callable[[str, Path], None]) -> Cargo:
    """Fetch what the params name into `folder`; fetch: called with a key and a path.

    Raises InvalidRequest for files that are not of the job's owner, and what `fetch` raises.
    """

    def to(name: str, key: str | None) -> Path | None:
        return None if key is None else one(name, key)

    def one(name: str, key: str) -> Path:
        path = folder / f"{name}{Path(key).suffix}"
        fetch(key, path)
        return path

    if job.kind == "stitch":
        join = join_of(job.params, job.user_id)
        clips = [one(f"clip-{number:03}", key) for number, key in enumerate(join.clip_keys)]
        return Cargo(image=to("thumbnail", join.thumbnail_key), clips=tuple(clips))
    if job.kind == "preview" and is_stills(job.params):
        return Cargo(image=to("master", stills_of(job.params, job.user_id).master_key))
    if job.kind not in ("preview", "video"):
        return Cargo()
    clip = to("before", clip_key_of(job.params, job.user_id, job.kind))
    if job.kind == "preview":
        return Cargo(clip=clip)
    first, last = image_keys_of(job.params, job.user_id)
    return Cargo(image=to("picture-0", first), last_image=to("picture-1", last), clip=clip)
