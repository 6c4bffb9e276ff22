"""Nothing is lost when everything dies: `python -m benchmarks.chaos`

Workers, GPU children, Postgres and Valkey are killed by kill -9 at random moments, the storage
refuses and the disk is full for a while, users double-click and cancel; then every job must have
ended, once, and every credit must be where it belongs. The last run does it to the real pipeline.
The pauses between attempts (5 and 20 s) are cut short, nothing else is.
"""

from __future__ import annotations

import argparse
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.fire import Fire
from benchmarks.fleet import Fleet
from benchmarks.provenance import keep, provenance
from benchmarks.town import Town, insist, town
from ourvidz.domain.account import Identity
from ourvidz.domain.job import NewJob

#: Ends that are meant: their jobs must fail and be refunded.
_DOOMED = {3: "die=9", 7: "raise=bug", 9: "raise=OutOfMemory"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run. pause_s: seconds between two blows, at random. fire_s: when the last one falls.

    limit_s: when jobs that have not ended count as lost.
    """

    jobs: int = 60
    workers: int = 3
    users: int = 4
    lease_s: float = 6.0
    pause_s: tuple[float, float] = (0.3, 1.2)
    fire_s: float = 120.0
    limit_s: float = 240.0
    seed: int = 0
    is_real: bool = False


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What one run left. lost, delivered_twice, ledger_mismatch must be 0."""

    states: dict[str, int]
    blows: dict[str, int]
    lost: int
    delivered_twice: int
    ledger_mismatch: int
    seconds: float
    jobs: int = field(default=0)

    @property
    def kills(self) -> int:
        """Processes that were killed."""
        return sum(self.blows.get(name, 0) for name in ("worker", "child", "postgres", "valkey"))


def burn(place: Town, plan: Plan) -> Tally:
    """One run on a new town."""
    begin, dice = time.monotonic(), random.Random(plan.seed)
    people = [place.person(plan.jobs) for _ in range(plan.users)]
    fleet = Fleet(
        place.post(lease_s=plan.lease_s, is_real=plan.is_real), plan.workers, place.folder
    )
    fire = Fire(place, fleet, plan.pause_s, dice)
    fleet.keep()
    fire.start()
    try:
        jobs = {
            _ordered(place, people[number % len(people)], _params(plan, number, dice), dice)
            for number in range(plan.jobs)
        }
        _wait(place, fleet, begin + plan.fire_s)
        fire.stop()
        _wait(place, fleet, begin + plan.limit_s)
    finally:
        fire.stop()
        fleet.stop()
    return _counted(place, jobs, fire, time.monotonic() - begin)


def _ordered(place: Town, me: Identity, params: dict[str, Any], dice: random.Random) -> UUID:
    """By a double click; one in ten thinks better of it."""
    new = NewJob(kind="video", model="starter", params=params, idempotency_key=str(dice.random()))
    first, second = (insist(lambda: place.records.enqueue(me, new)) for _ in range(2))
    assert first.id == second.id, "a double click is one job"
    place.live.ring(first.model)
    if dice.random() < 0.1:
        insist(lambda: place.records.cancel(me, first.id))
        place.live.request_cancel(first.id)
    time.sleep(dice.uniform(0, 0.3))
    return first.id


def _params(plan: Plan, number: int, dice: random.Random) -> dict[str, Any]:
    if plan.is_real:
        return {
            "prompt": f"a red sailboat, number {number}", "num_frames": 9, "seed": number,
            "num_inference_steps": 2, "width": 64, "height": 64, "output_size": [64, 64],
        }  # fmt: skip
    script = f"steps=10x{dice.uniform(0.005, 0.15):.3f}"
    return {"prompt": _DOOMED.get(number, script), "num_frames": 80}


def _wait(place: Town, fleet: Fleet, until: float) -> None:
    """Until all jobs have ended; dead workers are replaced, pauses between attempts skipped."""
    while time.monotonic() < until:
        fleet.keep()
        with suppress(psycopg.OperationalError):
            place.owner("update public.jobs set not_before = now() where state = 'queued'")
            if not place.owner("select 1 from jobs where state in ('queued', 'running')"):
                return
        time.sleep(0.5)


def _counted(place: Town, jobs: set[UUID], fire: Fire, seconds: float) -> Tally:
    found: dict[UUID, str] = dict(place.owner("select id, state from public.jobs"))
    files = [place.folder / "media" / key for (key,) in place.owner("select media_key from videos")]
    ended = ("succeeded", "failed", "cancelled")
    lost = sum(found.get(job) not in ended for job in jobs) + len(found.keys() ^ jobs)
    states = list(found.values())
    return Tally(
        jobs=len(jobs),
        states={state: states.count(state) for state in sorted(set(states))},
        blows=fire.blows,
        lost=lost + sum(not file.is_file() for file in files),
        delivered_twice=len(place.owner(_TWICE)),
        ledger_mismatch=len(place.owner(_WRONG_BALANCES)) + len(place.owner(_WRONG_JOBS)),
        seconds=seconds,
    )


_TWICE = """
select job_id from public.usage_logs where entry = 'settle' group by job_id having count(*) > 1
union all select job_id from public.videos group by job_id having count(*) > 1
"""
#: Accounts whose credits are not the sum of their ledger, or below nothing.
_WRONG_BALANCES = """
select u.id from public.users u left join public.usage_logs l on l.user_id = u.id
group by u.id having u.credits_remaining <> coalesce(sum(l.amount), 0) or u.credits_remaining < 0
"""
#: Jobs delivered unpaid, or paid undelivered.
_WRONG_JOBS = """
select j.id from public.jobs j
where (select count(*) from public.usage_logs l where l.job_id = j.id and l.entry = 'reserve') <> 1
or (select count(*) from public.usage_logs l where l.job_id = j.id and l.entry = 'settle')
    <> (j.state = 'succeeded')::int
or (select count(*) from public.usage_logs l where l.job_id = j.id and l.entry = 'refund')
    <> (j.state in ('failed', 'cancelled'))::int
or (select count(*) from public.videos v where v.job_id = j.id) <> (j.state = 'succeeded')::int
"""


def main() -> None:
    """Burn it down again and again, print what was left, keep the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    plans = [Plan(jobs=args.jobs, seed=args.seed + run) for run in range(args.runs)]
    # Its children need seconds to import torch: blows as dense as above would let none begin.
    real = Plan(
        jobs=10, workers=2, users=2, is_real=True, lease_s=20, pause_s=(8, 20), limit_s=500
    )  # fmt: skip
    tallies: list[Tally] = []
    for plan in (*plans, real):
        with town() as place:
            tallies.append(tally := burn(place, plan))
        kind = "real pipeline" if plan.is_real else "scripts"
        print(
            f"{kind:14}{tally.seconds:6.1f} s  {tally.states}  blows {tally.blows}  lost", end=" "
        )
        print(f"{tally.lost}  twice {tally.delivered_twice}  ledger {tally.ledger_mismatch}")
    figures = {
        "runs": len(tallies),
        "jobs": sum(tally.jobs for tally in tallies),
        "kills": sum(tally.kills for tally in tallies),
        "lost": sum(tally.lost for tally in tallies),
        "delivered_twice": sum(tally.delivered_twice for tally in tallies),
        "ledger_mismatch": sum(tally.ledger_mismatch for tally in tallies),
        "succeeded": sum(tally.states.get("succeeded", 0) for tally in tallies),
    }
    keep("chaos", figures, more=provenance())


if __name__ == "__main__":
    main()
