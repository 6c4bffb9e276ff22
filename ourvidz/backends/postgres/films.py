"""Films as Postgres keeps them: storyboards, their pictures, and the jobs of their shots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from ourvidz.backends.postgres.asking import Asking
from ourvidz.backends.postgres.connection import Database
from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film_values import scene_of
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

#: What of a storyboard its owner may set; the database grants exactly these.
_DRAFT = frozenset({"title", "scenes", "model", "profile", "seed", "continuity", "negative_prompt"})

_PICTURES: LiteralString = """
    select {columns} from (
        select k.*, j.state, j.error from public.keyframes k
        left join public.jobs j on j.id = k.job_id where k.storyboard_id = %s) known
    order by key"""

_TAKES: LiteralString = """
    select {columns} from (
        select j.*, j.id as job_id, j.take as number, v.media_key, v.thumbnail_key
        from public.jobs j
        left join public.videos v on v.job_id = j.id and v.deleted_at is null
        where j.parent_id = %s and j.place is not null) clips
    order by place, number"""


class Films:
    """See `ports.Films`. As everywhere, row-level security decides what `me` can see."""

    def __init__(self, database: Database) -> None:
        self._ask = Asking(database)

    def create_storyboard(self, me: Identity, values: Mapping[str, Any]) -> Storyboard:
        """A new storyboard with `values` (fields of Storyboard)."""
        names = _checked(values)
        into = sql.SQL(", ").join(map(sql.Identifier, ["user_id", *names]))
        marks = sql.SQL(", ").join([sql.Placeholder()] * (len(names) + 1))
        row = self._ask.one(
            me.claims,
            Storyboard,
            sql.SQL("insert into public.storyboards ({}) values ({}) returning ").format(
                into, marks
            )
            + sql.SQL("{columns}"),
            (me.user_id, *_written(values)),
        )
        return _read(row)

    def change_storyboard(
        self, me: Identity, storyboard_id: UUID, values: Mapping[str, Any]
    ) -> Storyboard:
        """Set some fields; the others stay."""
        pairs = [
            sql.SQL("updated_at = now()"),
            *(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in _checked(values)),
        ]
        row = self._ask.one(
            me.claims,
            Storyboard,
            sql.SQL("update public.storyboards set {} where id = %s returning ").format(
                sql.SQL(", ").join(pairs)
            )
            + sql.SQL("{columns}"),
            (*_written(values), storyboard_id),
        )
        return _read(row)

    def storyboard(self, me: Identity, storyboard_id: UUID) -> Storyboard:
        """One storyboard."""
        query = "select {columns} from public.storyboards where id = %s"
        return _read(self._ask.one(me.claims, Storyboard, query, (storyboard_id,)))

    def storyboards(self, me: Identity, *, limit: int = 50, offset: int = 0) -> list[Storyboard]:
        """Storyboards, the last touched first."""
        rows = self._ask.many(
            me.claims,
            Storyboard,
            "select {columns} from public.storyboards order by updated_at desc limit %s offset %s",
            (limit, offset),
        )
        return list(map(_read, rows))

    def delete_storyboard(self, me: Identity, storyboard_id: UUID) -> None:
        """Delete it with its clips; a joined film stays."""
        self._ask.one(
            me.claims,
            Storyboard,
            "with clips as (update public.videos set deleted_at = now() where deleted_at is null"
            " and job_id in (select id from public.jobs where storyboard_id = %s"
            " and place is not null))"
            " delete from public.storyboards where id = %s returning {columns}",
            (storyboard_id, storyboard_id),
        )

    def pictures(self, me: Identity, storyboard_id: UUID) -> list[Picture]:
        """What is known of its keyframes, those that were ever ordered."""
        return self._ask.many(me.claims, Picture, _PICTURES, (storyboard_id,))

    def approve_pictures(
        self, me: Identity, storyboard_id: UUID, keys: Sequence[str], *, approved: bool
    ) -> int:
        """Approve what is there and not being made anew, or take that back; how many changed."""
        return self._ask.value(
            me.claims,
            "with changed as (update public.keyframes k set approved = %s"
            " where k.storyboard_id = %s and k.key = any(%s) and k.approved <> %s"
            " and k.image_key is not null and not exists (select from public.jobs j"
            " where j.id = k.job_id and j.state in ('waiting', 'queued', 'running'))"
            " returning key) select count(*) from changed",
            (approved, storyboard_id, list(keys), approved),
        )

    def order_stills(
        self, me: Identity, storyboard_id: UUID, model: str, orders: Sequence[StillOrder]
    ) -> list[Job]:
        """Jobs for keyframes that no other job is making."""
        wishes = [{"params": dict(one.params), "after": one.after} for one in orders]
        return self._ask.many(
            me.claims,
            Job,
            "select {columns} from public.order_stills(%s, %s, %s)",
            (storyboard_id, model, Jsonb(wishes)),
        )

    def still_jobs(self, me: Identity, storyboard_id: UUID) -> list[Job]:
        """All jobs that made, or make, pictures of it."""
        return self._ask.many(
            me.claims,
            Job,
            "select {columns} from public.jobs where storyboard_id = %s and kind = 'preview'"
            " order by created_at",
            (storyboard_id,),
        )

    def film_price(self, me: Identity, new: NewFilm) -> FilmPrice:
        """What `enqueue_film` would reserve and make."""
        return self._ask.one(
            me.claims,
            FilmPrice,
            "select {columns} from public.price_of_film(%s, %s)",
            (new.storyboard_id, _shots(new)),
        )

    def enqueue_film(self, me: Identity, new: NewFilm) -> Job:
        """Reserve the price of what is missing, and put that in line."""
        return self._ask.one(
            me.claims,
            Job,
            "select {columns} from public.enqueue_film(%s, %s, %s, %s, %s)",
            (new.storyboard_id, Jsonb(dict(new.params)), new.model, _shots(new),
             new.idempotency_key),
        )  # fmt: skip

    def retry_film(self, me: Identity, job_id: UUID) -> Job:
        """What failed goes back in line."""
        return self._ask.one(
            me.claims, Job, "select {columns} from public.retry_film(%s)", (job_id,)
        )

    def take_film(self, me: Identity, job_id: UUID) -> Job:
        """Join what is there; what is missing is paid back."""
        return self._ask.one(
            me.claims, Job, "select {columns} from public.take_film(%s)", (job_id,)
        )

    def redo_shot(self, me: Identity, job_id: UUID, shot: str, params: Mapping[str, Any]) -> Job:
        """Another take of one shot, or the one that is being made."""
        return self._ask.one(
            me.claims,
            Job,
            "select {columns} from public.redo_shot(%s, %s, %s)",
            (job_id, shot, Jsonb(dict(params))),
        )

    def takes(self, me: Identity, job_id: UUID) -> list[Take]:
        """All takes of a film's shots, shot by shot, the oldest first."""
        return self._ask.many(me.claims, Take, _TAKES, (job_id,))

    def film_video(self, me: Identity, job_id: UUID) -> Video | None:
        """The joined film, unless there is none yet or it was deleted."""
        found = self._ask.many(
            me.claims,
            Video,
            "select {columns} from public.videos where job_id = %s and deleted_at is null",
            (job_id,),
        )
        return found[0] if found else None

    def stitches(self, me: Identity, job_id: UUID) -> list[Job]:
        """Jobs that joined, or join, a film, the last one first."""
        return self._ask.many(
            me.claims,
            Job,
            "select {columns} from public.jobs where parent_id = %s and kind = 'stitch'"
            " order by created_at desc",
            (job_id,),
        )

    def film_line(self, me: Identity, model: str, profile: str, shots: int) -> FilmLine:
        """What stands before the end of a film with so many shots to make."""
        return self._ask.one(
            me.claims,
            FilmLine,
            "select {columns} from public.line_of_film(%s, %s, %s)",
            (model, profile, shots),
        )


def _read(row: Storyboard) -> Storyboard:
    """The row's scenes as the domain has them; what an older version kept is not believed."""
    return replace(row, scenes=tuple(scene_of(one) for one in row.scenes))


def _written(values: Mapping[str, Any]) -> list[Any]:
    return [Jsonb(value) if name == "scenes" else value for name, value in values.items()]


def _shots(new: NewFilm) -> Jsonb:
    return Jsonb(
        [{"shot": one.key, "params": dict(one.params), "after": one.after} for one in new.shots]
    )


def _checked(values: Mapping[str, Any]) -> list[str]:
    unknown = values.keys() - _DRAFT
    if unknown:
        raise InvalidRequest(min(unknown), "is not something of a film that can be set")
    return list(values)
