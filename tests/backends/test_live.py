"""The contract of `ports.Live`, on a real server, also while it is away and when it is back."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
import redis

from ourvidz.backends.embedded.account import choose_account
from ourvidz.backends.embedded.valkey_server import ValkeyServer
from ourvidz.backends.redis import BELLS_KEPT, RedisLive
from ourvidz.ports import Live
from tests.servers import short_folder


@pytest.fixture
def live(valkey: ValkeyServer) -> Iterator[RedisLive]:
    """Its own prefix: nothing of another test is seen."""
    one = RedisLive(valkey.url, prefix=f"{uuid4()}:")
    yield one
    one.close()


@pytest.fixture
def nobody() -> Iterator[RedisLive]:
    """Where no server has ever been."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        one = RedisLive(f"redis://127.0.0.1:{taken.getsockname()[1]}")
        yield one
        one.close()


def seconds_of_wait(live: Live, timeout_s: float) -> float:
    start = time.monotonic()
    assert not live.wait(["starter"], timeout_s)
    return time.monotonic() - start


def test_a_bell_wakes_who_waits_for_that_model(live: RedisLive) -> None:
    heard: list[bool] = []
    sleeper = threading.Thread(target=lambda: heard.append(live.wait(["other", "starter"], 20)))
    sleeper.start()
    time.sleep(0.1)
    live.ring("starter")
    sleeper.join(5)
    assert heard == [True]


def test_a_bell_that_nobody_heard_is_heard_by_the_next_who_waits(live: RedisLive) -> None:
    live.ring("starter")
    assert not live.wait(["other"], 0.1)
    assert live.wait(["starter"], 5)
    assert not live.wait(["starter"], 0.1)


def test_one_bell_wakes_one_worker(live: RedisLive) -> None:
    heard: list[bool] = []
    sleepers = [
        threading.Thread(target=lambda: heard.append(live.wait(["starter"], 0.7))) for _ in range(3)
    ]
    for sleeper in sleepers:
        sleeper.start()
    time.sleep(0.2)
    live.ring("starter")
    for sleeper in sleepers:
        sleeper.join(5)
    assert sorted(heard) == [False, False, True]


def test_two_bells_at_once_are_two(live: RedisLive) -> None:
    live.ring("starter")
    live.ring("starter")
    assert live.wait(["starter"], 5) and live.wait(["starter"], 5)


def test_unheard_bells_do_not_pile_up(live: RedisLive) -> None:
    for _ in range(BELLS_KEPT + 5):
        live.ring("starter")
    heard = 0
    while live.wait(["starter"], 0.1):
        heard += 1
    assert heard == BELLS_KEPT


def test_waiting_ends_when_it_should(live: RedisLive) -> None:
    assert 0.25 <= seconds_of_wait(live, 0.3) < 3


def test_who_waits_for_nothing_sleeps(live: RedisLive) -> None:
    start = time.monotonic()
    assert not live.wait([], 0.2)
    assert time.monotonic() - start >= 0.2


def test_progress_is_seen_and_the_picture_stays_until_the_next(live: RedisLive) -> None:
    job = uuid4()
    assert live.watch(job) is None
    live.publish(job, {"stage": "denoise", "step": 1}, b"picture")
    live.publish(job, {"stage": "denoise", "step": 2, "eta_s": None})
    frame = live.watch(job)
    assert frame is not None
    assert frame.progress == {"stage": "denoise", "step": 2, "eta_s": None}
    assert frame.jpeg == b"picture"
    assert live.watch(uuid4()) is None


def test_a_cancel_is_heard_for_its_job_alone(live: RedisLive) -> None:
    job = uuid4()
    assert not live.cancel_requested(job)
    live.request_cancel(job)
    assert live.cancel_requested(job)
    assert not live.cancel_requested(UUID(int=1))


def test_a_limit_is_kept_for_each_person_and_deed(live: RedisLive) -> None:
    assert [live.allow("preview", "ann", limit=2, per_s=60) for _ in range(2)] == [0, 0]
    wait_s = live.allow("preview", "ann", limit=2, per_s=60)
    assert 58 < wait_s <= 60
    assert live.allow("preview", "ben", limit=2, per_s=60) == 0
    assert live.allow("enhance", "ann", limit=2, per_s=60) == 0


