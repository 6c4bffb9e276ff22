"""What the params of a film's jobs mean, both ways: its stills, its shots, and joining it.

As in `domain.orders`, params are JSON values that went through a database, and are not believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args
from uuid import UUID

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Film, Shot
from ourvidz.domain.media import split_key
from ourvidz.domain.orders import preview_params, request_of, video_params
from ourvidz.domain.request import VideoRequest
from ourvidz.domain.scene import Transition
from ourvidz.domain.storyboard import ShotOrder

#: Keyframes derived in one job: as many as one quick run through a scene passes, so that they
#: belong together. The scene's master may be made in the same job.
RUN_STILLS = 5
#: Clips of a film of thirty minutes.
MAX_CLIPS = 360
#: A transition is no longer than a second.
_MAX_FRAMES = 16


@dataclass(frozen=True, kw_only=True)
class Stills:
    """A job that makes keyframes of one scene. keys, seeds: of each of them.

    request: for the first; master_key: the picture they are derived from, None when the first of
    them is that picture itself.
    """

    request: VideoRequest
    keys: tuple[str, ...]
    seeds: tuple[int, ...]
    master_key: str | None


@dataclass(frozen=True, kw_only=True)
class Join:
    """A job that joins a film. clip_keys: files in order. thumbnail_key: of the first of them.

    seams: how each meets the next one.
    """

    title: str
    clip_keys: tuple[str, ...]
    thumbnail_key: str | None
    seams: tuple[tuple[Transition, int], ...]


def stills_params(
    request: VideoRequest, stills: Sequence[tuple[str, int]], *, recipe: str
) -> dict[str, Any]:
    """The params of a job for the keyframes `stills`, (key, seed) each.

    recipe: kept with the pictures, to tell later from which words they were made. The database
    adds the `master_key`.
    """
    params = preview_params(request.replace(seed=stills[0][1]), 1)
    named = [{"key": key, "seed": seed} for key, seed in stills]
    return {**params, "stills": named, "recipe": recipe}


def is_stills(params: Mapping[str, Any]) -> bool:
    """Whether a preview job makes keyframes of a film."""
    return "stills" in params


def stills_of(params: Mapping[str, Any], owner: UUID | None = None) -> Stills:
    """The keyframes of a job.

    Raises InvalidRequest for what could not be meant, and for files that are not of `owner`.
    """
    rest = {k: v for k, v in params.items() if k not in ("stills", "recipe", "master_key")}
    entries: Any = params.get("stills")
    rows: list[Any] = list(entries) if isinstance(entries, list | tuple) else []  # pyright: ignore[reportUnknownArgumentType]
    if not 1 <= len(rows) <= RUN_STILLS + 1:
        raise InvalidRequest("stills", f"must be 1 to {RUN_STILLS + 1} of a key and a seed")
    keys, seeds = zip(*(_still(row) for row in rows), strict=True)
    master = params.get("master_key")
    if master is not None:
        _check_key("master_key", master, owner)
    return Stills(
        request=request_of("preview", {**rest, "seed": seeds[0]}),
        keys=keys,
        seeds=seeds,
        master_key=master,
    )


def shot_order(
    shot: Shot, images: Mapping[str, str], request: VideoRequest, *, after: bool
) -> ShotOrder:
    """The order of one shot; images: the approved pictures' keys by keyframe.

    request: of the shot, complete. Where its model can not begin or end with a picture it has
    none. after: whether it goes on from the clip of the shot before.
    """
    first, last = (images.get(key or "") for key in (shot.first_keyframe, shot.last_keyframe))
    return ShotOrder(
        key=f"{shot.scene_id}/{shot.place}",
        params=video_params(
            request,
            image_key=first if request.image else None,
            last_image_key=last if first and request.last_image else None,
        ),
        after=after,
    )


def film_params(film: Film, plan: str) -> dict[str, Any]:
    """The params of the film itself; plan: tells orders of the same shots from others."""
    return {
        "title": film.title,
        "prompt": film.title,
        "num_frames": film.num_frames,
        "profile": film.profile,
        "continuity": film.continuity,
        "seed": film.seed,
        "seams": [[seam.transition, seam.frames] for seam in film.seams],
        "plan": plan,
    }


def join_of(params: Mapping[str, Any], owner: UUID | None = None) -> Join:
    """What a stitch job joins; the same errors as `stills_of`.

    Where a shot is missing, its neighbours meet by a cut.

    >>> me, a = UUID(int=1), "videos-final/00000000-0000-0000-0000-000000000001/{}.mp4"
    >>> given = {"title": "Sea", "clip_keys": [a.format(1), a.format(2), a.format(4)],
    ...          "places": [0, 1, 3], "seams": [["fade", 8], ["fade", 8], ["fade", 8]]}
    >>> join_of(given, me).seams
    (('fade', 8), ('cut', 0))
    """
    keys, places, seams = (_list(params, name) for name in ("clip_keys", "places", "seams"))
    title = params.get("title")
    if not 1 <= len(keys) <= MAX_CLIPS or len(places) != len(keys) or not isinstance(title, str):
        raise InvalidRequest("clip_keys", f"must be 1 to {MAX_CLIPS}, with the place of each")
    thumbnail = params.get("thumbnail_key")
    for key in keys if thumbnail is None else [*keys, thumbnail]:
        _check_key("clip_keys", key, owner)
    if not all(_is_whole(place, 0, MAX_CLIPS) for place in places):
        raise InvalidRequest("places", "must be the places of the clips in the film")
    return Join(
        title=title,
        clip_keys=tuple(keys),
        thumbnail_key=thumbnail,
        seams=tuple(
            _seam(seams, before) if after == before + 1 else ("cut", 0)
            for before, after in pairwise(places)
        ),
    )


def _still(row: Any) -> tuple[str, int]:
    values: Mapping[str, Any] = row if isinstance(row, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]
    key, seed = values.get("key"), values.get("seed")
    if not isinstance(key, str) or not _is_whole(seed, 0, 2**63 - 1):
        raise InvalidRequest("stills", "must be a list of a key and a seed each")
    return key, int(seed or 0)


def _seam(seams: list[Any], at: int) -> tuple[Transition, int]:
    seam = seams[at] if at < len(seams) else None
    if not isinstance(seam, list | tuple) or len(seam) != 2:  # pyright: ignore[reportUnknownArgumentType]
        raise InvalidRequest("seams", "must be a transition and its frames for every two clips")
    how, frames = seam  # pyright: ignore[reportUnknownVariableType]
    if how not in get_args(Transition) or not _is_whole(frames, 0, _MAX_FRAMES):
        raise InvalidRequest("seams", "must be a transition and its frames for every two clips")
    return how, frames  # pyright: ignore[reportUnknownVariableType]


def _check_key(field: str, key: Any, owner: UUID | None) -> None:
    folder = "" if owner is None else f"{owner}/"
    if not isinstance(key, str) or not split_key(key)[1].startswith(folder):
        raise InvalidRequest(field, "is not one of your files; order it again")


def _list(params: Mapping[str, Any], name: str) -> list[Any]:
    value: Any = params.get(name)
    return list(value) if isinstance(value, list | tuple) else []  # pyright: ignore[reportUnknownArgumentType]


def _is_whole(value: Any, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest
