"""How soon a job starts, and what that costs: `python -m benchmarks.queue`

Both servers local with their real settings (every commit forced to disk), one worker process whose
jobs do nothing. Start is from the moment the job is committed (`enqueue` has returned) to the first
line that runs in the GPU child; order is what `enqueue` itself takes. The alternative in the same
run is a worker that no bell wakes and that looks every second instead.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from uuid import UUID

import redis

from benchmarks.fire import gpu_children
from benchmarks.fleet import Fleet
from benchmarks.provenance import keep, provenance
from benchmarks.town import Town, town
from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.work_queue import PostgresQueue
from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, NewJob, WorkerCard

NOTHING = {"prompt": "nothing"}
CARD = WorkerCard(
    id="benchmark", hostname="here", device="none", memory_bytes=1,
    kinds=("enhance", "video"), models=("starter",), loaded="starter",
)  # fmt: skip


def percentile(times: list[float], share: float) -> float:
    """The value below which that share of the times lies."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


@contextmanager
def working(
    place: Town, workers: int = 1, lease_s: float = 60.0, poll_s: float = 15.0
) -> Iterator[Fleet]:
    """Worker processes that are ready."""
    fleet = Fleet(place.post(lease_s=lease_s, poll_s=poll_s), workers, place.folder)
    fleet.keep()
    try:
        _until(lambda: place.owner("select count(*) from workers")[0][0] == workers)
        time.sleep(1)
        yield fleet
    finally:
        fleet.stop()


def starts(place: Town) -> dict[UUID, list[tuple[int, float]]]:
    """Attempts of every job and when each began, seconds of the epoch."""
    found: dict[UUID, list[tuple[int, float]]] = {}
    journal = place.folder / "scratch/journal"
    for line in journal.read_text().splitlines() if journal.exists() else ():
        job, attempt, _, began = line.split()
        found.setdefault(UUID(job), []).append((int(attempt), float(began)))
    return found


def latencies_ms(
    place: Town, me: Identity, count: int, *, ring: bool
) -> tuple[list[float], list[float]]:
    """Start and order times of `count` jobs, one after the other, each for an idle worker."""
    asked: dict[UUID, tuple[float, float]] = {}
    for number in range(count):
        time.sleep(random.uniform(0.01, 0.05) if ring else random.uniform(0, 1))
        new = NewJob(
            kind="enhance", params=NOTHING, model="starter", idempotency_key=f"{ring} {number}"
        )
        begin = time.time()
        job = place.records.enqueue(me, new)
        asked[job.id] = begin, time.time()
        if ring:
            place.live.ring("starter")
        _until(lambda job=job: place.records.job(me, job.id).is_final, pause_s=0.01)
    began = starts(place)
    waits = [1000 * (began[job][0][1] - committed) for job, (_, committed) in asked.items()]
    return waits, [1000 * (committed - begin) for begin, committed in asked.values()]


def cancels_ms(place: Town, me: Identity, count: int) -> list[float]:
    """From a cancel of a running job, as the studio does it, to its end."""
    times: list[float] = []
    for _ in range(count):
        job = place.order(me, {"prompt": "steps=1000x0.05"}, "enhance")
        _until(lambda job=job: job.id in starts(place))
        time.sleep(random.uniform(0.5, 1.0))
        begin = time.perf_counter()
        place.records.cancel(me, job.id)
        place.live.request_cancel(job.id)
        _until(lambda job=job: place.records.job(me, job.id).is_final, pause_s=0.01)
        times.append(1000 * (time.perf_counter() - begin))
    return times


def throughput(place: Town, people: list[Identity], each: int) -> float:
    """Jobs per second of one worker with a full queue."""
    jobs = [place.order(me, NOTHING, "enhance") for me in people for _ in range(each)]
    _until(lambda: not place.owner("select 1 from jobs where state in ('queued', 'running')"))
    query = "select min(started_at), max(finished_at) from jobs where id = any(%s)"
    begun, ended = place.owner(query, [job.id for job in jobs])[0]
    return len(jobs) / (ended - begun).total_seconds()


