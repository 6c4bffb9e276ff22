"""What was delivered of a film: it is paid once, and what is tried again goes on from it."""

from __future__ import annotations

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.job import Job
from tests.backends.postgres.film_house import (
    claimed,
    deliver,
    fail,
    ledger,
    make_clips,
    order_film,
    states,
    takes,
)
from tests.backends.postgres.house import House

ANEW = {"prompt": "anew", "num_frames": 80, "seed": 99}


@pytest.fixture(autouse=True)
def empty_line(house: House) -> None:
    house.root.execute("delete from public.jobs")


def hide_clips(house: House, me: Identity) -> None:
    """As a person's own token may do it, around the app."""
    with house.app.transaction(me.claims) as own:
        own.execute("update public.videos set deleted_at = now() where deleted_at is null")


def broken_join(house: House) -> None:
    lease = claimed(house)
    assert lease.job.kind == "stitch"
    house.queue.finish(lease, "failed", error="clip: is none", error_family="InvalidRequest")


class TestTakes:
    def test_a_clip_that_its_owner_hides_is_made_anew_for_its_price(self, house: House) -> None:
        me = house.person(credits=10)
        film = order_film(house, me, 2)
        make_clips(house, 1)
        held = claimed(house)
        for _ in range(2):
            hide_clips(house, me)
            redo = house.records.redo_shot(me, film.id, "a/0", ANEW)
            assert redo.cost == 1
            make_clips(house, 1)
        assert deliver(house, held)
        assert ledger(house, me)[1:] == [("reserve", -1), ("settle", 0)] * 2

    def test_a_take_that_was_paid_back_does_not_come_for_nothing_beside_a_hidden_clip(
        self, house: House
    ) -> None:
        me = house.person(credits=10)
        film = order_film(house, me, 2)
        make_clips(house, 1)
        redo = house.records.redo_shot(me, film.id, "a/0", ANEW)
        house.records.cancel(me, redo.id)
        hide_clips(house, me)
        house.records.retry_film(me, film.id)
        assert house.records.job(me, redo.id).state == "cancelled"

    def test_what_was_never_delivered_is_part_of_the_price(self, house: House) -> None:
        me = house.person(credits=10)
        film = order_film(house, me, 2)
        fail(house, claimed(house))
        assert house.records.redo_shot(me, film.id, "a/0", ANEW).cost == 0

    def test_a_clip_that_can_not_be_joined_is_replaced_once(self, house: House) -> None:
        me = house.person(credits=10)
        film = order_film(house, me, 2)
        make_clips(house, 2)
        broken_join(house)
        assert house.records.redo_shot(me, film.id, "a/0", ANEW).cost == 0
        make_clips(house, 1)
        assert house.records.redo_shot(me, film.id, "a/0", ANEW).cost == 1
        assert house.records.redo_shot(me, film.id, "a/1", ANEW).cost == 0


class TestChains:
    @pytest.fixture
    def me(self, house: House) -> Identity:
        return house.person(credits=10)

    @pytest.fixture
    def film(self, house: House, me: Identity) -> Job:
        return order_film(house, me, 3, chained=True)

    def test_a_shot_that_was_cancelled_while_it_waited_goes_on_from_the_one_before(
        self, house: House, me: Identity, film: Job
    ) -> None:
        first = claimed(house)
        house.records.cancel(me, takes(house, me, film)[1].job_id)
        assert deliver(house, first)
        assert states(house, me, film) == "scf"
        house.records.retry_film(me, film.id)
        assert states(house, me, film) == "sqw"
        for place in (1, 2):
            lease = claimed(house)
            assert lease.job.params["clip_key"] == takes(house, me, film)[place - 1].media_key
            assert deliver(house, lease)

    def test_it_waits_for_the_one_before_that_is_being_made(
        self, house: House, me: Identity, film: Job
    ) -> None:
        house.records.cancel(me, takes(house, me, film)[1].job_id)
        house.records.retry_film(me, film.id)
        assert states(house, me, film) == "qww"
        assert deliver(house, claimed(house))
        second = claimed(house)
        assert second.job.params["clip_key"] == takes(house, me, film)[0].media_key

    def test_without_the_clip_before_there_is_nothing_to_go_on_from(
        self, house: House, me: Identity, film: Job
    ) -> None:
        make_clips(house, 1)
        fail(house, claimed(house))
        house.root.execute("delete from public.videos where user_id = %s", (me.user_id,))
        with pytest.raises(NotAllowed, match="not kept any more"):
            house.records.retry_film(me, film.id)
        assert states(house, me, film) == "sff"
