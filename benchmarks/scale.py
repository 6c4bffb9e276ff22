"""A film of thirty minutes on 1 to 64 workers: `python -m benchmarks.scale`

The order, the queue, Postgres and Valkey are the real ones, with every commit forced to disk; only
the clips are faked, by time. A worker is a thread of one process that claims, sleeps, gives a sign
of life and finishes as the real one does: 64 processes with a GPU child each would measure this
machine's two cores. Clips take longer on more workers, so that each run takes about a minute: what
the queue costs weighs most in the first row, whose clips take 0.15 s, and on a GPU, where they take
minutes, much less than in any of them.

efficiency: what the film would take without any queue, its clips shared out evenly (360 clips on
64 workers are 5.6 each), over what it took from the order to the finished film. possible: the same
for a queue that costs nothing, because 360 clips are six rounds of 64.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from uuid import uuid4

from benchmarks.provenance import keep, provenance
from benchmarks.queue import percentile
from benchmarks.town import Town, town
from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.work_queue import PostgresQueue
from ourvidz.backends.redis import RedisLive
from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, Lease, WorkerCard
from ourvidz.domain.storyboard import NewFilm, ShotOrder

CLIPS = 360
#: Workers, and how long a clip takes with so many.
RUNS = ((1, 0.15), (4, 0.6), (16, 2.4), (64, 10.0))
LEASE_S = 60.0
_POLL_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """One film. wall_s: from the order until it is finished. claim, finish: of a worker's calls.

    gap_p50_ms: from the end of a clip to the start of the next one on the same worker.
    """

    workers: int
    clip_s: float
    order_s: float
    wall_s: float
    efficiency: float
    possible: float
    claim_p50_ms: float
    claim_p99_ms: float
    finish_p50_ms: float
    finish_p99_ms: float
    gap_p50_ms: float


@dataclass
class Diary:
    """What the workers of one run saw, seconds."""

    claims: list[float] = field(default_factory=list[float])
    finishes: list[float] = field(default_factory=list[float])
    gaps: list[float] = field(default_factory=list[float])


class FakeWorker:
    """Does all that a worker does, but for the work."""

    def __init__(self, queue: PostgresQueue, live: RedisLive, clip_s: float, diary: Diary) -> None:
        self._queue, self._live, self._clip_s, self._diary = queue, live, clip_s, diary
        self._card = WorkerCard(
            id=f"fake-{uuid4().hex[:8]}", hostname="here", device="none", memory_bytes=1,
            kinds=("preview", "video", "stitch"), models=("starter",), loaded="starter",
        )  # fmt: skip
        self._ended_at: float | None = None

    def run(self, over: threading.Event) -> None:
        """Until `over`."""
        self._queue.register(self._card)
        while not over.is_set():
            begin = time.perf_counter()
            lease = self._queue.claim(self._card, LEASE_S)
            if lease is None:
                self._ended_at = None
                self._live.wait(["starter"], 1.0 if over.is_set() else _POLL_S)
                continue
            self._diary.claims.append(time.perf_counter() - begin)
            self._work(lease)
        self._queue.leave(self._card.id)

    def _work(self, lease: Lease) -> None:
        if self._ended_at is not None:
            self._diary.gaps.append(time.perf_counter() - self._ended_at)
        if lease.job.kind == "video":
            time.sleep(self._clip_s / 2)
            self._queue.heartbeat(lease, LEASE_S, 0.5, "denoise", self._clip_s / 2)
            time.sleep(self._clip_s / 2)
        self._ended_at = begin = time.perf_counter()
        assert self._queue.finish(lease, "succeeded", result=_result(lease))
        self._live.ring("starter")
        self._diary.finishes.append(time.perf_counter() - begin)


def _result(lease: Lease) -> dict[str, object]:
    bucket = "videos-stitched" if lease.job.kind == "stitch" else "videos-final"
    folder = f"{bucket}/{lease.folder}"
    return {
        "media_key": f"{folder}/0123456789ab.mp4", "thumbnail_key": f"{folder}/0123456789ab.jpg",
        "width": 1280, "height": 720, "num_frames": 80, "fps": 16, "seconds": 5.0, "seed": 1,
        "size_bytes": 650_000, "metadata": {},
    }  # fmt: skip


def order(place: Town, me: Identity) -> Job:
    """Thirty minutes, ordered as the studio does, and the workers woken."""
    board = place.records.create_storyboard(me, {"title": "Sea"})
    folder = f"videos-preview/{me.user_id}/{board.id}/a1"
    shots = tuple(
        ShotOrder(
            key=f"scene-{at // 6}/{at % 6}",
            params={
                "prompt": "a red sailboat on the sea at sunset, gentle waves, warm light",
                "model": "starter", "profile": "balanced", "num_frames": 80, "seed": at,
                "image_key": f"{folder}/{at}.png", "last_image_key": f"{folder}/{at + 1}.png",
            },
        )
        for at in range(CLIPS)
    )  # fmt: skip
    params = {"title": "Sea", "seed": 1, "seams": [["cut", 0]] * (CLIPS - 1)}
    new = NewFilm(
        storyboard_id=board.id,
        model="starter",
        params=params,
        shots=shots,
        idempotency_key=str(board.id),
    )
    return place.records.enqueue_film(me, new)


def measure(place: Town, workers: int, clip_s: float) -> Run:
    """One film on so many workers, all of them ready before it is ordered."""
    me, diary, over = place.person(100), Diary(), threading.Event()
    with ExitStack() as stack:
        threads: list[threading.Thread] = []
        for _ in range(workers):
            database = stack.enter_context(
                closing(Database(place.doors.worker_database_url, max_size=1))
            )
            live = stack.enter_context(closing(RedisLive(place.doors.redis_url)))
            fake = FakeWorker(PostgresQueue(database), live, clip_s, diary)
            threads.append(threading.Thread(target=fake.run, args=(over,), daemon=True))
            threads[-1].start()
        while place.owner("select count(*) from workers")[0][0] < workers:
            time.sleep(0.1)
        time.sleep(1)
        begin = time.perf_counter()
        film = order(place, me)
        order_s = time.perf_counter() - begin
        for _ in range(min(workers, CLIPS)):
            place.live.ring("starter")
        while place.records.job(me, film.id).state == "waiting":
            time.sleep(0.05)
        wall_s = time.perf_counter() - begin
        over.set()
        for _ in threads:
            place.live.ring("starter")
        for thread in threads:
            thread.join(30)
        _check(place, me, film)
    ideal_s = CLIPS * clip_s / workers
    return Run(
        workers=workers,
        clip_s=clip_s,
        order_s=order_s,
        wall_s=wall_s,
        efficiency=ideal_s / wall_s,
        possible=ideal_s / (math.ceil(CLIPS / workers) * clip_s),
        claim_p50_ms=1000 * statistics.median(diary.claims),
        claim_p99_ms=1000 * percentile(diary.claims, 0.99),
        finish_p50_ms=1000 * statistics.median(diary.finishes),
        finish_p99_ms=1000 * percentile(diary.finishes, 0.99),
        gap_p50_ms=1000 * statistics.median(diary.gaps),
    )


def _check(place: Town, me: Identity, film: Job) -> None:
    """Every clip once, joined once, paid once."""
    done = place.records.job(me, film.id)
    takes = place.records.takes(me, film.id)
    assert done.state == "succeeded", done
    assert len(takes) == CLIPS
    assert all(one.media_key and one.attempts == 1 for one in takes)
    (join,) = place.records.stitches(me, film.id)
    assert join.params["clip_keys"] == [one.media_key for one in takes]
    assert place.records.account(me).credits == 0


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--only", type=int, help="this many workers alone; nothing is kept")
    args = parser.parse_args()
    load_before = os.getloadavg()[0]
    runs: list[Run] = []
    with town(fast=False) as place:
        for workers, clip_s in RUNS:
            if args.only not in (None, workers):
                continue
            runs.append(measure(place, workers, clip_s))
            print("  ".join(f"{k} {v:.3g}" for k, v in asdict(runs[-1]).items()), flush=True)
    figures = {
        "workers": [run.workers for run in runs],
        "efficiency_64": round(runs[-1].efficiency, 3),
        "possible_64": round(runs[-1].possible, 3),
        "load_before": round(load_before, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }
    kept = [{k: round(v, 3) for k, v in asdict(run).items()} for run in runs]
    more = {"clips": CLIPS, "runs": kept} | provenance()
    keep("scale", figures, more=more, save=args.only is None)


if __name__ == "__main__":
    main()
