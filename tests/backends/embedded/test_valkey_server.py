"""It may forget everything, but it comes back, and nobody else is taken for it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import redis

from ourvidz.backends.embedded.account import choose_account
from ourvidz.backends.embedded.valkey_server import ValkeyServer
from ourvidz.backends.redis import RedisLive
from ourvidz.domain.errors import Unavailable
from tests.servers import short_folder


@pytest.fixture
def server(folder: Path) -> Iterator[ValkeyServer]:
    server = made(folder)
    server.start()
    yield server
    server.stop()


def made(folder: Path) -> ValkeyServer:
    home = folder / "valkey"
    return ValkeyServer(home, choose_account(home), "for-this-test", fast=True)


def client(server: ValkeyServer) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def address(server: ValkeyServer) -> Path:
    return Path(unquote(urlsplit(server.url).path))


def pid_of(server: ValkeyServer) -> int:
    with client(server) as live:
        return int(live.info("server")["process_id"])


def kill(server: ValkeyServer) -> None:
    os.kill(pid_of(server), signal.SIGKILL)
    while server.condition() != "silent":
        pass


def test_it_refuses_the_wrong_password_and_can_not_be_reached_from_elsewhere(
    server: ValkeyServer,
) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(server.url.replace("for-this-test", "letmein")).ping()
    with client(server) as live:
        settings = live.config_get("*")
    assert settings["port"] == "0"
    assert address(server).stat().st_mode & 0o777 == 0o700
    assert address(server).parent.stat().st_mode & 0o777 == 0o700
    assert settings["maxmemory-policy"] == "noeviction"
    assert (settings["appendonly"], settings["save"]) == ("yes", "")


def test_what_was_written_is_there_after_a_kill(server: ValkeyServer) -> None:
    with client(server) as live:
        live.set("seven", 7)
    kill(server)
    assert server.start()
    with client(server) as live:
        assert live.get("seven") == b"7"


def test_rings_arrive_again_after_a_restart_whatever_was_started_meanwhile(
    server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that waits and an app that rings, both from before; another program comes between.

    It listens wherever the server could be reached over the network, and so takes a port from it.
    """
    monkeypatch.setattr("ourvidz.backends.redis.AWAY_S", 0.1)
    with closing(RedisLive(server.url)) as worker, closing(RedisLive(server.url)) as app:
        app.ring("starter")
        assert worker.wait(["starter"], 10)
        heard: list[bool] = []
        waiting = threading.Thread(target=lambda: heard.append(worker.wait(["starter"], 30)))
        waiting.start()
        with client(server) as live:
            port = int(live.config_get("port")["port"])
        kill(server)
        with socket.create_server(("127.0.0.1", port)):
            assert server.start()
            app.ring("starter")
            waiting.join()
    assert heard == [True]


def test_another_server_on_its_socket_is_not_taken_for_it(
    server: ValkeyServer, folder: Path
) -> None:
    other_folder = folder / "other"
    other_folder.mkdir(mode=0o711)
    other = made(other_folder)
    other.start()
    server.stop()
    address(other).rename(address(server))
    try:
        assert server.condition() == "foreign"
        with pytest.raises(Unavailable, match=r"another server answers .* end that one"):
            server.start()
    finally:
        address(server).rename(address(other))
        other.stop()


def test_a_server_that_hangs_is_named_and_its_file_is_left_alone(
    server: ValkeyServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.backends.embedded.valkey_server.START_LIMIT_S", 0.1)
    pid = pid_of(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="does not answer; end it"):
            made(folder).start()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert pid_of(server) == pid


def test_a_deep_folder_gets_a_short_socket_that_others_can_not_enter() -> None:
    with short_folder() as folder:
        deep = folder / ("a folder with spaces " * 5)
        deep.mkdir(mode=0o711)
        server = made(deep)
        server.start()
        try:
            assert len(str(address(server))) < 80
            assert address(server).parent.stat().st_mode & 0o777 == 0o700
            assert pid_of(server)
        finally:
            server.stop()
        address(server).parent.rmdir()


def test_a_spoilt_file_is_put_away_and_it_starts_empty(server: ValkeyServer, folder: Path) -> None:
    with client(server) as live:
        live.mset({f"key {number}": "x" * 100 for number in range(100)})
    server.stop()
    for path in (folder / "valkey/appendonlydir").glob("*.incr.aof"):
        path.write_bytes(b"*nonsense" + path.read_bytes())
    assert server.start()
    with client(server) as live:
        assert live.dbsize() == 0
    assert len(list((folder / "valkey").glob("spoilt-*"))) == 1


def test_a_command_cut_off_by_a_crash_costs_only_itself(server: ValkeyServer, folder: Path) -> None:
    with client(server) as live:
        live.set("seven", 7)
    server.stop()
    for path in (folder / "valkey/appendonlydir").glob("*.incr.aof"):
        with path.open("ab") as file:
            file.write(b"*3\r\n$3\r\nSET\r\n$3\r\nei")
    server.start()
    with client(server) as live:
        assert (live.get("seven"), live.dbsize()) == (b"7", 1)


def test_a_folder_that_can_not_be_written_is_told(folder: Path) -> None:
    (folder / "valkey").touch()
    with pytest.raises(Unavailable, match="choose another"):
        made(folder).start()
