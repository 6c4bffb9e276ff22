"""Deliveries and orders of one person never wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import psycopg
import pytest

from tests.backends.postgres.film_house import claimed, deliver, make_clips, order_film
from tests.backends.postgres.house import House


@pytest.fixture
def other(house: House) -> Iterator[psycopg.Connection]:
    """Someone who has begun a transaction at the same time."""
    house.root.execute("delete from public.jobs")
    info = house.root.info
    with psycopg.connect(info.dsn, password=info.password) as connection:
        yield connection


def wait_until_it_waits(house: House) -> None:
    until = monotonic() + 60
    while not house.scalar("select 1 from pg_locks where not granted limit 1"):
        assert monotonic() < until, "it waits for nobody"
        sleep(0.02)


def test_a_take_is_delivered_while_its_film_is_ordered(
    house: House, other: psycopg.Connection
) -> None:
    me = house.person(credits=10)
    film = order_film(house, me, 1)
    make_clips(house, 1)
    deliver(house, claimed(house))
    house.records.redo_shot(me, film.id, "a/0", {"prompt": "x", "num_frames": 80, "seed": 9})
    take = claimed(house)
    # As enqueue_film does: the account, then the storyboard.
    other.execute("select 1 from public.users where id = %s for update", (me.user_id,))
    with ThreadPoolExecutor(1) as pool:
        delivered = pool.submit(deliver, house, take)
        wait_until_it_waits(house)
        board = "select 1 from public.storyboards where id = %s for update nowait"
        other.execute(board, (film.storyboard_id,))
        other.commit()
        assert delivered.result(60)
    assert film.storyboard_id is not None
    assert house.records.storyboard(me, film.storyboard_id).retakes == {"a/0": 9}


def test_two_clips_of_one_person_are_delivered_at_once(
    house: House, other: psycopg.Connection
) -> None:
    me = house.person(credits=1)
    house.order(me)
    clip = claimed(house)
    # As another delivery does: the video refers to the account, then the balance is settled.
    other.execute("select 1 from public.users where id = %s for key share", (me.user_id,))
    with ThreadPoolExecutor(1) as pool:
        delivered = pool.submit(deliver, house, clip)
        wait_until_it_waits(house)
        other.execute("select 1 from public.users where id = %s for update nowait", (me.user_id,))
        other.commit()
        assert delivered.result(60)
