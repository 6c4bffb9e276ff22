"""Storyboards and films, as a signed-in person may read and change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job
from ourvidz.domain.library import Video
from ourvidz.domain.storyboard import (
    FilmLine,
    FilmPrice,
    NewFilm,
    Picture,
    StillOrder,
    Storyboard,
    Take,
)


class Films(Protocol):
    """The part of `Records` about films; the same walls around every row."""

    def create_storyboard(self, me: Identity, values: Mapping[str, Any]) -> Storyboard: ...
    def change_storyboard(
        self, me: Identity, storyboard_id: UUID, values: Mapping[str, Any]
    ) -> Storyboard: ...
    def storyboard(self, me: Identity, storyboard_id: UUID) -> Storyboard: ...
    def storyboards(
        self, me: Identity, *, limit: int = 50, offset: int = 0
    ) -> list[Storyboard]: ...
    def delete_storyboard(self, me: Identity, storyboard_id: UUID) -> None:
        """Delete it with its clips; a film that was joined stays."""
        ...

    def pictures(self, me: Identity, storyboard_id: UUID) -> list[Picture]: ...
    def approve_pictures(
        self, me: Identity, storyboard_id: UUID, keys: Sequence[str], *, approved: bool
    ) -> int:
        """Approve, or take it back; only pictures that are there. Returns how many changed."""
        ...

    def order_stills(
        self, me: Identity, storyboard_id: UUID, model: str, orders: Sequence[StillOrder]
    ) -> list[Job]:
        """Jobs for keyframes that no other job is making; they cost nothing."""
        ...

    def still_jobs(self, me: Identity, storyboard_id: UUID) -> list[Job]:
        """All jobs that made, or make, pictures of it."""
        ...

    def enqueue_film(self, me: Identity, new: NewFilm) -> Job:
        """Reserve the price of what is missing and put every missing shot in line.

        A clip of an earlier order of this storyboard with the same params is taken over. While an
        order goes on, it is the answer.
        """
        ...

    def retry_film(self, me: Identity, job_id: UUID) -> Job:
        """Put what failed back in line, and charge nothing."""
        ...

    def take_film(self, me: Identity, job_id: UUID) -> Job:
        """Join what is there; what is missing is paid back."""
        ...

    def redo_shot(self, me: Identity, job_id: UUID, shot: str, params: Mapping[str, Any]) -> Job:
        """Another take of one shot of a film, at the price of a clip, or the one being made."""
        ...

    def takes(self, me: Identity, job_id: UUID) -> list[Take]:
        """All takes of a film's shots, in the order of the shots."""
        ...

    def film_video(self, me: Identity, job_id: UUID) -> Video | None: ...
    def stitches(self, me: Identity, job_id: UUID) -> list[Job]:
        """Jobs that joined, or join, a film, the last one first."""
        ...

    def film_price(self, me: Identity, new: NewFilm) -> FilmPrice:
        """What `enqueue_film` would reserve and make."""
        ...

    def film_line(self, me: Identity, model: str, profile: str, shots: int) -> FilmLine: ...
