"""What a pid file says is not believed, what a wrong server answers neither."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ourvidz.backends.embedded.account import Account, choose_account
from ourvidz.backends.embedded.postgres_server import SUPERUSER, PostgresServer, wheel_binaries
from ourvidz.backends.postgres.probe import condition
from ourvidz.domain.errors import Unavailable
from tests.servers import short_folder

PASSWORD = "for this test"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder with data, whose server each test leaves stopped."""
    with short_folder() as folder:
        yield folder / "postgres"


def made(home: Path, **changes: object) -> PostgresServer:
    options = {"binaries": wheel_binaries(), "fast": True} | changes
    return PostgresServer(home, choose_account(home), PASSWORD, **options)  # type: ignore[arg-type]


@pytest.fixture
def server(home: Path) -> Iterator[PostgresServer]:
    server = made(home)
    server.start()
    yield server
    server.stop()
    assert condition(server.url(SUPERUSER, PASSWORD)) == "silent"


def one(server: PostgresServer, query: str) -> object:
    with psycopg.connect(server.url(SUPERUSER, PASSWORD)) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def pid_of(home: Path) -> int:
    return int((home / "data/postmaster.pid").read_text().split()[0])


def test_it_is_what_hosted_is_and_can_not_be_reached_from_elsewhere(server: PostgresServer) -> None:
    assert one(server, "show server_encoding") == "UTF8"
    assert one(server, "show timezone") == "UTC"
    assert one(server, "show data_checksums") == "on"
    assert one(server, "show listen_addresses") == ""
    assert one(server, "show password_encryption") == "scram-sha-256"
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(server.url(SUPERUSER, "letmein"))


def test_only_tests_may_do_without_the_disk(home: Path) -> None:
    server = made(home, fast=False)
    server.start()
    try:
        assert [one(server, f"show {name}") for name in ("fsync", "full_page_writes")] == ["on"] * 2
    finally:
        server.stop()


def test_a_pid_file_that_names_a_living_stranger_is_not_believed(
    server: PostgresServer, home: Path
) -> None:
    account = choose_account(home)
    stranger = account.launch(["/bin/sleep", "60"], home.parent / "stranger.log")
    try:
        os.kill(pid_of(home), signal.SIGKILL)
        for path in (home / "data/postmaster.pid", home / "socket/.s.PGSQL.5432.lock"):
            _, _, rest = path.read_text().partition("\n")
            path.write_text(f"{stranger.pid}\n{rest}")
        assert server.start()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_empty_pid_file_of_a_crashed_machine_is_no_obstacle(
    server: PostgresServer, home: Path
) -> None:
    server.stop()
    for garbage in ("", "-5\n", "no number\n", "1\n"):
        (home / "data/postmaster.pid").write_text(garbage)
        assert server.start()
        server.stop()


def test_a_server_that_hangs_is_named_and_its_data_are_left_alone(
    server: PostgresServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.backends.embedded.postgres_server.ORPHANS_S", 1.0)
    pid = pid_of(home)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match=f"does not answer; end process {pid}"):
            made(home).start()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert one(server, "select 1") == 1


def test_a_killed_backend_is_the_servers_own_business(server: PostgresServer) -> None:
    with psycopg.connect(server.url(SUPERUSER, PASSWORD)) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    assert server.alive()
    server.start()
    assert one(server, "select 1") == 1


def test_data_of_another_major_version_are_refused_with_the_way_out(
    server: PostgresServer, home: Path
) -> None:
    server.stop()
    version = home / "data/PG_VERSION"
    kept = version.read_text()
    version.write_text("15\n")
    try:
        with pytest.raises(Unavailable, match=r"another major version .* version 15"):
            server.start()
    finally:
        version.write_text(kept)


def test_what_the_server_says_is_told_when_it_is_nothing_we_know(
    server: PostgresServer, home: Path
) -> None:
    server.stop()
    (home / "data/postgresql.conf").rename(home / "data/kept.conf")
    try:
        with pytest.raises(Unavailable, match=r"postgresql\.conf.* see .*postgres\.log"):
            server.start()
    finally:
        (home / "data/kept.conf").rename(home / "data/postgresql.conf")


def test_a_deep_folder_gets_a_short_socket_that_others_can_not_enter() -> None:
    with short_folder() as folder:
        deep = folder / ("d" * 90)
        deep.mkdir(mode=0o711)
        server = made(deep / "postgres")
        server.start()
        try:
            host = Path(psycopg.conninfo.conninfo_to_dict(server.url("a", "b"))["host"])  # type: ignore[arg-type]
            assert len(str(host)) < 80
            assert host.stat().st_mode & 0o777 == 0o700
            assert one(server, "select 1") == 1
        finally:
            server.stop()
        host.rmdir()


def test_somebody_elses_folder_is_not_taken_for_sockets(tmp_path: Path) -> None:
    account = Account("me", os.geteuid(), os.getegid(), switch=False)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(Unavailable, match="remove it"):
        account.own(tmp_path / "link")


def test_its_binaries_are_the_wheels_and_no_other_on_the_path() -> None:
    told = subprocess.run([wheel_binaries() / "postgres", "-V"], capture_output=True, text=True)
    assert told.stdout.startswith("postgres (PostgreSQL) 18.")
