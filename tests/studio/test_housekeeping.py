"""What the app does by itself, whatever the clocks say and whatever happens meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import psycopg
import pytest

from benchmarks.fleet import AllowAll
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.postgres.administration import PostgresAdministration
from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.redis import RedisLive
from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, Lease
from ourvidz.ports import Auth
from ourvidz.studio import film_orders, films, retention
from ourvidz.studio.door import Studio
from tests.backends.postgres.film_house import claimed, deliver, fail, ledger, make_clips, new_film
from tests.backends.postgres.house import House, delivery
from tests.files import JPEG, PNG, write
from tests.servers import SUPERUSER, Cluster
from tests.studio.conftest import identity


@dataclass
class Yard:
    """A house, its files, and a studio over both without sign-in or models."""

    house: House
    media: LocalMedia
    studio: Studio
    folder: Path

    def put(self, lease: Lease, name: str, bucket: str = "videos-final") -> str:
        """A worker uploads a file of its attempt."""
        kinds = {".png": (PNG, "image/png"), ".jpg": (JPEG, "image/jpeg")}
        head, kind = kinds.get(Path(name).suffix, (None, "video/mp4"))
        path = self.folder / name
        source = write(path, head) if head else write(path)
        key = lease.key(bucket, name)
        self.media.put(key, source, kind)
        return key

    def delivered(self, lease: Lease) -> set[str]:
        """The attempt uploads its two files and succeeds; their keys."""
        keys = {self.put(lease, "clip.mp4"), self.put(lease, "clip.jpg")}
        result = delivery(lease.job, lease.attempt)
        assert self.house.queue.finish(lease, "succeeded", result=result)
        return keys

    def aged(self, job: Job, age: timedelta) -> None:
        """It ended so long ago, by the database's clock."""
        self.house.root.execute(
            "update public.jobs set finished_at = now() - %s where id = %s", (age, job.id)
        )

    def files(self, me: Identity) -> set[str]:
        folders = (f"{bucket}/{me.user_id}/" for bucket in ("videos-final", "videos-preview"))
        return {key for folder in folders for key in self.media.keys(folder)}


@pytest.fixture
def yard(postgres: Cluster, redis_url: str, tmp_path: Path) -> Iterator[Yard]:
    with postgres.database() as name:
        doors = postgres.endpoints(name, "")
        with (
            closing(Database(doors.database_url)) as app,
            closing(Database(doors.worker_database_url)) as worker,
            closing(RedisLive(redis_url)) as live,
            psycopg.connect(postgres.url(SUPERUSER, name), autocommit=True) as root,
        ):
            house = House(app, worker, root)
            media = LocalMedia(tmp_path / "m", b"only for tests, 32 bytes or more", "http://x")
            studio = Studio(
                records=house.records,
                media=media,
                live=live,
                auth=cast("Auth", None),
                policy=AllowAll(),
                administration=house.office,
            )
            yield Yard(house, media, studio, tmp_path)


def soon(call: Callable[[], int]) -> int:
    """What it returns; a call that never does fails here."""
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(call()), daemon=True)
    thread.start()
    thread.join(30)
    assert answers, "it goes round and round"
    return answers[0]


@pytest.mark.parametrize("behind", [timedelta(seconds=2), timedelta(days=3)])
def test_stills_are_tidied_once_a_round_though_the_clocks_differ(
    yard: Yard, behind: timedelta
) -> None:
    me = yard.house.person()
    lease = None
    for _ in range(2):
        job = yard.house.order(me, "preview")
        lease = claimed(yard.house)
        key = yard.put(lease, "still.png", "videos-preview")
        result = {"stills": [{"key": key, "seed": 1}]}
        yard.house.queue.finish(lease, "succeeded", result=result)
        yard.aged(job, timedelta(days=30, seconds=1))
    now = datetime.now(UTC) - behind
    gone = soon(lambda: retention.tidy(yard.house.office, yard.media, now))
    assert (gone, len(yard.files(me))) == ((2, 0) if behind < timedelta(days=1) else (0, 2))


def test_a_clip_that_is_tried_again_while_the_last_try_is_tidied_keeps_its_files(
    yard: Yard,
) -> None:
    me = yard.house.person(credits=5)
    board = yard.house.records.create_storyboard(me, {"title": "Sea"}).id
    film = yard.house.records.enqueue_film(me, new_film(board, 1))
    lost = claimed(yard.house)
    stray = yard.put(lost, "stray.mp4")
    fail(yard.house, lost)
    yard.aged(lost.job, timedelta(hours=4))
    kept: set[str] = set()

    class Slow(PostgresAdministration):
        """Between its answer and what is done with it a clip is tried again, and delivered."""

        def leftovers(self, limit: int = 100) -> list[Job]:
            found = super().leftovers(limit)
            if not kept:
                yard.house.records.retry_film(me, film.id)
                kept.update(yard.delivered(claimed(yard.house)))
            return found

    retention.tidy(Slow(yard.house.app), yard.media, datetime.now(UTC))
    assert kept <= yard.files(me)
    yard.aged(lost.job, timedelta(hours=4))
    assert retention.tidy(yard.house.office, yard.media, datetime.now(UTC)) == 1
    assert yard.files(me) == kept, stray


def test_what_was_uploaded_before_a_job_was_handed_back_goes(yard: Yard) -> None:
    me = yard.house.person(credits=1)
    job = yard.house.order(me)
    lease = claimed(yard.house)
    yard.put(lease, "half.mp4")
    yard.house.queue.release(lease)
    kept = yard.delivered(claimed(yard.house))
    yard.aged(job, timedelta(hours=4))
    assert retention.tidy(yard.house.office, yard.media, datetime.now(UTC)) == 1
    assert yard.files(me) == kept


def test_a_bug_in_one_round_does_not_end_the_housekeeping(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention, "REAP_EVERY_S", 0.05)
    rounds = threading.Semaphore(0)

    class Broken(PostgresAdministration):
        def reap(self) -> int:
            rounds.release()
            raise ZeroDivisionError("a bug")

    stopped = threading.Event()
    thread = threading.Thread(
        target=retention.keep_house, args=(Broken(yard.house.app), yard.media, stopped)
    )
    thread.start()
    came = [rounds.acquire(timeout=10) for _ in range(3)]
    stopped.set()
    thread.join(10)
    assert all(came)
    assert "ZeroDivisionError" in caplog.text


def test_who_deletes_a_finished_film_is_not_charged_for_the_take_being_made(yard: Yard) -> None:
    someone = yard.house.person(credits=5)
    me = identity(someone.user_id, someone.email)
    board = yard.house.records.create_storyboard(me, {"title": "Sea"}).id
    film = yard.house.records.enqueue_film(me, new_film(board, 2))
    make_clips(yard.house, 2)
    deliver(yard.house, claimed(yard.house))
    assert yard.house.records.job(me, film.id).state == "succeeded"
    takes = [film_orders.redo_shot(me, yard.studio, board, shot) for shot in ("a/0", "a/1")]
    running = claimed(yard.house)
    films.delete_film(me, yard.studio, board)
    assert yard.studio.live.cancel_requested(running.job.id)
    assert yard.house.queue.heartbeat(running, 60, 0.1, None, None) == "cancel"
    yard.house.queue.finish(running, "cancelled")
    assert ledger(yard.house, me)[2:].count(("refund", 1)) == len(takes)
    assert len(yard.house.records.videos(me)) == 1, "what was joined stays"
