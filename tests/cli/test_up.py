"""`ourvidz up` and `ourvidz migrate` as a person starts them, with the real servers and worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ourvidz.backends.embedded.stack import EmbeddedStack
from tests.servers import processes_of

ROOT = Path(__file__).parents[2]
LIMIT_S = 120


class Up:
    """A running `ourvidz up`. lines: what it said so far."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home.with_suffix(".log")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        changes = {"OURVIDZ_DEVICE": "cpu", "OURVIDZ_PORT": str(self.port)}
        environment = os.environ | changes  # noqa: TID251 - what this process has
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ourvidz.cli", "up", "--data", str(home)],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def wait_for(self, text: str, times: int = 1) -> None:
        deadline = time.monotonic() + LIMIT_S
        while self.log.read_text().count(text) < times:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)


@contextmanager
def running(home: Path) -> Iterator[Up]:
    up = Up(home)
    try:
        yield up
    finally:
        up.process.kill()
        up.process.wait()
        EmbeddedStack(home / "data").stop()


@pytest.fixture
def home(folder: Path) -> Path:
    return folder / "home"


def ourvidz(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ourvidz.cli", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)


def test_up_keeps_all_of_it_running_and_ctrl_c_leaves_nothing(home: Path) -> None:
    with running(home) as up:
        welcome = f"Open http://127.0.0.1:{up.port} in a browser"
        for sign in ("Postgres ready in ", "Valkey ready in ", "worker started in ", welcome):
            up.wait_for(sign)
        second = ourvidz("up", "--data", str(home))
        assert second.returncode == 7
        assert f"already, as process {up.process.pid}: http://127.0.0.1:{up.port}" in second.stderr

        pid_file = home / "data/postgres/data/postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        up.wait_for("Postgres ready in ", times=2)
        os.kill(child_of(up, "worker"), signal.SIGKILL)
        up.wait_for("worker started in ", times=2)

        assert up.end(signal.SIGINT) == 0
        assert processes_of(home) == []
        assert "Traceback" not in up.log.read_text()


def test_a_taken_port_is_named_before_anything_starts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("OURVIDZ_PORT", port)
        done = ourvidz("up", "--data", str(home))
    assert done.returncode == 7
    assert f"port {port}: can not be opened (Address already in use); stop" in done.stderr
    assert "Postgres" not in done.stderr and processes_of(home) == []


def test_when_up_is_killed_its_worker_dies_and_the_next_one_finds_the_servers(home: Path) -> None:
    with running(home) as up:
        up.wait_for("worker started in ")
        worker = child_of(up, "worker")
        up.end(signal.SIGKILL)
        deadline = time.monotonic() + LIMIT_S
        while Path(f"/proc/{worker}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert EmbeddedStack(home / "data").alive()
        with running(home) as again:
            again.wait_for("worker started in ")
            assert again.end(signal.SIGINT) == 0
        assert processes_of(home) == []


def test_migrate_makes_the_database_and_then_finds_nothing_to_do(home: Path) -> None:
    first = ourvidz("migrate", "--data", str(home), "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["applied"][0].endswith("_tables.sql")
    again = ourvidz("migrate", "--data", str(home))
    assert again.stdout == "The database is up to date.\n"
    assert processes_of(home) == []


def test_a_data_folder_that_can_not_be_made_is_told_with_what_to_do(folder: Path) -> None:
    (folder / "file").touch()
    refused = ourvidz("up", "--data", str(folder / "file"))
    assert refused.returncode == 7
    assert "choose another" in refused.stderr
    assert "Traceback" not in refused.stderr


def child_of(up: Up, verb: str) -> int:
    """The process id of the child that `up` keeps for `verb`."""
    children = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children").read_text().split()
    for pid in map(int, children):
        if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2] == verb.encode():
            return pid
    raise AssertionError(f"no {verb}")
