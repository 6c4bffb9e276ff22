"""What asking as a person costs: `python -m benchmarks.records`

One row (the account, which every page and every order reads) and a page of 20 projects, read with
row-level security on a connection that takes the person's role and claims and gives them up again;
beside them the same page read by the owner of the schema without any of that, and without making
our values of the rows. 50 people with 40 projects each.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

import psycopg

from benchmarks.provenance import keep, provenance
from ourvidz.backends.embedded.stack import EmbeddedStack
from ourvidz.backends.postgres.connection import Database, connect
from ourvidz.backends.postgres.records import PostgresRecords
from ourvidz.domain.account import Identity

PEOPLE, PROJECTS, PAGE = 50, 40, 20


def people(owner: psycopg.Connection) -> list[Identity]:
    """Everyone, each with projects."""
    ids = [uuid4() for _ in range(PEOPLE)]
    owner.execute(
        "insert into auth.users (id, email) select id, id || '@example.com'"
        " from unnest(%s::uuid[]) id",
        (ids,),
    )
    owner.execute(
        "insert into public.projects (user_id, prompt) select id, 'a red sailboat at sunset'"
        " from unnest(%s::uuid[]) id, generate_series(1, %s)",
        (ids, PROJECTS),
    )
    owner.execute("analyze public.projects")
    return [who(id) for id in ids]


def who(user_id: UUID) -> Identity:
    """A verified identity."""
    claims = {"sub": str(user_id), "role": "authenticated"}
    return Identity(user_id=user_id, email="", session_id="", claims=claims)


def milliseconds(ask: Callable[[int], object], runs: int) -> list[float]:
    """Sorted times of `runs` calls; a tenth more is run before and discarded."""
    for i in range(runs // 10):
        ask(i)
    times: list[float] = []
    for i in range(runs):
        begin = perf_counter()
        ask(i)
        times.append((perf_counter() - begin) * 1e3)
    return sorted(times)


def measure(runs: int) -> dict[str, list[float]]:
    """Times in ms, sorted, by way of asking."""
    with tempfile.TemporaryDirectory(prefix="ov") as folder, ExitStack() as open:
        Path(folder).chmod(0o711)
        stack = EmbeddedStack(Path(folder) / "data")
        endpoints = stack.start()
        open.callback(stack.stop)
        records = PostgresRecords(open.enter_context(closing(Database(endpoints.database_url))))
        owner = open.enter_context(connect(endpoints.owner_database_url))
        everyone = people(owner)
        plain = "select * from public.projects where user_id = %s order by updated_at desc limit %s"
        return {
            "one row, as a person": milliseconds(
                lambda i: records.account(everyone[i % PEOPLE]), runs
            ),
            "a page, as a person": milliseconds(
                lambda i: records.projects(everyone[i % PEOPLE], limit=PAGE), runs
            ),
            "a page, by the owner, no security": milliseconds(
                lambda i: owner.execute(plain, (everyone[i % PEOPLE].user_id, PAGE)).fetchall(),
                runs,
            ),
        }


def main() -> None:
    """Print the table, keep the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.records", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    args = parser.parse_args()
    rows = measure(args.runs)
    for name, times in rows.items():
        p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
        print(f"{name:34} p50 {p50:6.3f} ms   p99 {p99:6.3f} ms")
    one, page, plain = rows.values()
    figures = {
        "read_p50_ms": round(statistics.median(one), 3),
        "read_p99_ms": round(one[int(len(one) * 0.99)], 3),
        "page_p50_ms": round(statistics.median(page), 3),
        "page_p99_ms": round(page[int(len(page) * 0.99)], 3),
        "plain_page_p50_ms": round(statistics.median(plain), 3),
        "runs": args.runs,
    }
    keep("records", figures, more=provenance())


if __name__ == "__main__":
    main()
