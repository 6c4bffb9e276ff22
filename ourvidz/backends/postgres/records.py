"""`ports.Records` on Postgres: each call is one transaction as the person who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from ourvidz.backends.postgres.films import Films
from ourvidz.backends.postgres.shelves import Shelves
from ourvidz.domain.account import Account, DayUsage, Identity, LedgerEntry
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.job import Job, Line, NewJob
from ourvidz.domain.library import Character, Project, Video

#: What of a project its owner may set; the database grants exactly these.
_DRAFT = frozenset(
    {
        "title", "step", "prompt", "enhanced_prompt", "use_enhanced", "negative_prompt", "model",
        "profile", "seconds", "seed", "character_id", "preview_job_id", "image_key", "image_seed",
    }
)  # fmt: skip


class PostgresRecords(Shelves, Films):
    """See `ports.Records`. Row-level security decides what `me` can see; so no query here names
    the owner in its where clause but to insert.
    """

    def account(self, me: Identity) -> Account:
        """One's own account."""
        return self._ask.one(me.claims, Account, "select {columns} from public.users")

    def ledger(
        self, me: Identity, *, limit: int = 50, before: int | None = None
    ) -> list[LedgerEntry]:
        """Lines of the ledger, newest first, older than line `before`."""
        return self._ask.many(
            me.claims,
            LedgerEntry,
            "select {columns} from (select l.*, case"
            " when jsonb_typeof(j.params -> 'num_frames') = 'number'"
            " then ((j.params ->> 'num_frames')::numeric / 16)::double precision end as seconds"
            " from public.usage_logs l left join public.jobs j on j.id = l.job_id"
            " where %s::bigint is null or l.id < %s order by l.id desc limit %s) lines"
            " order by id desc",
            (before, before, limit),
        )

    def usage(self, me: Identity, *, days: int = 30) -> list[DayUsage]:
        """What was delivered in the last `days`; days with nothing are left out."""
        return self._ask.many(
            me.claims,
            DayUsage,
            "select {columns} from (select (done.created_at at time zone 'utc')::date as day,"
            " count(distinct done.id)::integer as videos,"
            " coalesce(-sum(paid.amount), 0)::integer as credits"
            " from public.usage_logs done left join public.usage_logs paid"
            " on paid.job_id = done.job_id and paid.entry in ('reserve', 'refund')"
            " where done.entry = 'settle' and done.created_at > now() - interval '1 day' * %s"
            " group by 1) used order by day",
            (days,),
        )

    def verify_age(self, me: Identity, policy_version: str) -> Account:
        """Note that they said to be 18 or older, under that policy; the time is the server's."""
        return self._ask.one(
            me.claims, Account, "select {columns} from public.verify_age(%s)", (policy_version,)
        )

    def create_project(self, me: Identity, values: Mapping[str, Any]) -> Project:
        """A new project with `values` (fields of Project)."""
        names = _checked(values)
        into = sql.SQL(", ").join(map(sql.Identifier, ["user_id", *names]))
        marks = sql.SQL(", ").join([sql.Placeholder()] * (len(names) + 1))
        return self._ask.one(
            me.claims,
            Project,
            sql.SQL("insert into public.projects ({}) values ({}) returning ").format(into, marks)
            + sql.SQL("{columns}"),
            (me.user_id, *values.values()),
        )

    def change_project(self, me: Identity, project_id: UUID, values: Mapping[str, Any]) -> Project:
        """Set some fields; the others stay."""
        pairs = [
            sql.SQL("updated_at = now()"),
            *(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in _checked(values)),
        ]
        return self._ask.one(
            me.claims,
            Project,
            sql.SQL("update public.projects set {} where id = %s returning ").format(
                sql.SQL(", ").join(pairs)
            )
            + sql.SQL("{columns}"),
            (*values.values(), project_id),
        )

    def project(self, me: Identity, project_id: UUID) -> Project:
        """One project."""
        return self._ask.one(
            me.claims, Project, "select {columns} from public.projects where id = %s", (project_id,)
        )

    def projects(self, me: Identity, *, limit: int = 50, offset: int = 0) -> list[Project]:
        """Projects, the last touched first."""
        return self._ask.many(
            me.claims,
            Project,
            "select {columns} from public.projects order by updated_at desc limit %s offset %s",
            (limit, offset),
        )

    def delete_project(self, me: Identity, project_id: UUID) -> None:
        """Delete a draft; its jobs and videos stay."""
        self._ask.one(
            me.claims,
            Project,
            "delete from public.projects where id = %s returning {columns}",
            (project_id,),
        )

    def enqueue(self, me: Identity, new: NewJob) -> Job:
        """Reserve the credits and put the job in line, or give the one with the same key."""
        return self._ask.one(
            me.claims,
            Job,
            "select {columns} from public.enqueue_job(%s, %s, %s, %s, %s)",
            (new.kind, Jsonb(dict(new.params)), new.model, new.idempotency_key, new.project_id),
        )

    def cancel(self, me: Identity, job_id: UUID) -> Job:
        """Cancel at once what waits; ask the worker to stop what runs."""
        return self._ask.one(
            me.claims, Job, "select {columns} from public.cancel_job(%s)", (job_id,)
        )

    def job(self, me: Identity, job_id: UUID) -> Job:
        """One job."""
        return self._ask.one(
            me.claims, Job, "select {columns} from public.jobs where id = %s", (job_id,)
        )

    def jobs(
        self, me: Identity, *, project_id: UUID | None = None, limit: int = 50, offset: int = 0
    ) -> list[Job]:
        """Jobs, newest first."""
        return self._ask.many(
            me.claims,
            Job,
            "select {columns} from public.jobs where %s::uuid is null or project_id = %s"
            " order by created_at desc limit %s offset %s",
            (project_id, project_id, limit, offset),
        )

    def line(self, me: Identity, job_id: UUID) -> Line:
        """Where a waiting job stands."""
        return self._ask.one(
            me.claims, Line, "select {columns} from public.line_of_job(%s)", (job_id,)
        )

    def typical_s(self, me: Identity, model: str, profile: str, num_frames: int) -> float | None:
        """Median seconds of everybody's last such videos."""
        return self._ask.value(
            me.claims, "select public.typical_s(%s, %s, %s)", (model, profile, num_frames)
        )

    def videos(
        self, me: Identity, *, project_id: UUID | None = None, limit: int = 50, offset: int = 0
    ) -> list[Video]:
        """Videos that are not deleted, newest first; clips of films are no videos of their own."""
        return self._ask.many(
            me.claims,
            Video,
            "select {columns} from public.videos v where deleted_at is null"
            " and (%s::uuid is null or project_id = %s) and not exists (select from public.jobs j"
            " where j.id = v.job_id and j.parent_id is not null)"
            " order by created_at desc limit %s offset %s",
            (project_id, project_id, limit, offset),
        )

    def video(self, me: Identity, video_id: UUID) -> Video:
        """One video, deleted or not."""
        return self._ask.one(
            me.claims, Video, "select {columns} from public.videos where id = %s", (video_id,)
        )

    def rename_video(self, me: Identity, video_id: UUID, title: str) -> Video:
        """Give it another title."""
        return self._ask.one(
            me.claims,
            Video,
            "update public.videos set title = %s where id = %s returning {columns}",
            (title, video_id),
        )

    def delete_video(self, me: Identity, video_id: UUID, *, undo: bool = False) -> Video:
        """Hide a video; its file goes an hour later, until then `undo` brings it back."""
        return self._ask.one(
            me.claims,
            Video,
            "update public.videos set deleted_at = case when %s then null else now() end"
            " where id = %s returning {columns}",
            (undo, video_id),
        )

    def create_character(
        self, me: Identity, name: str, description: str, tags: Sequence[str]
    ) -> Character:
        """A new character."""
        return self._ask.one(
            me.claims,
            Character,
            "insert into public.characters (user_id, name, description, tags)"
            " values (%s, %s, %s, %s) returning {columns}",
            (me.user_id, name, description, list(tags)),
        )

    def change_character(
        self, me: Identity, character_id: UUID, name: str, description: str, tags: Sequence[str]
    ) -> Character:
        """Replace all of its texts."""
        return self._ask.one(
            me.claims,
            Character,
            "update public.characters set name = %s, description = %s, tags = %s,"
            " updated_at = now() where id = %s returning {columns}",
            (name, description, list(tags), character_id),
        )

    def characters(self, me: Identity) -> list[Character]:
        """All characters, oldest first."""
        return self._ask.many(
            me.claims, Character, "select {columns} from public.characters order by created_at"
        )

    def delete_character(self, me: Identity, character_id: UUID) -> None:
        """Delete it; projects that used it go on without."""
        self._ask.one(
            me.claims,
            Character,
            "delete from public.characters where id = %s returning {columns}",
            (character_id,),
        )


def _checked(values: Mapping[str, Any]) -> list[str]:
    unknown = values.keys() - _DRAFT
    if unknown:
        raise InvalidRequest(min(unknown), "is not something of a project that can be set")
    return list(values)
