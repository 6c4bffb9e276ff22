"""Other takes, chained shots, and what goes with a film that is deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ourvidz.domain.errors import NotAllowed
from tests.backends.postgres.film_house import (
    WORKER,
    claimed,
    deliver,
    fail,
    ledger,
    make_clips,
    new_film,
    order_film,
    states,
    takes,
)
from tests.backends.postgres.house import House


@pytest.fixture(autouse=True)
def empty_line(house: House) -> None:
    house.root.execute("delete from public.jobs")


def test_another_take_is_a_clip_of_its_own_and_only_then_the_film_is_joined_anew(
    house: House,
) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 3)
    make_clips(house, 3)
    deliver(house, claimed(house))
    before = house.records.film_video(me, film.id)
    assert before is not None
    params = {"prompt": "shot 1", "num_frames": 80, "seed": 99}
    with ThreadPoolExecutor(4) as clicks:
        redo = list(
            clicks.map(lambda _: house.records.redo_shot(me, film.id, "a/1", params), range(4))
        )
    assert len({job.id for job in redo}) == 1
    assert ledger(house, me)[2:] == [("reserve", -1)]
    deliver(house, claimed(house))
    assert ledger(house, me)[2:] == [("reserve", -1), ("settle", 0)]
    join = claimed(house)
    deliver(house, join)
    after = house.records.film_video(me, film.id)
    assert after is not None
    assert after.media_key != before.media_key
    assert house.records.storyboard(me, redo[0].storyboard_id or film.id).retakes == {"a/1": 99}
    # What was replaced goes the way of deleted videos, and leaves the library.
    assert [video.id for video in house.records.videos(me)] == [after.id]
    old = {str(row[0]) for row in house.root.execute(
        "select media_key from public.videos where deleted_at is not null and user_id = %s",
        (me.user_id,))}  # fmt: skip
    assert before.media_key in old
    assert len(old) == 2
    assert house.queue.claim(WORKER, 60) is None


def test_a_take_that_fails_is_paid_back_and_changes_nothing(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 2)
    make_clips(house, 2)
    deliver(house, claimed(house))
    house.records.redo_shot(me, film.id, "a/0", {"prompt": "x", "num_frames": 80})
    fail(house, claimed(house))
    assert ledger(house, me)[2:] == [("reserve", -1), ("refund", 1)]
    assert house.queue.claim(WORKER, 60) is None
    assert [take.media_key is not None for take in takes(house, me, film)] == [True, False, True]


def test_chained_shots_wait_for_the_one_before(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 3, chained=True)
    assert states(house, me, film) == "qww"
    first = claimed(house)
    assert house.queue.claim(WORKER, 60) is None
    deliver(house, first)
    second = claimed(house)
    assert second.job.params["clip_key"] == takes(house, me, film)[0].media_key
    fail(house, second)
    assert states(house, me, film) == "sff"
    house.records.retry_film(me, film.id)
    assert states(house, me, film) == "sqw"
    make_clips(house, 2)
    deliver(house, claimed(house))
    assert house.records.job(me, film.id).state == "succeeded"
    with pytest.raises(NotAllowed, match="go on from each other"):
        house.records.redo_shot(me, film.id, "a/1", {"prompt": "x", "num_frames": 80})


def test_a_chain_is_taken_over_as_far_as_it_is_the_same(house: House) -> None:
    me = house.person(credits=20)
    board = house.records.create_storyboard(me, {"title": "Sea"})
    film = house.records.enqueue_film(me, new_film(board.id, 4, chained=True))
    make_clips(house, 2)
    house.records.cancel(me, film.id)
    film = house.records.enqueue_film(me, new_film(board.id, 4, chained=True))
    assert states(house, me, film) == "ssqw"
    third = claimed(house)
    assert third.job.params["clip_key"] == takes(house, me, film)[1].media_key


def test_who_deletes_a_film_deletes_its_clips_and_may_have_them_back(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 2)
    make_clips(house, 2)
    deliver(house, claimed(house))
    (video,) = house.records.videos(me)
    living = "select count(*) from public.videos where user_id = %s and deleted_at is null"
    assert house.scalar(living, me.user_id) == 3
    house.records.delete_video(me, video.id)
    assert house.scalar(living, me.user_id) == 0
    house.records.delete_video(me, video.id, undo=True)
    assert house.scalar(living, me.user_id) == 3
    board = house.records.job(me, film.id).storyboard_id
    assert board is not None
    house.records.delete_storyboard(me, board)
    assert house.scalar(living, me.user_id) == 1
    house.root.execute("update public.videos set deleted_at = now() - interval '2 h'"
                       " where deleted_at is not null")  # fmt: skip
    for gone in house.office.expired_videos():
        house.office.forget_video(gone.id)
    assert house.scalar("select count(*) from public.videos where user_id = %s", me.user_id) == 1


def test_a_film_whose_workers_die_goes_on_in_others(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 3)
    lost = [claimed(house) for _ in range(3)]
    house.expire_leases()
    assert house.queue.reap() == 3
    assert not deliver(house, lost[0])
    assert {lease.attempt for lease in make_clips(house, 3)} == {2}
    join = claimed(house)
    house.expire_leases()
    house.queue.reap()
    assert not deliver(house, join)
    assert deliver(house, claimed(house))
    assert house.records.job(me, film.id).state == "succeeded"
    assert ledger(house, me) == [("reserve", -2), ("settle", 0)]


def test_a_take_that_was_paid_comes_back_when_its_film_is_cancelled(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 2)
    make_clips(house, 2)
    params = {"prompt": "shot 1", "num_frames": 80, "seed": 99}
    redo = house.records.redo_shot(me, film.id, "a/1", params)
    assert redo.cost == 1
    house.records.cancel(me, film.id)
    assert ("refund", 1) in ledger(house, me)
    assert house.records.job(me, redo.id).state == "cancelled"
