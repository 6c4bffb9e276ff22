"""Ordering a film: paid once, rendered clip by clip on any number of machines, never paid twice.

A film is a job that waits for the jobs of its shots, and at last for the one that joins them. Its
price is reserved once; what is not delivered is paid back. Clips of an earlier order of the same
storyboard are taken over, so going on after a cancel, or after a change of one scene, makes and
charges what is missing and no more.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.film import SHOT_FRAMES, Film, Shot
from ourvidz.domain.film_orders import film_params, shot_order
from ourvidz.domain.job import Job
from ourvidz.domain.storyboard import FilmLine, NewFilm, ShotOrder, Storyboard
from ourvidz.pipeline.budget import expected_seconds
from ourvidz.pipeline.film_abilities import can, notes_of, overlap_of
from ourvidz.pipeline.profiles import MAX_DRAWN_SEED, resolve
from ourvidz.studio import jobs
from ourvidz.studio.door import Studio, admit, as_id, judge
from ourvidz.studio.drafts import checked_seed
from ourvidz.studio.film_words import film_of

#: Workers asleep that are woken for a film; the others look by themselves soon.
_BELLS = 64


@dataclass(frozen=True, kw_only=True)
class FilmQuote:
    """What a film would cost, before anything is spent. have: credits on the account.

    shots: all of them; missing: those to render, the others are there already. seconds: until it
    is joined, the queue included; None without a worker, or where nothing is known of such clips.
    unapproved: keys of keyframes that must be approved first. notes: what the film lacks by its
    model, in plain words.
    """

    credits: int
    have: int
    shots: int
    missing: int
    seconds: float | None
    workers: int
    unapproved: tuple[str, ...]
    notes: tuple[str, ...] = ()


def quote_film(me: Identity, studio: Studio, film_id: UUID | str) -> FilmQuote:
    """Price and time of a film. Raises InvalidRequest naming the scene that is not ready."""
    admit(me, studio)
    board = studio.records.storyboard(me, as_id(film_id))
    film = film_of(me, studio, board)
    new, unapproved = _new_film(me, studio, board, film)
    price = studio.records.film_price(me, new)
    line = line_of(me, studio, film.model, film.profile, price.missing)
    return FilmQuote(
        credits=price.credits,
        have=studio.records.account(me).credits,
        shots=len(film.shots),
        missing=price.missing,
        seconds=expected_s(line, price.missing),
        workers=line.workers,
        unapproved=unapproved,
        notes=notes_of(film),
    )


def render_film(
    me: Identity, studio: Studio, film_id: UUID | str, *, key: str | None = None
) -> Job:
    """Order a film whose keyframes are approved; a double click orders, and charges, once.

    Raises NotAllowed naming what is not approved, or when it is being made from other words;
    NotEnoughCredits, PolicyRefused; nothing is spent then.
    """
    admit(me, studio, "render")
    board = studio.records.storyboard(me, as_id(film_id))
    film = film_of(me, studio, board)
    new, unapproved = _new_film(me, studio, board, film, key)
    if unapproved:
        listed = ", ".join(unapproved[:3]) + (" ..." if len(unapproved) > 3 else "")
        raise NotAllowed(
            f"{len(unapproved)} pictures are not approved yet ({listed}). Approve them first."
        )
    texts = [text for one in film.scenes for text in (one.prompt, one.enhanced_prompt or "")]
    judge(me, studio, [film.title, *texts], negative_prompt=film.negative_prompt)
    job = studio.records.enqueue_film(me, new)
    if not job.is_final and job.params.get("plan") != new.params["plan"]:
        raise NotAllowed(
            "This film is being made as it was before. Cancel it first; finished shots are kept."
        )
    _ring(studio, job.model, len(new.shots))
    return job


def cancel_film(me: Identity, studio: Studio, film_id: UUID | str) -> Job:
    """Stop a film: finished clips are kept, and what was not delivered is paid back.

    That is its price times missing shots by all shots, rounded up.
    """
    admit(me, studio)
    return jobs.cancel(me, studio, _ordered(me, studio, film_id))


def retry_film(me: Identity, studio: Studio, film_id: UUID | str) -> Job:
    """Try again what failed of a film that waits for its owner; nothing is charged again."""
    admit(me, studio, "render")
    job = studio.records.retry_film(me, _ordered(me, studio, film_id))
    _ring(studio, job.model, _BELLS)
    return job


def take_film(me: Identity, studio: Studio, film_id: UUID | str) -> Job:
    """Take a film without the shots that failed: the others are joined, those are paid back."""
    admit(me, studio, "render")
    job = studio.records.take_film(me, _ordered(me, studio, film_id))
    _ring(studio, job.model, 1)
    return job


def redo_shot(
    me: Identity, studio: Studio, film_id: UUID | str, shot: str, *, seed: int | None = None
) -> Job:
    """Another take of one shot, "scene-id/place"; then the film is joined anew.

    It costs what a clip costs, and nothing for a shot that was never delivered. The old take
    stays until the new one is there. seed: None draws one. A double click orders once.

    Raises NotAllowed for a shot that is not in the film as it was ordered.
    """
    admit(me, studio, "render")
    board = studio.records.storyboard(me, as_id(film_id))
    job_id = _ordered(me, studio, board.id)
    seed = checked_seed("seed", seed)
    take = next((one for one in studio.records.takes(me, job_id) if one.shot == shot), None)
    if take is None:
        raise NotAllowed("There is no such shot in this film.")
    first = studio.records.job(me, take.job_id)
    texts = [str(first.params.get(name) or "") for name in ("prompt", "enhanced_prompt")]
    judge(me, studio, texts, negative_prompt=str(first.params.get("negative_prompt") or ""))
    drawn = secrets.randbelow(MAX_DRAWN_SEED) if seed is None else seed
    job = studio.records.redo_shot(me, job_id, shot, {**first.params, "seed": drawn})
    studio.live.ring(job.model)
    return job


def line_of(me: Identity, studio: Studio, model: str, profile: str, shots: int) -> FilmLine:
    """What stands before a film's end; before such clips were made, by what the planner expects."""
    line = studio.records.film_line(me, model, profile, shots)
    machine = studio.machine() if line.typical_s is None else None
    if machine is None:
        return line
    return replace(line, typical_s=expected_seconds(model, profile, SHOT_FRAMES, machine))


