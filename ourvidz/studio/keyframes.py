"""The pictures of a film: made, looked at, approved or made again, before anything is spent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Film, Keyframe
from ourvidz.domain.film_orders import RUN_STILLS, stills_params
from ourvidz.domain.job import FINAL, Job
from ourvidz.domain.scene import Scene
from ourvidz.domain.storyboard import Picture, StillOrder
from ourvidz.pipeline.profiles import MAX_DRAWN_SEED, resolve
from ourvidz.studio.door import Studio, admit, as_id, judge
from ourvidz.studio.film_words import film_of, recipe_of

StillState = Literal["missing", "making", "failed", "offered", "approved"]


@dataclass(frozen=True, kw_only=True)
class Still:
    """One keyframe on the storyboard. key: "scene-id/place".

    image_key: the picture on offer, also while another one is made. is_stale: it was made from
    other words than the scene has now. error: why the last try failed.
    """

    key: str
    scene_id: str
    place: int
    state: StillState
    image_key: str | None
    seed: int | None
    is_stale: bool
    error: str | None
    job_id: UUID | None


def stills(me: Identity, studio: Studio, film_id: UUID | str) -> tuple[Still, ...]:
    """Every keyframe of a film in order, and what is known of it.

    Raises InvalidRequest for a storyboard that makes no film yet, naming the scene.
    """
    admit(me, studio)
    board = studio.records.storyboard(me, as_id(film_id))
    film = film_of(me, studio, board)
    found = {one.key: one for one in studio.records.pictures(me, board.id)}
    recipes = {scene.id: recipe_of(film, scene) for scene in film.scenes}
    return tuple(
        _still(keyframe, found.get(keyframe.key), recipes[keyframe.scene_id])
        for keyframe in film.keyframes
    )


def keyframes(
    me: Identity, studio: Studio, film_id: UUID | str, which: Sequence[str] | None = None
) -> list[Job]:
    """Order pictures; they cost nothing. A double click orders once.

    which: keys of keyframes to make anew, each with a new seed. None orders those that are
    missing or were made from other words. What is being made already is left alone. A scene's
    other pictures are derived from its first one, so they wait for it where it is not there yet.

    Raises NotAllowed when too many were ordered today, PolicyRefused, InvalidRequest.
    """
    admit(me, studio, "keyframes")
    board = studio.records.storyboard(me, as_id(film_id))
    film = film_of(me, studio, board)
    known = {one.key for one in film.keyframes}
    for key in which or ():
        if key not in known:
            raise InvalidRequest("which", f"there is no keyframe {str(key)[:40]!r} in this film")
    _judge(me, studio, film)
    there = {one.key: one for one in studio.records.pictures(me, board.id)}
    orders = _orders(film, there, None if which is None else frozenset(which))
    jobs = studio.records.order_stills(me, board.id, film.model, orders)
    for job in jobs:
        if job.state == "queued":
            studio.live.ring(job.model)
    return jobs


def approve(
    me: Identity,
    studio: Studio,
    film_id: UUID | str,
    keys: Sequence[str] | None = None,
    *,
    approved: bool = True,
) -> tuple[Still, ...]:
    """Approve pictures, or take that back; keys: of keyframes, None for all that are there.

    Where there is no picture, or a new one is being made, nothing changes. Returns all of them.
    """
    admit(me, studio, "write")
    board = studio.records.storyboard(me, as_id(film_id))
    wanted = [str(key) for key in keys] if keys is not None else None
    if wanted is None:
        wanted = [one.key for one in film_of(me, studio, board).keyframes]
    studio.records.approve_pictures(me, board.id, wanted, approved=bool(approved))
    return stills(me, studio, board.id)


def picture_links(
    me: Identity, studio: Studio, film_id: UUID | str, keys: Sequence[str]
) -> dict[str, str]:
    """Signed links of some pictures by their keyframe's key; one that is missing is left out."""
    admit(me, studio)
    wanted = frozenset(keys)
    board = studio.records.storyboard(me, as_id(film_id))
    return {
        one.key: studio.media.url(one.image_key)
        for one in studio.records.pictures(me, board.id)
        if one.key in wanted and one.image_key is not None
    }


def _still(keyframe: Keyframe, found: Picture | None, recipe: str) -> Still:
    return Still(
        key=keyframe.key,
        scene_id=keyframe.scene_id,
        place=keyframe.place,
        state=_state(found),
        image_key=found and found.image_key,
        seed=found and found.seed,
        is_stale=bool(found and found.image_key and found.recipe != recipe),
        error=found.error if found and found.state == "failed" else None,
        job_id=found and found.job_id,
    )


def _state(found: Picture | None) -> StillState:
    if found is None:
        return "missing"
    if found.state is not None and found.state not in FINAL:
        return "making"
    if found.approved:
        return "approved"
    if found.state == "failed":
        return "failed"
    return "offered" if found.image_key else "missing"


def _orders(
    film: Film, there: Mapping[str, Picture], which: frozenset[str] | None
) -> list[StillOrder]:
    """The jobs for what is wanted, scene by scene, and in each the first picture first."""
    orders: list[StillOrder] = []
    for scene in film.scenes:
        recipe = recipe_of(film, scene)
        mine = [one for one in film.keyframes if one.scene_id == scene.id]
        wanted = [one for one in mine if _is_wanted(one, there.get(one.key), recipe, which)]
        first = there.get(mine[0].key)
        has_first = first is not None and (first.image_key or _is_busy(first))
        if wanted and not has_first and mine[0] not in wanted:
            wanted.insert(0, mine[0])
        orders += _of_scene(film, scene, wanted, which is not None, len(orders))
    return orders


def _of_scene(
    film: Film, scene: Scene, wanted: list[Keyframe], again: bool, before: int
) -> list[StillOrder]:
    """A scene's jobs; those after the first wait for it when it makes the scene's first picture.

    before: how many orders stand before them.
    """
    waits = bool(wanted) and wanted[0].place == 0
    drawn = secrets.randbelow(MAX_DRAWN_SEED)  # the same for all: they are made in one run
    return [
        StillOrder(
            params=stills_params(
                resolve(film.still_request(batch[0])),
                [(one.key, drawn if again else one.seed) for one in batch],
                recipe=recipe_of(film, scene),
            ),
            after=before if waits and index else None,
        )
        for index, batch in enumerate(_runs(wanted))
    ]


def _runs(wanted: list[Keyframe]) -> list[list[Keyframe]]:
    """What is made together, the master with the first run."""
    runs: dict[int, list[Keyframe]] = {}
    for one in wanted:
        runs.setdefault(max(one.place - 1, 0) // RUN_STILLS, []).append(one)
    return list(runs.values())


def _is_wanted(
    keyframe: Keyframe, found: Picture | None, recipe: str, which: frozenset[str] | None
) -> bool:
    if which is not None:
        return keyframe.key in which
    if found is None:
        return True
    return not _is_busy(found) and (found.image_key is None or found.recipe != recipe)


def _is_busy(found: Picture) -> bool:
    return found.state is not None and found.state not in FINAL


def _judge(me: Identity, studio: Studio, film: Film) -> None:
    texts = [text for one in film.scenes for text in (one.prompt, one.enhanced_prompt or "")]
    judge(me, studio, [film.title, *texts], negative_prompt=film.negative_prompt)
