"""What is kept running, what is said about it, and how it ends. Without servers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ourvidz.cli.supervisor import Child, Supervisor
from tests.servers import processes_of

SLEEP = "import sys, time; print('here', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('here', flush=True); time.sleep(60)"
)


async def supervised(
    folder: Path, code: str, act: Callable[[list[str]], bool], *, signals: int = 1, **told: str
) -> list[str]:
    """Keep a child that runs `code`, poll `act` until it is True, interrupt; what was said."""
    said: list[str] = []
    child = Child("child", ("-c", f"# {folder}\n{code}"), **told)
    environment = {"PATH": os.defpath}
    running = asyncio.create_task(Supervisor(None, [child], environment, said.append).run())
    while not act(said):
        await asyncio.sleep(0.02)
    for _ in range(signals):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.1)
    await running
    return said


def test_its_first_line_says_that_a_child_has_started_and_all_its_lines_bear_its_name(
    folder: Path,
) -> None:
    said = asyncio.run(supervised(folder, SLEEP, lambda said: "child | here" in said))
    assert said[0].startswith("child started in ")
    assert said[2:] == ["Stopping; once more to be quick."]


def test_people_are_welcomed_when_a_child_gives_its_sign_and_not_before(folder: Path) -> None:
    code = "print('taken', flush=True); print('here at 1', flush=True); import time; time.sleep(60)"
    told = {"sign": "here at", "welcome": "Welcome."}
    said = asyncio.run(supervised(folder, code, lambda said: "Welcome." in said, **told))
    assert said[1:4] == ["child | taken", "child | here at 1", "Welcome."]


def test_a_child_that_crashes_is_started_again_after_a_pause(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ourvidz.cli.supervisor.FIRST_PAUSE_S", 0.05)
    said = asyncio.run(
        supervised(
            folder, "raise SystemExit(3)", lambda said: sum("ended with 3" in x for x in said) == 3
        )
    )
    assert "child ended with 3" in said[0]


def test_a_child_that_does_not_end_is_killed_by_the_second_interrupt(folder: Path) -> None:
    asyncio.run(supervised(folder, STUBBORN, lambda said: "child | here" in said, signals=2))
    assert processes_of(folder) == []


def test_what_a_child_leaves_behind_ends_with_it(folder: Path) -> None:
    code = f"import subprocess; subprocess.Popen(['sleep', '60'], cwd={str(folder)!r}); {SLEEP}"
    asyncio.run(supervised(folder, code, lambda said: "child | here" in said))
    assert processes_of(folder) == []


def test_a_child_without_line_ends_blocks_nothing(folder: Path) -> None:
    code = "import sys; sys.stdout.write('x' * 5_000_000); sys.stdout.flush(); raise SystemExit(4)"
    said = asyncio.run(
        supervised(folder, code, lambda said: any("ended with 4" in x for x in said))
    )
    assert sum(map(len, said)) < 1_000_000


def test_children_have_no_terminal(folder: Path) -> None:
    code = f"import sys; print(sys.stdin.read() == ''); {SLEEP}"
    asyncio.run(supervised(folder, code, lambda said: "child | True" in said))