def expected_s(line: FilmLine, shots: float) -> float | None:
    """Seconds until `shots` more clips are there, others taking their turns with them.

    >>> expected_s(FilmLine(ahead=4, workers=2, typical_s=10.0), 6)
    50.0
    """
    if line.typical_s is None or not line.workers:
        return None
    # The last clip takes its whole time, however many workers there are.
    return line.typical_s * max((line.ahead + shots) / line.workers, min(1.0, shots))


def _new_film(
    me: Identity, studio: Studio, board: Storyboard, film: Film, key: str | None = None
) -> tuple[NewFilm, tuple[str, ...]]:
    """What is ordered, and the keys of keyframes that are not approved."""
    images = {
        one.key: one.image_key
        for one in studio.records.pictures(me, board.id)
        if one.approved and one.image_key
    }
    shots = tuple(_shot(film, one, images, board.retakes) for one in film.shots)
    said = json.dumps([[one.key, dict(one.params)] for one in shots], sort_keys=True)
    plan = hashlib.sha256(said.encode()).hexdigest()
    params = film_params(film, plan)
    if film.continuity == "chained" and not any(one.after for one in shots):
        params["continuity"] = "independent"  # its model can not go on from anything
    new = NewFilm(
        storyboard_id=board.id,
        model=film.model,
        params=params,
        shots=shots,
        idempotency_key=f"film:{board.id}:{key or secrets.token_hex(8)}",
    )
    needed = film.keyframes if can(film, "first_frame") else ()
    return new, tuple(one.key for one in needed if one.key not in images)


def _ordered(me: Identity, studio: Studio, film_id: UUID | str) -> UUID:
    board = studio.records.storyboard(me, as_id(film_id))
    if board.film_job_id is None:
        raise NotAllowed("This film was not ordered yet.")
    return board.film_job_id


def _ring(studio: Studio, model: str, shots: int) -> None:
    for _ in range(min(shots, _BELLS)):
        studio.live.ring(model)


def _shot(
    film: Film, shot: Shot, images: Mapping[str, str], retakes: Mapping[str, int]
) -> ShotOrder:
    """A shot with every value set; its pictures, as many as its model can take, only say so."""
    seed = retakes.get(f"{shot.scene_id}/{shot.place}", shot.seed)
    request = film.shot_request(shot).replace(seed=seed)
    if shot.first_keyframe and can(film, "first_frame"):
        request = request.replace(image=Path("first.png"))
        if shot.last_keyframe and can(film, "first_last_frame"):
            request = request.replace(last_image=Path("last.png"))
    after = shot.place > 0 and overlap_of(film) > 0
    return shot_order(shot, images, resolve(request), after=after)
