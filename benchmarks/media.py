"""How fast files go in and out, and how little memory that takes: `python -m benchmarks.media`

One film of 200 MB by each way, every way in the same run on the same disk: `LocalMedia` beside
`shutil.copy` (which forces nothing to the disk) and beside a copy that does, since a file that
was put must survive a power cut; then through the app in a process of its own, whole (PUT) and
in resumable pieces (TUS), read whole and by Range at random places. The first round is a warm-up
and thrown away. Peak memory is what a process grew by while a way ran.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from benchmarks.provenance import add_saving, keep, provenance
from ourvidz.backends.embedded.links import Link
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.hosted.line import Line
from ourvidz.backends.hosted.transfer import download, upload
from ourvidz.domain.media import UploadTarget
from ourvidz.web.server import AppParts, make_app, serve

SIZE_BYTES = 200_000_000
RANGE_BYTES = 2**20
RANGES = 200
KEY = "videos-final/user/job/a1/film.mp4"
SECRET = bytes(32)


def serve_files(root: Path, port: int) -> None:
    """The app, in a process of its own."""
    media = LocalMedia(root, SECRET, f"http://127.0.0.1:{port}")
    administration: Any = None  # Asked for workers only.
    serve(make_app(AppParts(media=media, administration=administration)), "127.0.0.1", port)


@contextlib.contextmanager
def app(root: Path) -> Iterator[tuple[int, int]]:
    """(port, process id) of the running app."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=serve_files, args=(root, port))
    process.start()
    try:
        while True:
            with contextlib.suppress(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            time.sleep(0.05)
        yield port, process.pid or 0
    finally:
        process.terminate()
        process.join()


@dataclass
class Bench:
    """Where the film is, and the ways it goes."""

    folder: Path
    film: Path
    media: LocalMedia
    line: Line

    def copy(self) -> None:
        """The obvious alternative."""
        shutil.copy(self.film, self.folder / "copy")

    def safe_copy(self) -> None:
        """The alternative that is as safe as a put."""
        self.copy()
        with (self.folder / "copy").open("rb") as file:
            os.fsync(file.fileno())

    def put(self) -> None:
        """A worker beside the storage."""
        self.media.put(KEY, self.film, "video/mp4")

    def get(self) -> None:
        """The same, the other way."""
        self.media.get(KEY, self.folder / "got")

    def send_whole(self) -> None:
        """Through the app in one request."""
        link = Link(
            right="PUT",
            key=KEY,
            expires=int(time.time()) + 600,
            content_type="video/mp4",
            limit_bytes=2 * SIZE_BYTES,
        )
        headers = {"content-type": "video/mp4"}
        url = self.media.sign(link)
        upload(self.line, UploadTarget(key=KEY, method="put", url=url, headers=headers), self.film)

    def send_pieces(self) -> None:
        """Through the app in pieces that can be resumed, as a far worker does."""
        upload(self.line, self.media.upload_target(KEY, "video/mp4"), self.film)

    def fetch(self) -> None:
        """From the app to a file."""
        download(self.line, self.media.url(KEY), self.folder / "got")

    def seek_ms(self) -> list[float]:
        """What a player waits for a mebibyte from anywhere in the film."""
        places, url, waits = random.Random(7), self.media.url(KEY), list[float]()
        for _ in range(RANGES):
            start = places.randrange(SIZE_BYTES - RANGE_BYTES)
            begin = time.perf_counter()
            headers = {"range": f"bytes={start}-{start + RANGE_BYTES - 1}"}
            answer = self.line.client.get(url, headers=headers)
            waits.append(1000 * (time.perf_counter() - begin))
            assert answer.status_code == 206 and len(answer.content) == RANGE_BYTES
        return waits


def memory_kib(pid: int, name: str) -> int:
    """VmRSS, what a process has now, or VmHWM, the most it had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


@dataclass
class Figures:
    """One way: seconds of each round; how far this process and the app grew, MiB."""

    seconds: list[float]
    here_mib: float = 0.0
    app_mib: float = 0.0

    @property
    def row(self) -> dict[str, float]:
        """What the table shows."""
        seconds = median(self.seconds)
        return {
            "mb_per_s": round(SIZE_BYTES / seconds / 1e6),
            "seconds": round(seconds, 3),
            "peak_here_mib": round(self.here_mib, 1),
            "peak_app_mib": round(self.app_mib, 1),
        }


def measure(way: Callable[[], object], app_pid: int, figures: Figures) -> None:
    """One round of one way, on a disk that has nothing left to write for the one before."""
    os.sync()
    pids = (os.getpid(), app_pid)
    before = [memory_kib(pid, "VmRSS") for pid in pids]
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # Forget the highest so far.
    begin = time.perf_counter()
    way()
    figures.seconds.append(time.perf_counter() - begin)
    grown = [(memory_kib(pid, "VmHWM") - kib) / 1024 for pid, kib in zip(pids, before, strict=True)]
    figures.here_mib = max(figures.here_mib, grown[0])
    figures.app_mib = max(figures.app_mib, grown[1])


def run(folder: Path, rounds: int) -> tuple[dict[str, dict[str, float]], list[float]]:
    """The table's rows by way, and the waits for a Range, ms."""
    film = folder / "film.mp4"
    film.write_bytes(b"\0\0\0\x20ftypisom\0\0\x02\0" + os.urandom(SIZE_BYTES - 16))
    with app(folder / "media") as (port, pid), httpx.Client() as client:
        media = LocalMedia(folder / "media", SECRET, f"http://127.0.0.1:{port}")
        bench = Bench(folder, film, media, Line(client, "storage"))
        ways: dict[str, Callable[[], object]] = {
            "shutil.copy": bench.copy,
            "copy + fsync": bench.safe_copy,
            "LocalMedia.put": bench.put,
            "LocalMedia.get": bench.get,
            "PUT to the app": bench.send_whole,
            "TUS to the app": bench.send_pieces,
            "GET from the app": bench.fetch,
        }
        table: dict[str, Figures] = {}
        for number in range(rounds + 1):
            for name, way in ways.items():
                found = Figures([]) if number < 2 else table[name]
                measure(way, pid, found)
                table[name] = found
        bench.seek_ms()
        waits = bench.seek_ms()
        assert (folder / "got").stat().st_size == SIZE_BYTES
    return {name: figures.row for name, figures in table.items()}, waits


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: temporary")
    add_saving(parser)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        table, waits = run(Path(name), args.rounds)
    print(f"{'200 MB':18}" + "".join(f"{key:>15}" for key in table["shutil.copy"]))
    for way, row in table.items():
        print(f"{way:18}" + "".join(f"{value:>15}" for value in row.values()))
    centiles = quantiles(waits, n=100)
    range_ms = {"range_p50_ms": round(centiles[49], 2), "range_p99_ms": round(centiles[98], 2)}
    print(f"Range of 1 MiB: p50 {range_ms['range_p50_ms']} ms, p99 {range_ms['range_p99_ms']} ms")
    result: dict[str, Any] = {
        "put_mb_per_s": table["LocalMedia.put"]["mb_per_s"],
        "copy_mb_per_s": table["shutil.copy"]["mb_per_s"],
        "app_put_mb_per_s": table["PUT to the app"]["mb_per_s"],
        "app_tus_mb_per_s": table["TUS to the app"]["mb_per_s"],
        "app_get_mb_per_s": table["GET from the app"]["mb_per_s"],
        **range_ms,
        "ways": table,
        "note": args.note,
    } | provenance()
    keep("media", result, save=args.save)


if __name__ == "__main__":
    main()
