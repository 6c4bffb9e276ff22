"""How long the embedded servers take to be there: `python -m benchmarks.stack`

cold: an empty folder, initdb with every write forced to disk, roles, migrations, both servers.
warm: the same folder again. attach: another process asks where they are, without its imports.
recovery: Postgres killed by -9 under an open connection, until the next answered query; rows
written before are counted afterwards. up: from the command to servers and worker, and to the app's
first line, with all imports, cold and warm. Medians of the rounds. There is no alternative to
compare with: the wheel's own start makes an account of the system and opens folders to everybody.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.provenance import keep, provenance
from ourvidz.backends.embedded.stack import EmbeddedStack, Endpoints
from ourvidz.backends.postgres.connection import connect
from ourvidz.domain.errors import Unavailable

ROWS = 100_000
#: What the milestone asks for, in seconds.
GOALS = {"up_cold_s": 15.0, "up_warm_s": 3.0}


def seconds(act: Callable[[], object]) -> float:
    """How long `act` took."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def one_round(folder: Path) -> dict[str, float]:
    """Everything once, in a folder that does not exist yet."""
    stack = EmbeddedStack(folder)
    figures = {"cold_s": seconds(stack.start), "stop_s": seconds(stack.stop)}
    figures["warm_s"] = seconds(stack.start)
    figures["attach_s"] = seconds(EmbeddedStack(folder).endpoints)
    figures["recovery_s"], figures["rows_lost"] = recovery(stack, folder)
    stack.stop()
    return figures


def recovery(stack: EmbeddedStack, folder: Path) -> tuple[float, int]:
    """Seconds from `kill -9` of Postgres to the first answer, and rows that are gone."""
    endpoints = stack.start()
    with connect(endpoints.owner_database_url) as held:
        held.execute(f"create table rows as select generate_series(1, {ROWS})".encode())
        pid_file = folder / "postgres/data/postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        begin = time.perf_counter()
        stack.start()
        kept = _count(endpoints)
        return time.perf_counter() - begin, ROWS - kept


def _count(endpoints: Endpoints) -> int:
    with connect(endpoints.owner_database_url) as connection:
        row = connection.execute("select count(*) from rows").fetchone()
        return row[0] if row else 0


def up(home: Path, name: str) -> dict[str, float]:
    """Seconds from `ourvidz up` to servers and worker, and to the app's first line."""
    begin = time.perf_counter()
    figures: dict[str, float] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "ourvidz.cli", "up", "--data", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None, "it is a pipe"
        signs = {"worker started": f"up_{name}_s", "app started": f"up_{name}_app_s"}
        for line in running.stderr:
            for sign, figure in signs.items():
                if line.startswith(sign):
                    figures.setdefault(figure, time.perf_counter() - begin)
            if len(figures) == len(signs):
                break
        running.send_signal(signal.SIGINT)
        running.stderr.read()
    return figures


def measure(rounds: int) -> dict[str, float]:
    """Medians of `rounds`."""
    figures: list[dict[str, float]] = []
    for _ in range(rounds):
        place = Path(tempfile.mkdtemp(prefix="ov-"))
        # Root's servers run as another account, which must pass through.
        place.chmod(0o711)
        try:
            figure = one_round(place / "data")
            figures.append(figure | up(place / "home", "cold") | up(place / "home", "warm"))
        finally:
            with suppress(Unavailable):
                EmbeddedStack(place / "data").stop()
                EmbeddedStack(place / "home/data").stop()
            shutil.rmtree(place)
    return {name: statistics.median(one[name] for one in figures) for name in figures[0]}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    arguments = parser.parse_args()
    facts = provenance() | {"load": f"{os.getloadavg()[0]:.1f} before"}
    figures = measure(arguments.rounds)
    for name, value in figures.items():
        goal = f"  (goal {GOALS[name]:.0f})" if name in GOALS else ""
        print(f"{name:15} {value:9.3f}{goal}")
    result = {**{name: round(value, 3) for name, value in figures.items()}, **facts}
    keep("stack", result)


if __name__ == "__main__":
    main()
