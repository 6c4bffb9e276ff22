"""Stacks of their own, for tests that break them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ourvidz.backends.embedded.stack import EmbeddedStack
from tests.servers import short_folder


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
