"""`ports.Operations` on Postgres, as service_role."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import LiteralString
from uuid import UUID

from ourvidz.backends.postgres.asking import Asking
from ourvidz.backends.postgres.connection import Database
from ourvidz.domain.job import Job, JobState
from ourvidz.domain.operations import (
    Alert,
    Day,
    JobView,
    KindFigures,
    Person,
    Queue,
    Refused,
    WorkerState,
)

SERVICE: Mapping[str, str] = MappingProxyType({"role": "service_role"})

_QUEUES: LiteralString = """
    select {columns} from (
        select kind, model, count(*) filter (where state = 'queued')::integer as waiting,
            count(*) filter (where state = 'running')::integer as running,
            coalesce(extract(epoch from now() - min(created_at)
                filter (where state = 'queued')), 0)::double precision as oldest_s,
            coalesce(extract(epoch from now() - min(started_at)
                filter (where state = 'running')), 0)::double precision as running_s
        from public.jobs where state in ('queued', 'running') group by kind, model) lines
    order by waiting desc, kind, model"""

_WORKERS: LiteralString = """
    select {columns} from (
        select w.*, extract(epoch from now() - w.heartbeat_at)::double precision as silent_s
        from public.workers w) alive
    order by silent_s > 60, hostname, id"""

_JOBS: LiteralString = """
    select {columns} from (
        select j.*, u.email, exists (
            select from public.jobs again where again.user_id = j.user_id
                and again.idempotency_key = 'retry:' || j.id) as again
        from public.jobs j join public.users u on u.id = j.user_id
        where %s::text is null or j.state = %s
        order by j.created_at desc, j.id limit %s offset %s) seen
    order by created_at desc, id"""

_PEOPLE: LiteralString = """
    select {columns} from (
        select u.id as user_id, u.email, u.role, u.subscription_tier as tier,
            u.credits_remaining as credits, u.created_at,
            (select count(*)::integer from public.jobs j where j.user_id = u.id
                and j.kind = 'video' and j.state = 'succeeded') as videos,
            (select count(*)::integer from public.refusals r where r.user_id = u.id) as refusals,
            (select max(j.created_at) from public.jobs j where j.user_id = u.id) as last_job_at
        from public.users u where strpos(lower(u.email), lower(%s)) > 0
        order by u.created_at desc, u.id limit %s) found
    order by created_at desc, user_id"""

_FIGURES: LiteralString = """
    select {columns} from (
        select kind, count(*) filter (where state = 'succeeded')::integer as succeeded,
            count(*) filter (where state = 'failed')::integer as failed,
            count(*) filter (where state = 'cancelled')::integer as cancelled,
            percentile_cont(0.5) within group (order by wait_s) filter (where ok) as wait_p50_s,
            percentile_cont(0.95) within group (order by wait_s) filter (where ok) as wait_p95_s,
            percentile_cont(0.5) within group (order by run_s) filter (where ok) as run_p50_s,
            percentile_cont(0.95) within group (order by run_s) filter (where ok) as run_p95_s,
            coalesce(sum(run_s), 0)::double precision as machine_s,
            coalesce(sum(cost) filter (where ok), 0)::integer as credits
        from (
            select j.kind, j.state, j.cost, j.state = 'succeeded' as ok,
                extract(epoch from j.started_at - j.created_at)::double precision as wait_s,
                extract(epoch from j.finished_at - j.started_at)::double precision as run_s
            from public.jobs j where j.finished_at > now() - interval '1 day' * %s) ended
        group by kind) sorts
    order by kind = 'video' desc, kind"""

_DAILY: LiteralString = """
    select {columns} from (
        select d::date as day, count(*) filter (where j.state = 'succeeded')::integer as succeeded,
            count(*) filter (where j.state = 'failed')::integer as failed,
            count(*) filter (where j.state = 'cancelled')::integer as cancelled,
            coalesce(sum(j.cost) filter (where j.state = 'succeeded'), 0)::integer as credits,
            percentile_cont(0.5) within group (order by j.run_s)
                filter (where j.state = 'succeeded') as run_p50_s,
            percentile_cont(0.95) within group (order by j.run_s)
                filter (where j.state = 'succeeded') as run_p95_s
        from generate_series((now() at time zone 'utc')::date - %s + 1,
            (now() at time zone 'utc')::date, interval '1 day') d
        left join (
            select (o.finished_at at time zone 'utc')::date as day, o.state, o.cost,
                extract(epoch from o.finished_at - o.started_at)::double precision as run_s
            from public.jobs o where o.kind = 'video'
                and o.finished_at > now() - interval '1 day' * (%s + 1)) j on j.day = d::date
        group by d) days
    order by day"""

_REFUSED: LiteralString = """
    select {columns} from (
        select category, count(*)::integer as refusals,
            count(distinct user_id)::integer as people
        from public.refusals where created_at > now() - interval '1 day' * %s
        group by category) rules
    order by refusals desc, category"""


class PostgresOperations:
    """See `ports.Operations`."""

    def __init__(self, database: Database) -> None:
        self._ask = Asking(database)

    def queues(self) -> list[Queue]:
        """What waits and runs."""
        return self._ask.many(SERVICE, Queue, _QUEUES)

    def workers(self) -> list[WorkerState]:
        """All that have told of themselves and not left; the silent ones last."""
        return self._ask.many(SERVICE, WorkerState, _WORKERS)

    def alerts(self, *, limit: int = 50) -> list[Alert]:
        """Those not closed yet, newest first."""
        return self._ask.many(
            SERVICE,
            Alert,
            "select {columns} from public.alerts where resolved_at is null"
            " order by id desc limit %s",
            (limit,),
        )

    def admin_log(self, *, limit: int = 50) -> list[Alert]:
        """What admins did, newest first."""
        return self._ask.many(
            SERVICE,
            Alert,
            "select {columns} from public.alerts where kind = 'admin' order by id desc limit %s",
            (limit,),
        )

    def all_jobs(
        self, *, state: JobState | None = None, limit: int = 50, offset: int = 0
    ) -> list[JobView]:
        """Everybody's jobs, newest first."""
        return self._ask.many(SERVICE, JobView, _JOBS, (state, state, limit, offset))

    def people(self, search: str, *, limit: int = 50) -> list[Person]:
        """Accounts with `search` in their address, newest first."""
        return self._ask.many(SERVICE, Person, _PEOPLE, (search, limit))

    def figures(self, days: int) -> list[KindFigures]:
        """How jobs ended."""
        return self._ask.many(SERVICE, KindFigures, _FIGURES, (days,))

    def daily(self, days: int) -> list[Day]:
        """Videos of each day."""
        return self._ask.many(SERVICE, Day, _DAILY, (days, days))

    def refused(self, days: int) -> list[Refused]:
        """Refusals by rule."""
        return self._ask.many(SERVICE, Refused, _REFUSED, (days,))

    def grant(self, admin: UUID, user_id: UUID, amount: int, note: str, key: UUID) -> int:
        """Give credits, or take them back, once per `key`; returns the balance."""
        return self._ask.value(
            SERVICE,
            "select public.admin_grant(%s, %s, %s, %s, %s)",
            (admin, user_id, amount, note, str(key)),
        )

    def change_role(self, admin: UUID, user_id: UUID, role: str) -> None:
        """Make someone an admin, or a user again."""
        self._ask.value(SERVICE, "select public.admin_set_role(%s, %s, %s)", (admin, user_id, role))

    def set_drain(self, admin: UUID, worker: str, *, on: bool) -> None:
        """Let a worker finish its job and take no more, or take jobs again."""
        self._ask.value(SERVICE, "select public.admin_drain(%s, %s, %s)", (admin, worker, on))

    def retry(self, admin: UUID, job_id: UUID) -> Job:
        """Order a failed job once more, at no cost."""
        return self._ask.one(
            SERVICE, Job, "select {columns} from public.admin_retry(%s, %s)", (admin, job_id)
        )

    def resolve(self, admin: UUID, alert_id: int) -> None:
        """Close an alert."""
        self._ask.value(SERVICE, "select public.admin_resolve(%s, %s)", (admin, alert_id))
