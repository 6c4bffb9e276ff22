"""The library as Postgres sorts it: every order of a video on the shelf where it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import sql

from ourvidz.backends.postgres.asking import Asking
from ourvidz.backends.postgres.connection import Database
from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job
from ourvidz.domain.library import Piece, Shelf, Video

#: Row-level security leaves one person's rows. Without a shelf, and so not shown: what was put
#: away, what was tried again (its new try is shown), and videos whose files are gone.
_SHELVED = sql.SQL("""
    select shelved.id, shelved.shelf, shelved.created_at from (
        select j.id, j.created_at, case
            when v.deleted_at is null and v.id is not null then 'finished'
            when v.deleted_at > now() - interval '1 hour' then 'deleted'
            when j.state in ('waiting', 'queued', 'running') then 'making'
            when j.state in ('failed', 'cancelled') and j.put_away_at is null and not exists (
                select from public.jobs again
                where again.user_id = j.user_id and again.idempotency_key = 'retry:' || j.id)
                then 'failed'
        end as shelf
        from public.jobs j left join public.videos v on v.job_id = j.id
        where j.kind in ('video', 'film') and j.parent_id is null
            and (%(character)s::uuid is null or j.project_id in (
                select p.id from public.projects p where p.character_id = %(character)s))
    ) shelved where shelved.shelf is not null""")


class Shelves:
    """The part of `ports.Records` that lists the library; as many queries whatever it holds."""

    def __init__(self, database: Database) -> None:
        self._ask = Asking(database)

    def pieces(
        self,
        me: Identity,
        *,
        shelf: Shelf | None = None,
        character_id: UUID | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Piece]:
        """What stands on one shelf, or on all but the deleted, newest first."""
        query = sql.SQL(
            "select {{columns}} from public.jobs where id in (select shelved.id from ({}) shelved"
            " where case when %(shelf)s::text is null then shelved.shelf <> 'deleted'"
            " else shelved.shelf = %(shelf)s end"
            " order by shelved.created_at desc, shelved.id limit %(limit)s offset %(offset)s)"
            " order by created_at desc, id"
        ).format(_SHELVED)
        values = {"shelf": shelf, "character": character_id, "limit": limit, "offset": offset}
        jobs = self._ask.many(me.claims, Job, query, values)
        videos = self._ask.many(
            me.claims,
            Video,
            "select {columns} from public.videos where job_id = any(%s)",
            ([job.id for job in jobs],),
        )
        by_job = {video.job_id: video for video in videos}
        return [Piece(job=job, video=by_job.get(job.id)) for job in jobs]

    def piece_counts(
        self, me: Identity, *, character_id: UUID | None = None
    ) -> Mapping[Shelf, int]:
        """How much stands on each shelf that is not empty."""
        query = sql.SQL(
            "select coalesce(jsonb_object_agg(shelf, n), '{{}}') from"
            " (select shelf, count(*) as n from ({}) shelved group by shelf) counted"
        ).format(_SHELVED)
        counts: dict[Shelf, Any] = self._ask.value(me.claims, query, {"character": character_id})
        return counts

    def put_away(self, me: Identity, job_id: UUID) -> Job:
        """Show a failed or cancelled job no more."""
        return self._ask.one(
            me.claims, Job, "select {columns} from public.put_away_job(%s)", (job_id,)
        )
