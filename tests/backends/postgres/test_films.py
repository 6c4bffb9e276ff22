"""A film is paid once, made clip by clip, and joined when it is whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed, NotEnoughCredits
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


def test_a_film_is_paid_once_and_joined_when_all_its_clips_are_there(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 3)
    assert (film.kind, film.state, film.cost) == ("film", "waiting", 2)
    assert ledger(house, me) == [("reserve", -2)]
    clips = make_clips(house, 3)
    assert [one.job.params["prompt"] for one in clips] == ["shot 0", "shot 1", "shot 2"]
    join = claimed(house)
    assert join.job.kind == "stitch"
    assert join.job.params["clip_keys"] == [take.media_key for take in takes(house, me, film)]
    assert join.job.params["thumbnail_key"] == takes(house, me, film)[0].thumbnail_key
    assert house.records.job(me, film.id).state == "waiting"
    assert deliver(house, join)
    assert house.records.job(me, film.id).state == "succeeded"
    assert ledger(house, me) == [("reserve", -2), ("settle", 0)]
    (video,) = house.records.videos(me)
    assert (video.job_id, video.cost, video.title) == (film.id, 2, "Sea")
    assert house.queue.claim(WORKER, 60) is None


def test_nobody_can_claim_the_film_itself_or_join_it_early(house: House) -> None:
    me = house.person(credits=10)
    order_film(house, me, 2)
    first, second = claimed(house), claimed(house)
    assert house.queue.claim(WORKER, 60) is None
    deliver(house, second)
    assert house.queue.claim(WORKER, 60) is None
    deliver(house, first)
    assert claimed(house).job.kind == "stitch"


def test_two_last_clips_at_the_same_moment_are_joined_once(house: House) -> None:
    me = house.person(credits=20)
    for _ in range(5):
        film = order_film(house, me, 4)
        leases = [claimed(house) for _ in range(4)]
        with ThreadPoolExecutor(4) as workers:
            assert all(workers.map(lambda lease: deliver(house, lease), leases))
        assert len(house.records.stitches(me, film.id)) == 1
        assert deliver(house, claimed(house))


def test_cancelling_keeps_finished_clips_and_pays_the_rest_back(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 12)  # a minute: 5 credits
    make_clips(house, 6)
    running = claimed(house)
    for _ in range(2):
        assert house.records.cancel(me, film.id).state == "cancelled"
    assert ledger(house, me) == [("reserve", -5), ("settle", 0), ("refund", 3)]
    assert house.queue.heartbeat(running, 60, 0.5, "denoise", None) == "cancel"
    assert house.queue.finish(running, "cancelled")
    assert states(house, me, film) == "ssssss" + "c" * 6
    assert house.queue.claim(WORKER, 60) is None
    assert sum(take.media_key is not None for take in takes(house, me, film)) == 6


def test_a_film_cancelled_before_its_first_clip_costs_nothing(house: House) -> None:
    me = house.person(credits=2)
    film = order_film(house, me, 3)
    house.records.cancel(me, film.id)
    assert ledger(house, me) == [("reserve", -2), ("refund", 2)]


def test_going_on_after_a_cancel_costs_what_was_paid_back(house: House) -> None:
    me = house.person(credits=50)
    board = house.records.create_storyboard(me, {"title": "Sea"})
    for done in (1, 2, 3):
        film = house.records.enqueue_film(me, new_film(board.id, 12))
        make_clips(house, done)
        house.records.cancel(me, film.id)
    film = house.records.enqueue_film(me, new_film(board.id, 12))
    assert states(house, me, film) == "s" * 6 + "q" * 6
    make_clips(house, 6)
    deliver(house, claimed(house))
    assert house.records.job(me, film.id).state == "succeeded"
    assert sum(amount for _, amount in ledger(house, me)) == -5


def test_only_what_changed_is_made_and_paid_again(house: House) -> None:
    me = house.person(credits=10)
    board = house.records.create_storyboard(me, {"title": "Sea"})
    house.records.enqueue_film(me, new_film(board.id, 6))
    make_clips(house, 6)
    deliver(house, claimed(house))
    other = new_film(board.id, 6)
    changed = replace(other.shots[2], params={**other.shots[2].params, "prompt": "another sea"})
    other = replace(other, shots=(*other.shots[:2], *other.shots[3:], changed))
    price = house.records.film_price(me, other)
    assert (price.price, price.credits, price.missing) == (3, 1, 1)
    film = house.records.enqueue_film(me, other)
    assert film.cost == 1
    assert states(house, me, film) == "sssssq"
    make_clips(house, 1)
    join = claimed(house)
    keys = [take.media_key for take in takes(house, me, film)]
    assert join.job.params["clip_keys"] == keys


def test_a_failed_clip_leaves_the_others_and_waits_for_its_owner(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 3)
    fail(house, claimed(house))
    make_clips(house, 2)
    now = house.records.job(me, film.id)
    assert now.state == "waiting"
    assert "1 of 3 shots could not be made" in (now.error or "")
    assert house.queue.claim(WORKER, 60) is None
    assert house.records.retry_film(me, film.id).error is None
    assert states(house, me, film) == "qss"
    make_clips(house, 1)
    deliver(house, claimed(house))
    assert house.records.job(me, film.id).state == "succeeded"
    assert ledger(house, me) == [("reserve", -2), ("settle", 0)]


def test_a_part_can_be_taken_and_the_rest_is_paid_back(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 3)
    make_clips(house, 1)
    fail(house, claimed(house))
    with pytest.raises(NotAllowed, match="waits for you"):
        house.records.take_film(me, film.id)
    make_clips(house, 1)
    house.records.take_film(me, film.id)
    join = claimed(house)
    assert join.job.params["places"] == [0, 2]
    deliver(house, join)
    assert house.records.job(me, film.id).state == "succeeded"
    assert ledger(house, me) == [("reserve", -2), ("settle", 0), ("refund", 1)]


def test_a_join_that_failed_is_tried_again(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 2)
    make_clips(house, 2)
    fail(house, claimed(house))
    assert house.queue.claim(WORKER, 60) is None
    house.records.retry_film(me, film.id)
    deliver(house, claimed(house))
    assert house.records.job(me, film.id).state == "succeeded"


def test_a_double_click_orders_and_charges_once(house: House) -> None:
    me = house.person(credits=10)
    board = house.records.create_storyboard(me, {"title": "Sea"})
    with ThreadPoolExecutor(4) as clicks:
        films = set(
            clicks.map(lambda _: house.records.enqueue_film(me, new_film(board.id, 3)).id, range(4))
        )
    assert len(films) == 1
    assert ledger(house, me) == [("reserve", -2)]


def test_credits_can_not_run_out_in_the_middle(house: House) -> None:
    me = house.person(credits=2)
    film = order_film(house, me, 3)
    with pytest.raises(NotEnoughCredits):
        house.order(me)
    with pytest.raises(NotEnoughCredits):
        house.office.add_credits(me.user_id, -1, "taken back", str(film.id))
    make_clips(house, 3)
    deliver(house, claimed(house))
    assert house.records.account(me).credits == 0
    with pytest.raises(NotEnoughCredits):
        order_film(house, me, 1)


@pytest.mark.parametrize("shots", [0, 361])
def test_a_film_has_1_to_360_shots(house: House, shots: int) -> None:
    me = house.person(credits=200)
    with pytest.raises(InvalidRequest):
        order_film(house, me, shots)
    assert ledger(house, me) == []


def test_thirty_minutes_cost_what_the_list_says(house: House) -> None:
    me = house.person(credits=100)
    assert order_film(house, me, 360).cost == 100


def test_others_take_turns_with_a_film_of_thirty_minutes(house: House) -> None:
    ann, bob = house.person(credits=100), house.person(credits=1)
    order_film(house, ann, 360)
    for _ in range(5):
        claimed(house)
    theirs = house.order(bob)
    assert theirs.id in {claimed(house).job.id for _ in range(2)}


def test_a_strangers_film_does_not_exist(house: House) -> None:
    me, mallory = house.person(credits=10), house.person(credits=10)
    film = order_film(house, me, 2)
    board = film.storyboard_id
    assert board is not None
    records = house.records
    for call in (
        lambda: records.storyboard(mallory, board),
        lambda: records.change_storyboard(mallory, board, {"title": "mine"}),
        lambda: records.delete_storyboard(mallory, board),
        lambda: records.enqueue_film(mallory, new_film(board, 2)),
        lambda: records.order_stills(mallory, board, "starter", []),
        lambda: records.retry_film(mallory, film.id),
        lambda: records.take_film(mallory, film.id),
        lambda: records.redo_shot(mallory, film.id, "a/0", {"num_frames": 80}),
        lambda: records.cancel(mallory, film.id),
    ):
        with pytest.raises(NotAllowed):
            call()
    assert records.takes(mallory, film.id) == []
    assert records.pictures(mallory, board) == []
    assert ledger(house, mallory) == []
    assert states(house, me, film) == "qq"


def test_a_film_about_which_nobody_decides_ends_after_two_weeks(house: House) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 3)
    make_clips(house, 2)
    fail(house, claimed(house))
    house.queue.reap()
    assert house.records.job(me, film.id).state == "waiting"
    house.root.execute(
        "update public.jobs set created_at = created_at - interval '15 days',"
        " finished_at = finished_at - interval '15 days'"
    )
    house.queue.reap()
    now = house.records.job(me, film.id)
    assert (now.state, ledger(house, me)[1:]) == ("failed", [("settle", 0), ("refund", 1)])
    assert "paid back" in (now.error or "")


def test_an_admin_leaves_trying_again_to_the_films_owner(house: House) -> None:
    me, admin = house.person(credits=10), house.person()
    house.office.set_role(admin.user_id, "admin")
    film = order_film(house, me, 1)
    lease = claimed(house)
    fail(house, lease)
    with pytest.raises(NotAllowed, match="part of a film"):
        house.office.retry(admin.user_id, lease.job.id)
    assert states(house, me, film) == "f"
