"""`ports.Administration` on Postgres, as service_role."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ourvidz.backends.postgres.operations import SERVICE, PostgresOperations
from ourvidz.domain.account import Account
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.job import Job, Lease
from ourvidz.domain.library import Video


class PostgresAdministration(PostgresOperations):
    """See `ports.Administration`."""

    def add_credits(self, user_id: UUID, amount: int, note: str, key: str) -> int:
        """Grant credits once per `key`; returns the balance."""
        return self._ask.value(
            SERVICE, "select public.add_credits(%s, %s, %s, %s)", (user_id, amount, note, key)
        )

    def update_subscription(
        self, user_id: UUID, tier: str, *, period_end: datetime, key: str
    ) -> int:
        """Set the plan and grant its month once per `key`; returns the balance."""
        return self._ask.value(
            SERVICE,
            "select public.update_subscription(%s, %s, %s, %s)",
            (user_id, tier, period_end, key),
        )

    def user_by_email(self, email: str) -> Account:
        """The account with that address."""
        return self._ask.one(
            SERVICE,
            Account,
            "select {columns} from public.users where lower(email) = lower(%s)",
            (email,),
        )

    def set_role(self, user_id: UUID, role: str) -> None:
        """Make someone an admin, or a user again."""
        self._ask.one(
            SERVICE,
            Account,
            "update public.users set role = %s where id = %s returning {columns}",
            (role, user_id),
        )

    def record_refusal(self, user_id: UUID | None, category: str, prompt_sha256: str) -> None:
        """Keep the rule and a hash; never the words."""
        self._ask.value(
            SERVICE,
            "insert into public.refusals (user_id, category, prompt_sha256) values (%s, %s, %s)"
            " returning id",
            (user_id, category, prompt_sha256),
        )

    def drain(self, worker: str, *, on: bool = True) -> None:
        """Let a worker finish its job and take no more."""
        found = self._ask.value(
            SERVICE,
            "update public.workers set drain = %s where id = %s returning id",
            (on, worker),
        )
        if found is None:
            raise NotAllowed("There is no such worker now.")

    def reap(self) -> int:
        """Take back jobs whose lease ran out."""
        return self._ask.value(SERVICE, "select public.reap_jobs()", ())

    def expired_videos(self, limit: int = 100) -> list[Video]:
        """Past their date, or deleted more than an hour ago."""
        return self._ask.many(
            SERVICE,
            Video,
            "select {columns} from public.videos where expires_at < now()"
            " or deleted_at < now() - interval '1 hour' limit %s",
            (limit,),
        )

    def forget_video(self, video_id: UUID) -> None:
        """Delete the row and write the log entry; nothing to do when it is gone already."""
        self._ask.value(SERVICE, "select public.cleanup_expired_videos(%s)", ([video_id],))

    def leftovers(self, limit: int = 100) -> list[Job]:
        """Ended three hours ago with lost attempts or without a result; stills after 30 days."""
        return self._ask.many(
            SERVICE,
            Job,
            "select {columns} from public.jobs where files <> 'gone'"
            " and (attempts > 0 or files = 'untidy') and ("
            " finished_at < now() - interval '3 hours'"
            "  and (state <> 'succeeded' or files = 'untidy' or (attempts > 1 and files = 'kept'))"
            " or finished_at < now() - interval '30 days' and kind = 'preview')"
            " order by finished_at limit %s",
            (limit,),
        )

    def tidied(self, job_id: UUID, *, gone: bool) -> None:
        """Note that files of a job were deleted, unless it is being tried again by now."""
        self._ask.value(
            SERVICE,
            "update public.jobs set files = %s where id = %s and finished_at is not null"
            " returning id",
            ("gone" if gone else "tidied", job_id),
        )

    def holds(self, job_id: UUID, worker: str, attempt: int) -> Lease | None:
        """The running attempt, if this is it."""
        jobs = self._ask.many(
            SERVICE,
            Job,
            "select {columns} from public.jobs where id = %s and worker = %s and attempts = %s"
            " and state = 'running'",
            (job_id, worker, attempt),
        )
        return Lease(job=jobs[0], worker=worker, attempt=attempt) if jobs else None
