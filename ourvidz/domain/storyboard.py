"""A film on its way: its storyboard as it is kept, its pictures, and the takes of its shots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ourvidz.domain.film import Continuity, Film
from ourvidz.domain.job import JobState
from ourvidz.domain.request import Profile
from ourvidz.domain.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Storyboard:
    """A film as its owner has written it so far; scenes may still be without words.

    retakes: seeds of shots that were made again, by the shot's key "scene-id/place". film_job_id:
    the last order of the whole film.
    """

    id: UUID
    user_id: UUID
    title: str
    scenes: tuple[Scene, ...]
    model: str
    profile: Profile
    seed: int
    continuity: Continuity
    negative_prompt: str
    retakes: Mapping[str, int]
    film_job_id: UUID | None
    created_at: datetime
    updated_at: datetime

    @property
    def film(self) -> Film:
        """The film it makes. Raises InvalidRequest naming what is missing."""
        return Film(
            title=self.title or "Film",
            scenes=self.scenes,
            model=self.model,
            profile=self.profile,
            seed=self.seed,
            continuity=self.continuity,
            negative_prompt=self.negative_prompt,
        )


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What is known of one keyframe. key: "scene-id/place".

    job_id, state, error: of the last order. image_key, seed, recipe: of the picture on offer;
    recipe tells from which words it was made. approved: by its owner, for a shot to be rendered.
    """

    key: str
    job_id: UUID | None
    state: JobState | None
    error: str | None
    image_key: str | None
    seed: int | None
    recipe: str | None
    approved: bool


@dataclass(frozen=True, kw_only=True)
class Take:
    """One try at a shot: a job of a film, and the clip once there is one.

    shot: "scene-id/place". place: of the shot in the film. number: 0, or which retake it is. The
    clip of a shot is its delivered take with the highest number.
    """

    job_id: UUID
    shot: str
    place: int
    number: int
    state: JobState
    progress: float
    eta_s: float | None
    error: str | None
    attempts: int
    cost: int
    media_key: str | None
    thumbnail_key: str | None


@dataclass(frozen=True, kw_only=True)
class FilmLine:
    """What stands between a film and its end. workers: alive and able to run its model.

    ahead: clips of others that will be rendered before the film's last one, when all take turns.
    typical_s: median seconds that such clips took lately, None before there were any.
    """

    ahead: int
    workers: int
    typical_s: float | None


@dataclass(frozen=True, kw_only=True)
class FilmPrice:
    """price: of the whole film. credits: what is charged, for the missing shots."""

    price: int
    credits: int
    missing: int


@dataclass(frozen=True, kw_only=True)
class StillOrder:
    """Keyframes of one scene to make in one job. params: of that preview job.

    after: the index, in the list of orders, of the one that makes the picture which these are
    derived from; None when that picture is there, or among them.
    """

    params: Mapping[str, Any]
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class ShotOrder:
    """One shot of a film. key: "scene-id/place". params: of its video job.

    after: whether it goes on from the clip of the shot before, and so waits for it.
    """

    key: str
    params: Mapping[str, Any]
    after: bool = False


@dataclass(frozen=True, kw_only=True)
class NewFilm:
    """What is handed to the queue for a film. params: of the film itself. shots: in order."""

    storyboard_id: UUID
    model: str
    params: Mapping[str, Any]
    shots: tuple[ShotOrder, ...]
    idempotency_key: str