def test_a_window_ends(live: RedisLive) -> None:
    assert live.allow("preview", "ann", limit=1, per_s=1) == 0
    time.sleep(live.allow("preview", "ann", limit=1, per_s=1) + 0.05)
    assert live.allow("preview", "ann", limit=1, per_s=1) == 0


def test_many_tabs_at_once_do_not_pass_a_limit(live: RedisLive) -> None:
    answers: list[float] = []
    tabs = [
        threading.Thread(
            target=lambda: answers.append(live.allow("preview", "ann", limit=5, per_s=60))
        )
        for _ in range(20)
    ]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sum(answer == 0 for answer in answers) == 5


def test_everything_that_is_written_ends_by_itself(valkey: ValkeyServer) -> None:
    prefix = f"{uuid4()}:"
    live, job = RedisLive(valkey.url, prefix=prefix), uuid4()
    live.ring("starter")
    live.publish(job, {}, b"picture")
    live.request_cancel(job)
    live.allow("preview", "ann@example.com", limit=1, per_s=60)
    client = redis.Redis.from_url(valkey.url)
    keys = [key for key in client.keys(f"{prefix}*")]  # type: ignore[union-attr]
    assert len(keys) == 4
    assert all(client.ttl(key) > 0 for key in keys)  # type: ignore[operator]
    assert b"ann" not in b"".join(keys), "a person's address is nobody's business"
    client.close()
    live.close()


def test_without_a_server_nothing_raises(nobody: RedisLive) -> None:
    job = uuid4()
    nobody.ring("starter")
    nobody.publish(job, {"step": 1}, b"picture")
    nobody.request_cancel(job)
    assert nobody.watch(job) is None
    assert not nobody.cancel_requested(job)
    assert 0.25 <= seconds_of_wait(nobody, 0.3) < 3


def test_without_a_server_limits_are_kept_here(nobody: RedisLive) -> None:
    answers = [nobody.allow("preview", "ann", limit=2, per_s=60) for _ in range(3)]
    assert answers[:2] == [0, 0] and 58 < answers[2] <= 60


def test_limits_kept_here_do_not_fill_the_memory(
    nobody: RedisLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.backends.redis.RATES_KEPT", 10)
    for person in range(50):
        nobody.allow("preview", str(person), limit=1, per_s=60)
    assert nobody.allow("preview", "49", limit=1, per_s=60) > 0
    assert nobody.allow("preview", "0", limit=1, per_s=60) == 0


@pytest.fixture
def mortal() -> Iterator[ValkeyServer]:
    """A server that a test may stop and start."""
    with short_folder() as folder:
        home = folder / "valkey"
        server = ValkeyServer(home, choose_account(home), "only-for-tests", fast=True)
        server.start()
        yield server
        server.stop()


def test_a_server_that_dies_and_comes_back_is_found_again(
    mortal: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.backends.redis.AWAY_S", 0.2)
    server, job = mortal, uuid4()
    live = RedisLive(server.url)
    live.publish(job, {"step": 1})
    heard: list[bool] = []
    sleeper = threading.Thread(target=lambda: heard.append(live.wait(["starter"], 20)))
    sleeper.start()
    time.sleep(0.2)
    server.stop()
    live.publish(job, {"step": 2})
    assert live.watch(job) is None
    server.start()
    time.sleep(0.5)  # as long as a server that was away is left alone
    live.publish(job, {"step": 3})
    live.ring("starter")
    sleeper.join(10)
    assert heard == [True]
    frame = live.watch(job)
    assert frame is not None and frame.progress == {"step": 3}
    live.close()


def test_a_server_that_hangs_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Accepts connections and never answers: a job must not wait for its picture each time."""
    monkeypatch.setattr("ourvidz.backends.redis.COMMAND_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        live = RedisLive(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        live.publish(uuid4(), {})
        start = time.monotonic()
        for _ in range(20):
            live.publish(uuid4(), {})
        assert time.monotonic() - start < 1
        live.close()
