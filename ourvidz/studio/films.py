"""Films, from one idea to a storyboard that can be rendered.

Its pictures are in `studio.keyframes`, ordering it in `studio.film_orders`, how it stands in
`studio.film_status`. A film is called by the id of its storyboard everywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, PolicyRefused
from ourvidz.domain.film_values import scene_values
from ourvidz.domain.idea import split_idea
from ourvidz.domain.job import FINAL
from ourvidz.domain.scene import Scene
from ourvidz.domain.storyboard import Storyboard
from ourvidz.pipeline.profiles import MAX_DRAWN_SEED
from ourvidz.studio.door import Studio, admit, as_id, check_page, judge
from ourvidz.studio.film_drafts import checked_film
from ourvidz.studio.film_words import keyframes_from_other_words, told
from ourvidz.studio.jobs import cancel


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A scene that was not kept, and why."""

    scene_id: str
    category: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What was kept. refused: scenes that stand as they were before, or were left out if new."""

    film: Storyboard
    refused: tuple[Refused, ...] = ()


def create_film(me: Identity, studio: Studio, values: Mapping[str, Any]) -> Draft:
    """A new film; values: any of title, scenes (as `domain.film_values` has them), model,
    profile, seed, continuity, negative_prompt.

    All words are judged together. A scene that is refused is named and left out. Raises
    PolicyRefused, and keeps nothing, when that does not help.
    """
    admit(me, studio, "write")
    kept = {"seed": secrets.randbelow(MAX_DRAWN_SEED), **checked_film(me, studio, values)}
    refused = _judged(me, studio, kept, {})
    return Draft(film=studio.records.create_storyboard(me, _rows(kept)), refused=refused)


def change_film(
    me: Identity, studio: Studio, film_id: UUID | str, values: Mapping[str, Any]
) -> Draft:
    """Save a draft: the given values replace the old ones, `scenes` all of them at once.

    A scene that is refused stays as it was, the others are kept. Pictures of a scene whose words
    have changed stay on offer, but must be approved anew.
    """
    admit(me, studio, "write")
    before = studio.records.storyboard(me, as_id(film_id))
    kept = checked_film(me, studio, values)
    old = {name: getattr(before, name) for name in ("title", "negative_prompt", "scenes")}
    words = old | kept
    refused = _judged(me, studio, words, {scene.id: scene for scene in before.scenes})
    if "scenes" in kept:
        kept["scenes"] = words["scenes"]
    after = studio.records.change_storyboard(me, before.id, _rows(kept))
    if stale := keyframes_from_other_words(me, studio, before, after):
        studio.records.approve_pictures(me, after.id, stale, approved=False)
    return Draft(film=after, refused=refused)


def film(me: Identity, studio: Studio, film_id: UUID | str) -> Storyboard:
    """One of one's own films, with its scenes as they were last saved."""
    admit(me, studio)
    return studio.records.storyboard(me, as_id(film_id))


def films(me: Identity, studio: Studio, *, limit: int = 50, offset: int = 0) -> list[Storyboard]:
    """One's films, the last touched first."""
    admit(me, studio)
    check_page(limit, offset)
    return studio.records.storyboards(me, limit=limit, offset=offset)


def delete_film(me: Identity, studio: Studio, film_id: UUID | str) -> None:
    """Delete a storyboard with its pictures and clips, and stop what is made for it.

    A film that was joined stays in the library. What was reserved and not made comes back.
    """
    admit(me, studio, "write")
    found = studio.records.storyboard(me, as_id(film_id))
    if found.film_job_id is not None:
        cancel(me, studio, found.film_job_id)
        for take in studio.records.takes(me, found.film_job_id):
            if take.state not in FINAL:  # another one of a film that was joined already
                cancel(me, studio, take.job_id)
    for job in studio.records.still_jobs(me, found.id):
        if not job.is_final:
            cancel(me, studio, job.id)
        studio.media.delete(studio.media.keys(f"videos-preview/{me.user_id}/{job.id}/"))
    studio.records.delete_storyboard(me, found.id)


def split(
    me: Identity, studio: Studio, idea: str, seconds: int, *, enhanced: str | None = None
) -> tuple[Scene, ...]:
    """One idea as scenes of together `seconds`, a multiple of 5; nothing is kept yet.

    enhanced: the idea in cinematic words, if there are any.
    """
    admit(me, studio, "write")
    for name, value in (("idea", idea), ("enhanced", enhanced or "")):
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequest(name, "must be a text")
    if isinstance(seconds, bool) or not isinstance(seconds, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequest("seconds", "must be a whole number")
    scenes = split_idea(idea, seconds, enhanced)
    judge(me, studio, [idea, enhanced or ""])
    return scenes


def _judged(
    me: Identity, studio: Studio, kept: dict[str, Any], before: Mapping[str, Scene]
) -> tuple[Refused, ...]:
    """Judge all words together; put back or leave out the scenes that are refused on their own.

    before: scenes as they stand now, by id. Changes the scenes of `kept`.
    """
    scenes: tuple[Scene, ...] = kept.get("scenes", ())
    try:
        _judge(me, studio, kept, scenes)
    except PolicyRefused:
        refused = _refused(me, studio, kept, scenes, before)
        if not refused:
            raise  # no scene alone, but all of them together
        bad = {one.scene_id for one in refused}
        stays = [before.get(one.id) if one.id in bad else one for one in scenes]
        kept["scenes"] = tuple(one for one in stays if one is not None)
        _judge(me, studio, kept, kept["scenes"])
        return refused
    return ()


def _refused(
    me: Identity,
    studio: Studio,
    kept: Mapping[str, Any],
    scenes: tuple[Scene, ...],
    before: Mapping[str, Scene],
) -> tuple[Refused, ...]:
    found: list[Refused] = []
    for number, scene in enumerate(scenes, 1):
        if scene == before.get(scene.id):
            continue
        try:
            _judge(me, studio, kept, (scene,))
        except PolicyRefused as refusal:
            found.append(
                Refused(
                    scene_id=scene.id,
                    category=refusal.category,
                    reason=f"Scene {number}: {refusal}",
                )
            )
    return tuple(found)


def _judge(
    me: Identity, studio: Studio, kept: Mapping[str, Any], scenes: tuple[Scene, ...]
) -> None:
    words = told(me, studio, scenes, strict=False)
    texts = [text for scene in words for text in (scene.prompt, scene.enhanced_prompt or "")]
    title, negative = str(kept.get("title", "")), str(kept.get("negative_prompt", ""))
    judge(me, studio, [title, *texts], negative_prompt=negative)


def _rows(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the database keeps them."""
    rows = dict(kept)
    if "scenes" in rows:
        rows["scenes"] = [scene_values(scene) for scene in rows["scenes"]]
    return rows
