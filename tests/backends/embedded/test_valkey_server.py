"""It may forget everything, but it comes back, and nobody else is taken for it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from ourvidz.backends.embedded.account import choose_account
from ourvidz.backends.embedded.valkey_server import ValkeyServer
from ourvidz.domain.errors import Unavailable


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


def kill(server: ValkeyServer) -> None:
    with client(server) as live:
        pid = live.info("server")["process_id"]
    os.kill(int(pid), signal.SIGKILL)
    while server.condition() != "silent":
        pass


def test_it_refuses_the_wrong_password_and_listens_on_this_machine_only(
    server: ValkeyServer,
) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(server.url.replace("for-this-test", "letmein")).ping()
    with client(server) as live:
        settings = live.config_get("*")
    assert settings["bind"] == "127.0.0.1"
    assert settings["maxmemory-policy"] == "noeviction"
    assert (settings["appendonly"], settings["save"]) == ("yes", "")


def test_what_was_written_is_there_after_a_kill_on_the_same_port(server: ValkeyServer) -> None:
    with client(server) as live:
        live.set("seven", 7)
    port = server.port
    kill(server)
    assert server.start()
    assert server.port == port
    with client(server) as live:
        assert live.get("seven") == b"7"


def test_it_moves_when_another_program_took_its_port(server: ValkeyServer) -> None:
    port = server.port
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert server.start()
        assert server.port != port
        with client(server) as live:
            assert live.ping()


def test_another_valkey_on_its_port_is_not_taken_for_it(server: ValkeyServer, folder: Path) -> None:
    other_folder = folder / "other"
    other_folder.mkdir(mode=0o711)
    other = made(other_folder)
    other.start()
    try:
        server.stop()
        configuration = folder / "valkey/valkey.conf"
        configuration.write_text(
            configuration.read_text().replace(f"port {server.port}", f"port {other.port}")
        )
        assert server.condition() == "foreign"
        assert server.start()
        assert server.port != other.port
    finally:
        other.stop()


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
