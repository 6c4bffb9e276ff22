"""What happens a second time: a film's money, a folder, pictures that are gone, locks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import psycopg
import pytest

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.film_orders import stills_params
from ourvidz.domain.job import Job
from ourvidz.domain.request import VideoRequest
from ourvidz.domain.storyboard import StillOrder
from tests.backends.postgres.film_house import (
    claimed,
    fail,
    ledger,
    make_clips,
    new_film,
    order_film,
)
from tests.backends.postgres.house import House, delivery

ANEW = {"prompt": "anew", "num_frames": 80, "seed": 5}


@pytest.fixture(autouse=True)
def empty_line(house: House) -> None:
    house.root.execute("delete from public.jobs")


def ended_long_ago(house: House, job: Job, age: str = "4 hours") -> None:
    house.root.execute(
        "update public.jobs set finished_at = now() - %s::interval where id = %s", (age, job.id)
    )


def still(house: House, job: Job) -> str:
    """A preview job succeeds; the key of its only picture."""
    lease = claimed(house)
    assert lease.job.id == job.id
    key = f"videos-preview/{lease.folder}/still.png"
    house.queue.finish(lease, "succeeded", result={"stills": [{"key": key, "seed": 1}]})
    return key


def test_a_take_that_was_paid_back_is_tried_again_for_nothing_and_never_paid_back_twice(
    house: House,
) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 2)
    make_clips(house, 1)
    redo = house.records.redo_shot(me, film.id, "a/0", ANEW)
    fail(house, claimed(house))
    fail(house, claimed(house))
    assert ledger(house, me)[1:] == [("reserve", -1), ("refund", 1)]
    # The clip that was there expires, so the shot has none any more.
    house.root.execute("delete from public.videos where user_id = %s", (me.user_id,))
    house.root.execute("update public.jobs set finished_at = finished_at - interval '31 days'"
                       " where state = 'succeeded'")  # fmt: skip
    house.records.retry_film(me, film.id)
    assert house.records.job(me, redo.id).state == "queued"
    for lease in (claimed(house), claimed(house)):
        assert fail(house, lease)
    house.records.retry_film(me, film.id)
    house.records.cancel(me, film.id)
    assert [entry for entry, _ in ledger(house, me)].count("refund") == 2, "the film's own"


def test_a_clip_that_its_owner_hides_has_been_delivered_all_the_same(house: House) -> None:
    me = house.person(credits=20)
    board = house.records.create_storyboard(me, {"title": "Sea"}).id
    film = house.records.enqueue_film(me, new_film(board, 12))
    make_clips(house, 11)
    hide = "update public.videos set deleted_at = %s where user_id = %s"
    with house.app.transaction(me.claims) as own:
        own.execute(hide, ("2026-01-01", me.user_id))
    house.records.cancel(me, film.id)
    back = dict(ledger(house, me))["refund"]
    assert (film.cost, back) == (5, 1), "one shot of twelve was not delivered"


@pytest.mark.parametrize("ends", ["succeeded", "cancelled"])
def test_what_was_handed_back_is_looked_through_when_it_has_ended(house: House, ends: str) -> None:
    me = house.person(credits=1)
    job = house.order(me)
    house.queue.release(claimed(house))
    if ends == "succeeded":
        lease = claimed(house)
        assert lease.attempt == 1, "the same folder"
        house.queue.finish(lease, "succeeded", result=delivery(job))
    else:
        house.records.cancel(me, job.id)
    assert house.office.leftovers() == []
    ended_long_ago(house, job)
    assert [one.id for one in house.office.leftovers()] == [job.id]
    house.office.tidied(job.id, gone=ends == "cancelled")
    assert house.office.leftovers() == []


def test_a_job_that_is_tried_again_is_not_noted_as_tidied(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 1)
    lost = claimed(house)
    fail(house, lost)
    house.records.retry_film(me, film.id)
    house.office.tidied(lost.job.id, gone=True)
    assert house.scalar("select files from public.jobs where id = %s", lost.job.id) == "kept"


@pytest.mark.parametrize("step", ["preview", "render", "done"])
def test_a_project_whose_pictures_are_gone_offers_none(house: House, step: str) -> None:
    me = house.person()
    project = house.records.create_project(me, {"prompt": "a cat"})
    job = house.order(me, "preview", project_id=project.id)
    key = still(house, job)
    chosen = {"preview_job_id": job.id, "image_key": key, "image_seed": 1, "step": step}
    house.records.change_project(me, project.id, chosen)
    house.office.tidied(job.id, gone=True)
    found = house.records.project(me, project.id)
    assert (found.preview_job_id, found.image_key, found.image_seed) == (None, None, None)
    assert found.step == ("done" if step == "done" else "prompt")


def test_a_chosen_picture_stays_when_others_go(house: House) -> None:
    me = house.person()
    project = house.records.create_project(me, {"prompt": "a cat"})
    old, new = (house.order(me, "preview", project_id=project.id) for _ in range(2))
    still(house, old)
    key = still(house, new)
    chosen = {"preview_job_id": new.id, "image_key": key, "image_seed": 1, "step": "render"}
    house.records.change_project(me, project.id, chosen)
    house.office.tidied(old.id, gone=True)
    found = house.records.project(me, project.id)
    assert (found.preview_job_id, found.image_key, found.step) == (new.id, key, "render")


def test_cancelling_a_picture_waits_for_its_end_and_not_the_other_way_round(house: House) -> None:
    me = house.person()
    board = house.records.create_storyboard(me, {"title": "Sea"}).id
    request = VideoRequest(prompt="the sea", num_frames=1)
    orders = [
        StillOrder(params=stills_params(request, [(key, 1)], recipe="r"), after=after)
        for key, after in (("a/0", None), ("a/1", 0))
    ]
    first, second = house.records.order_stills(me, board, "starter", orders)
    assert claimed(house).job.id == first.id
    with psycopg.connect(house.root.info.dsn, password=house.root.info.password) as ending:
        # As finish_job does: the picture, then those that wait for it.
        lock = "select 1 from public.jobs where id = %s for update"
        ending.execute(lock, (first.id,))
        with ThreadPoolExecutor(1) as pool:
            cancelled = pool.submit(house.records.cancel, me, first.id)
            until = monotonic() + 60
            while not house.scalar("select 1 from pg_locks where not granted limit 1"):
                assert monotonic() < until, "it waits for nobody"
                sleep(0.02)
            ending.execute(f"{lock} nowait".encode(), (second.id,))
            ending.commit()
            assert cancelled.result(60).cancel_requested


def test_who_vanishes_between_two_statements_holds_no_lock_for_hours(house: House) -> None:
    me = house.person()
    doors = (lambda: house.app.transaction(me.claims), house.worker.plain)
    for door in doors:
        with door() as connection:
            shown = connection.execute("show idle_in_transaction_session_timeout").fetchone()
            assert shown == ("15s",)
        # A process that slept so long hears that the database was away, and goes on.
        with pytest.raises(Unavailable), door() as connection:
            connection.execute("set local idle_in_transaction_session_timeout = '100ms'")
            sleep(0.5)
            connection.execute("select 1")
        with door() as connection:
            connection.execute("select 1")
