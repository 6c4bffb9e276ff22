"""Stacks of their own, for tests that break them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ourvidz.backends.embedded.stack import EmbeddedStack
from tests.servers import short_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a short path; afterwards nothing started in it may be left."""
    with short_folder() as folder:
        yield folder
        assert processes_of(folder) == []


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A data folder whose stack was started and stopped once: copies start warm."""
    with short_folder() as folder:
        stack = EmbeddedStack(folder / "data", fast=True)
        stack.start()
        stack.stop()
        yield folder / "data"


@pytest.fixture
def stack(made: Path, folder: Path) -> Iterator[EmbeddedStack]:
    """Made, not started; stopped afterwards, whatever the test did to it."""
    subprocess.run(["cp", "-a", made, folder / "data"], check=True)
    stack = EmbeddedStack(folder / "data", fast=True)
    yield stack
    stack.stop()


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that work in `folder` or were started with it."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = str((process / "cwd").readlink())
        except OSError:
            continue  # it ended meanwhile, or is the kernel's
        mine = str(folder) in words or place.startswith(str(folder))
        if mine and words and int(process.name) != os.getpid():
            found.append(words)
    return found


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 300 MB of its own."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300m,mode=0711", "ov-test", disk], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)
