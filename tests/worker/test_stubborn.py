"""What must not end a worker, nor a job that somebody wants."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from ourvidz.backends.embedded.direct_courier import DirectCourier
from ourvidz.backends.postgres.work_queue import PostgresQueue
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.job import Lease
from ourvidz.worker import Worker
from tests.servers import SUPERUSER, Cluster
from tests.worker.runners import LosesItsCard, SilentGuard
from tests.worker.workshop import Workshop


def test_a_cancel_that_redis_remembers_from_before_stops_nothing(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("steps=20x0.1")
        workshop.live.request_cancel(job.id)  # the database has forgotten it: see retry_film
        assert workshop.ended(job).state == "succeeded"
    assert workshop.credits == 49


def test_a_job_that_can_not_be_finished_does_not_end_the_worker(workshop: Workshop) -> None:
    class Stuck(PostgresQueue):
        """The database has a bug with one job."""

        def finish(self, lease: Lease, *args: object, **more: object) -> bool:
            if lease.job.params["prompt"] == "steps=2x0":
                raise ZeroDivisionError("the database has a bug")
            return super().finish(lease, *args, **more)  # type: ignore[arg-type]

        def reap(self) -> int:
            raise ZeroDivisionError("and with it nobody is taken back")

    workshop.queue = Stuck(workshop.house.worker)
    with workshop.working() as worker:
        workshop.order("steps=2x0")
        assert workshop.ended(workshop.order("steps=1x0")).state == "succeeded"
        seen = "select heartbeat_at from public.workers where id = %s"
        before = workshop.house.scalar(seen, worker.id)
        time.sleep(2 * workshop.settings.register_s)
        after = workshop.house.scalar(seen, worker.id)
    assert isinstance(before, type(after)) and after > before, "nobody hears of it any more"  # type: ignore[operator]


def test_a_heartbeat_that_meets_a_bug_is_not_the_last_one(workshop: Workshop) -> None:
    class Slips(PostgresQueue):
        """The database has a bug, once."""

        slips = 1

        def heartbeat(self, *args: Any) -> Any:
            if self.slips:
                self.slips -= 1
                raise ZeroDivisionError("the database has a bug")
            return super().heartbeat(*args)

    workshop.queue = Slips(workshop.house.worker)
    with workshop.working():
        job = workshop.order("steps=70x0.1")  # longer than its lease
        assert workshop.ended(job).state == "succeeded"
    assert workshop.starts(job) == [1]


@contextmanager
def reading_only(workshop: Workshop, postgres: Cluster) -> Iterator[None]:
    """The database takes no changes from workers, as a standby or one whose disk is full."""
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ourvidz_worker'"
    with closing(psycopg.connect(postgres.url(SUPERUSER), autocommit=True)) as root:
        try:
            root.execute("alter role ourvidz_worker set default_transaction_read_only = on")
            root.execute(cut)
            yield
        finally:
            root.execute("alter role ourvidz_worker reset default_transaction_read_only")
            root.execute(cut)


def test_a_result_waits_until_the_database_takes_changes_again(
    workshop: Workshop, postgres: Cluster
) -> None:
    with workshop.working():
        job = workshop.order("steps=4x0.1")
        workshop.wait_for(lambda: workshop.starts(job))
        with reading_only(workshop, postgres):
            workshop.wait_for(lambda: len(workshop.files(job)) == 2)
            time.sleep(1)
        assert workshop.ended(job).state == "succeeded"
        with reading_only(workshop, postgres):
            waiting = workshop.order("steps=1x0")
            time.sleep(1)
        assert workshop.ended(waiting).state == "succeeded"
    assert workshop.starts(job) == workshop.starts(waiting) == [1]


def test_a_storage_that_refuses_one_worker_leaves_the_job_to_another(workshop: Workshop) -> None:
    class Refused(DirectCourier):
        """A far worker with yesterday's token."""

        def deliver(self, lease: Lease, bucket: str, path: Path, content_type: str) -> str:
            raise NotAllowed("The worker token is wrong.")

    shop = workshop
    refused = Worker(
        shop.queue, shop.live, Refused(shop.media), shop.policy, shop.settings, runner=shop.runner
    )
    with workshop.working(refused):
        job = workshop.order("steps=1x0")
        workshop.wait_for(lambda: workshop.job(job).error)
    again = workshop.job(job)
    assert (again.state, again.error_family) == ("queued", "Unavailable")
    assert "token" not in (again.error or "")
    workshop.house.end_pauses()
    with workshop.working():
        assert workshop.ended(job).state == "succeeded"


def test_without_the_card_that_it_began_with_a_worker_takes_no_job(workshop: Workshop) -> None:
    workshop.runner = LosesItsCard
    gone = workshop.settings.scratch_dir / "gone"
    with workshop.working() as worker:
        workshop.ended(workshop.order("steps=1x0"))
        gone.touch()
        job = workshop.order("raise=Gone@1 steps=1x0")
        workshop.wait_for(lambda: workshop.job(job).error)
        workshop.house.end_pauses()
        workshop.wait_for(
            lambda: (
                worker._troubles > 1  # pyright: ignore[reportPrivateUsage]
                or workshop.job(job).attempts > 1
            )
        )
        assert workshop.job(job).attempts == 1, "on a CPU what was ordered for a card only fails"
        gone.unlink()
        assert workshop.ended(job).state == "succeeded"


def test_a_guard_model_that_is_away_for_a_moment_refuses_nothing(workshop: Workshop) -> None:
    silent = workshop.folder / "silent"
    silent.touch()
    workshop.policy = partial(SilentGuard, silent)
    with workshop.working():
        job = workshop.order("steps=1x0")
        workshop.wait_for(lambda: workshop.job(job).error)
        assert workshop.job(job).error == "The safety model did not answer. Try again."
        silent.unlink()
        workshop.house.end_pauses()
        assert workshop.ended(job).state == "succeeded"
    mine = "select count(*) from public.refusals where user_id = %s"
    assert workshop.house.scalar(mine, workshop.me.user_id) == 0


def test_what_is_away_for_one_job_after_the_other_is_asked_for_ever_less_often(
    workshop: Workshop,
) -> None:
    jobs = [workshop.order("raise=Unavailable@1") for _ in range(3)]
    with workshop.working():
        workshop.wait_for(lambda: all(workshop.starts(job) for job in jobs))
    journal = (workshop.settings.scratch_dir / "journal").read_text().splitlines()
    begun = [float(line.split()[-1]) for line in journal[:3]]
    pauses = [after - before for before, after in pairwise(begun)]
    assert pauses[0] >= 0.5 and pauses[1] >= 1.0
