"""What a worker lives through: storage, disk, database and Redis away for a while."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from benchmarks.fleet import FragileCourier
from ourvidz.backends.embedded.direct_courier import DirectCourier
from ourvidz.backends.redis import RedisLive
from ourvidz.domain.errors import WorkerRefused
from ourvidz.domain.job import Job, Lease
from ourvidz.worker import Worker
from ourvidz.worker.ending import DISK
from tests.files import PNG, write
from tests.servers import SUPERUSER, Cluster
from tests.worker.workshop import PATIENCE_S, Workshop


class Door(DirectCourier):
    """A courier whose app does not let it in, or not fetch, or not deliver."""

    def __init__(self, workshop: Workshop, refuses: str) -> None:
        super().__init__(workshop.media)
        self._refuses = refuses

    def knock(self) -> None:
        self._ask("knock")

    def fetch(self, lease: Lease, key: str, path: Path) -> None:
        self._ask("fetch")
        super().fetch(lease, key, path)

    def deliver(self, lease: Lease, bucket: str, path: Path, content_type: str) -> str:
        self._ask("deliver")
        return super().deliver(lease, bucket, path, content_type)

    def _ask(self, what: str) -> None:
        if what == self._refuses:
            raise WorkerRefused("The worker token is wrong.")


def order_with_picture(workshop: Workshop) -> Job:
    key = f"videos-preview/{workshop.me.user_id}/{uuid4()}/a1/chosen.png"
    workshop.media.put(key, write(workshop.folder / "a.png", PNG), "image/png")
    return workshop.order("steps=1x0", image_key=key)


@pytest.mark.parametrize("refused", ["fetch", "deliver"])
def test_a_worker_with_a_wrong_token_hands_its_job_back_and_stops(
    workshop: Workshop, refused: str
) -> None:
    job = order_with_picture(workshop)
    worker = Worker(
        workshop.queue, workshop.live, Door(workshop, refused), workshop.policy, workshop.settings,
        runner=workshop.runner,
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        try:
            with pytest.raises(WorkerRefused, match="token is wrong"):
                pool.submit(worker.run).result(PATIENCE_S)
        finally:
            worker.stop()
    now = workshop.job(job)
    assert (now.state, now.attempts, now.error) == ("queued", 0, None)
    assert workshop.house.scalar("select count(*) from public.workers") == 0
    with workshop.working():
        assert workshop.ended(job).state == "succeeded"
    assert workshop.credits == 49


def test_a_worker_that_is_not_let_in_stops_before_it_touches_a_job(workshop: Workshop) -> None:
    job = workshop.order("steps=1x0")
    worker = Worker(
        workshop.queue, workshop.live, Door(workshop, "knock"), workshop.policy, workshop.settings,
        runner=workshop.runner,
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        try:
            with pytest.raises(WorkerRefused, match="token is wrong"):
                pool.submit(worker.run).result(PATIENCE_S)
        finally:
            worker.stop()
    assert (workshop.job(job).state, workshop.job(job).started_at) == ("queued", None)
    assert workshop.house.scalar("select count(*) from public.workers") == 0


class Away(FragileCourier):
    """A courier whose app is away with its storage."""

    def knock(self) -> None:
        self._refuse()


def test_an_app_that_is_away_costs_one_attempt_and_not_one_of_every_job(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.worker.attempt._STORAGE_PAUSES_S", (0.05,))
    workshop.storage_switch.parent.mkdir(exist_ok=True)
    courier = Away(DirectCourier(workshop.media), workshop.storage_switch)
    worker = Worker(
        workshop.queue, workshop.live, courier, workshop.policy, workshop.settings,
        runner=workshop.runner,
    )  # fmt: skip
    with workshop.working(worker):
        workshop.ended(workshop.order("steps=1x0"))
        workshop.storage_switch.touch()
        first, second = workshop.order("steps=1x0"), workshop.order("steps=1x0")
        workshop.wait_for(lambda: workshop.job(first).error)
        time.sleep(1)
        assert workshop.job(second).started_at is None, "nothing of it could be delivered"
        workshop.storage_switch.unlink()
        assert workshop.ended(second).attempts == 1
        workshop.house.end_pauses()
        assert workshop.ended(first).attempts == 2


def test_a_storage_that_refuses_for_a_moment_costs_no_attempt(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.worker.attempt._STORAGE_PAUSES_S", (0.2,) * 30)
    with workshop.working():
        workshop.storage_switch.parent.mkdir(exist_ok=True)
        workshop.storage_switch.touch()
        job = workshop.order("steps=1x0")
        workshop.wait_for(lambda: workshop.starts(job))
        time.sleep(1)
        assert workshop.job(job).state == "running"
        workshop.storage_switch.unlink()
        assert workshop.ended(job).attempts == 1


def test_a_storage_that_goes_on_refusing_costs_attempts_and_never_credits(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.worker.attempt._STORAGE_PAUSES_S", (0.05,))
    workshop.storage_switch.parent.mkdir(exist_ok=True)
    workshop.storage_switch.touch()
    with workshop.working():
        job = workshop.order("steps=1x0")
        while workshop.until(job, "queued", "failed").state == "queued":
            workshop.house.end_pauses()
            time.sleep(0.1)
    failed = workshop.job(job)
    assert (failed.attempts, failed.error_family) == (3, "Unavailable")
    assert failed.error == "storage: refuses now; try again in a minute"
    assert workshop.credits == 50


def test_a_disk_that_can_not_be_used_is_named_to_the_operator_alone(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    job = workshop.order("steps=1x0")
    taken = workshop.settings.scratch_dir / str(job.id)
    taken.touch()
    with workshop.working():
        workshop.wait_for(lambda: workshop.job(job).error)
        assert workshop.job(job).error == DISK
        assert str(taken) in caplog.text
        taken.unlink()
        workshop.house.end_pauses()
        assert workshop.ended(job).state == "succeeded"


def test_a_full_disk_is_tried_again_later(workshop: Workshop) -> None:
    full = workshop.settings.scratch_dir / "full"
    full.touch()
    with workshop.working():
        job = workshop.order("steps=1x0")
        workshop.wait_for(lambda: workshop.job(job).error)
        assert workshop.job(job).error_family == "Unavailable"
        assert workshop.job(job).error == DISK
        full.unlink()
        workshop.house.end_pauses()
        assert workshop.ended(job).state == "succeeded"


def test_without_room_no_job_is_taken_and_the_log_says_why(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ourvidz.worker.folders.NEEDED_BYTES", 2**62)
    job = workshop.order("steps=1x0")
    with workshop.working():
        workshop.wait_for(lambda: workshop.house.scalar("select count(*) from public.workers"))
        time.sleep(1)
        assert workshop.job(job).attempts == 0, "another worker may have room"
        assert "MB free; no job is taken" in caplog.text
        monkeypatch.setattr("ourvidz.worker.folders.NEEDED_BYTES", 1)
        assert workshop.ended(job).state == "succeeded"


def test_without_redis_jobs_are_found_run_and_cancelled(workshop: Workshop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        workshop.live = RedisLive(f"redis://127.0.0.1:{taken.getsockname()[1]}")
        with workshop.working():
            assert workshop.ended(workshop.order("frame steps=5x0.1")).state == "succeeded"
            job = workshop.order("steps=600x0.1")
            workshop.wait_for(lambda: workshop.starts(job))
            workshop.house.records.cancel(workshop.me, job.id)
            assert workshop.ended(job).state == "cancelled"
        workshop.live.close()


@contextmanager
def database_away(workshop: Workshop, postgres: Cluster) -> Iterator[None]:
    """The worker's connections break and none can be made; the test's own goes on."""
    name = str(workshop.house.scalar("select current_database()"))
    with closing(psycopg.connect(postgres.url(SUPERUSER), autocommit=True)) as root:
        root.execute("alter role ourvidz_worker nologin")
        root.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = %s and usename = 'ourvidz_worker'",
            (name,),
        )
        try:
            yield
        finally:
            root.execute("alter role ourvidz_worker login")


def test_a_job_goes_on_while_the_database_is_away_for_a_moment(
    workshop: Workshop, postgres: Cluster
) -> None:
    with workshop.working():
        job = workshop.order("steps=40x0.1")
        workshop.wait_for(lambda: workshop.starts(job))
        with database_away(workshop, postgres):
            time.sleep(2)  # of a lease of six seconds
        assert workshop.ended(job).state == "succeeded"
    assert workshop.starts(job) == [1]


def test_a_result_waits_for_the_database_to_come_back(
    workshop: Workshop, postgres: Cluster
) -> None:
    with workshop.working():
        job = workshop.order("steps=4x0.1")
        workshop.wait_for(lambda: workshop.starts(job))
        with database_away(workshop, postgres):
            workshop.wait_for(lambda: len(workshop.files(job)) == 2)
            time.sleep(1)
        assert workshop.ended(job).state == "succeeded"
    assert workshop.starts(job) == [1]


def test_the_child_is_ended_before_a_lease_that_can_not_be_kept_runs_out(
    workshop: Workshop, postgres: Cluster
) -> None:
    with workshop.working():
        job = workshop.order("sleep=600@1")
        workshop.wait_for(lambda: workshop.starts(job))
        (pid,) = workshop.pids(job)
        with database_away(workshop, postgres):
            began = time.monotonic()
            workshop.wait_for(lambda: not Path(f"/proc/{pid}").exists())
            assert time.monotonic() - began < workshop.settings.lease_s
            assert workshop.job(job).state == "running", "nobody has taken it back yet"
        assert workshop.ended(job).state == "succeeded"
    assert workshop.starts(job) == [1, 2]
    assert {name.split("/")[3] for name in workshop.files(job)} == {"a2"}


def test_a_worker_that_can_not_reach_the_database_waits_for_it(
    workshop: Workshop, postgres: Cluster
) -> None:
    with database_away(workshop, postgres):
        worker = workshop.worker()
        with workshop.working(worker):
            workshop.wait_for(lambda: worker._troubles)  # pyright: ignore[reportPrivateUsage]
            job = workshop.order("steps=1x0")
            with closing(psycopg.connect(postgres.url(SUPERUSER), autocommit=True)) as root:
                root.execute("alter role ourvidz_worker login")
            assert workshop.ended(job).state == "succeeded"