def claims_ms(place: Town, people: list[Identity], rows: int, count: int) -> list[float]:
    """What `count` claims take with `rows` jobs queued by all these people."""
    place.owner("delete from jobs")
    place.owner(
        "insert into jobs (user_id, kind, model, params, turn, idempotency_key) "
        "select (%s::uuid[])[1 + n %% %s], 'enhance', 'starter', %s, n / %s, n::text "
        "from generate_series(1, %s) n",
        [me.user_id for me in people], len(people), json.dumps(NOTHING), len(people), rows,
    )  # fmt: skip
    place.owner("analyze jobs")
    times: list[float] = []
    with closing(Database(place.doors.worker_database_url)) as database:
        queue = PostgresQueue(database)
        queue.register(CARD)
        for _ in range(count):
            begin = time.perf_counter()
            lease = queue.claim(CARD, 60)
            times.append(1000 * (time.perf_counter() - begin))
            assert lease is not None
            queue.finish(lease, "succeeded", result={})
        queue.leave(CARD.id)
    place.owner("delete from jobs")
    return times


def idle_commands_per_hour(place: Town, seconds: float) -> float:
    """Redis commands of one worker that has nothing to do."""
    with closing(redis.Redis.from_url(place.doors.redis_url)) as client:

        def processed() -> int:
            found: dict[str, dict[str, int]] = client.info("commandstats")  # type: ignore[assignment]
            return sum(row["calls"] for name, row in found.items() if name != "cmdstat_info")

        before = processed()
        time.sleep(seconds)
        return (processed() - before) / seconds * 3600


def recovery_s(place: Town, me: Identity, lease_s: float) -> float:
    """From kill -9 of a worker to the next start of its job, by another worker."""
    with working(place, workers=2, lease_s=lease_s) as fleet:
        job = place.order(me, {"prompt": "sleep=600@1"}, "enhance")
        _until(lambda: job.id in starts(place))
        time.sleep(random.uniform(0, lease_s / 12))
        owner = _worker_of(place, job)
        next(p for p in fleet.processes if owner in gpu_children(p.pid)).kill()
        killed_at = time.time()
        _until(lambda: len(starts(place)[job.id]) == 2, limit_s=2 * lease_s + 60)
        return starts(place)[job.id][1][1] - killed_at


def _worker_of(place: Town, job: Job) -> int:
    lines = (place.folder / "scratch/journal").read_text().splitlines()
    return next(int(line.split()[2]) for line in lines if line.startswith(str(job.id)))


def _until(look: Callable[[], object], *, pause_s: float = 0.05, limit_s: float = 120.0) -> None:
    until = time.monotonic() + limit_s
    while not look():
        if time.monotonic() > until:
            raise TimeoutError("it does not happen")
        time.sleep(pause_s)


def measure(place: Town, jobs: int, lease_s: float) -> dict[str, float]:
    """All figures; the machine's load while they were taken is one of them."""
    people = [place.person(1) for _ in range(20)]
    figures: dict[str, float] = {"load_before": os.getloadavg()[0], "nice": os.nice(0)}
    with working(place):
        latencies_ms(place, people[0], 5, ring=True)  # warm-up
        times, orders = latencies_ms(place, people[1], jobs, ring=True)
        figures |= {
            "start_p50_ms": statistics.median(times),
            "start_p99_ms": percentile(times, 0.99),
            "order_p50_ms": statistics.median(orders),
            "order_p99_ms": percentile(orders, 0.99),
        }
        times = cancels_ms(place, people[4], 10)
        figures |= {"cancel_p50_ms": statistics.median(times), "cancel_max_ms": max(times)}
        figures["jobs_per_s"] = throughput(place, people, 10)
        time.sleep(5)  # bells of jobs that were taken without them are heard now
        figures["idle_commands_per_hour"] = idle_commands_per_hour(place, 60)
    with working(place, poll_s=1.0):
        times, _ = latencies_ms(place, people[2], 20, ring=False)
        figures |= {
            "polling_start_p50_ms": statistics.median(times),
            "polling_start_p99_ms": percentile(times, 0.99),
            "polling_claims_per_hour": 3600.0,
        }
    for rows in (100, 1_000, 10_000):
        times = claims_ms(place, people, rows, 200 if rows > 200 else rows)
        figures[f"claim_p50_ms_{rows}"] = statistics.median(times)
        figures[f"claim_p99_ms_{rows}"] = percentile(times, 0.99)
    figures["recovery_s"] = recovery_s(place, people[3], lease_s)
    return figures | {"lease_s": lease_s, "load_after": os.getloadavg()[0]}


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--lease", type=float, default=60.0, help="seconds")
    args = parser.parse_args()
    with town(fast=False) as place:
        figures = measure(place, args.jobs, args.lease)
    for name, value in figures.items():
        print(f"{name:28}{value:12.2f}")
    result = {name: round(value, 2) for name, value in figures.items()}
    keep("queue", result, more=provenance())


if __name__ == "__main__":
    main()
