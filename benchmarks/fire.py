"""Blows at random moments: kill -9 of workers, their children and both servers, and refusals."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.fleet import Fleet
from benchmarks.town import Town


class Fire:
    """Burns in a thread of its own until `stop`. pause_s: between two blows, at random.

    blows: how many of each sort there were.
    """

    def __init__(
        self, town: Town, fleet: Fleet, pause_s: tuple[float, float], dice: random.Random
    ) -> None:
        self._town, self._fleet, self._pause_s, self._dice = town, fleet, pause_s, dice
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._burn)
        self.blows: dict[str, int] = {}

    def start(self) -> None:
        """Light it."""
        self._thread.start()

    def stop(self) -> None:
        """Put it out; both servers are up afterwards."""
        self._over.set()
        self._thread.join()

    def _burn(self) -> None:
        sorts: dict[str, Callable[[], bool]] = {
            "worker": self._worker,
            "child": self._child,
            "postgres": self._postgres,
            "valkey": self._valkey,
            "storage": lambda: self._refuse("media/refuses"),
            "disk": lambda: self._refuse("scratch/full"),
        }
        names = [*sorts, "worker", "child"]  # these twice as often
        while not self._over.wait(self._dice.uniform(*self._pause_s)):
            name = self._dice.choice(names)
            self.blows[name] = self.blows.get(name, 0) + sorts[name]()
            self._town.stack.start()

    def _worker(self) -> bool:
        living = [process for process in self._fleet.processes if process.poll() is None]
        if living:
            self._dice.choice(living).kill()
        return bool(living)

    def _child(self) -> bool:
        children = [pid for process in self._fleet.processes for pid in gpu_children(process.pid)]
        return bool(children) and _killed(self._dice.choice(children))

    def _postgres(self) -> bool:
        file = self._town.folder / "stack/postgres/data/postmaster.pid"
        with suppress(OSError, IndexError, ValueError):
            return _killed(int(file.read_text().split()[0]))
        return False

    def _valkey(self) -> bool:
        """The one whose working folder is ours."""
        home = self._town.folder / "stack/valkey"
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "comm").read_text().startswith("valkey") and (
                    process / "cwd"
                ).readlink() == home:
                    return _killed(int(process.name))
        return False

    def _refuse(self, name: str) -> bool:
        """Something is not to be had for a second."""
        switch = self._town.folder / name
        switch.touch()
        self._over.wait(self._dice.uniform(0.5, 1.5))
        switch.unlink()
        return True


def gpu_children(pid: int) -> list[int]:
    """The spawned child of a worker, not multiprocessing's own tracker of resources."""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [
            int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()
        ]
    return []


def _killed(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False
