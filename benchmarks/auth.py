"""What signing in costs, and how fast a token is checked: `python -m benchmarks.auth`

The embedded service on its own Postgres, through the real protocol client, in one process. The
alternative in the same run: to check a token by asking the service (`verify_live`) instead of by
its signature (`verify`). Wrong passwords and unknown addresses stand beside each other: who
measures the answer should not learn which is which. "during a rush" is a check while 16 people
sign in at once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from benchmarks.provenance import add_saving, keep, provenance
from ourvidz.backends.embedded.auth import embedded_auth
from ourvidz.backends.embedded.mailbox import FileMailbox
from ourvidz.backends.embedded.stack import EmbeddedStack, Endpoints
from ourvidz.domain.errors import NotAllowed
from ourvidz.ports import Auth, Tokens

PASSWORD = "correct horse 7 battery"
SLOW_N, QUICK_N, VERIFY_N, RUSH_N = 60, 300, 2000, 16

Call = Callable[[], Awaitable[object]]
Row = dict[str, float]


def allow(what: str, who: str, *, limit: int, per_s: int) -> float:
    """Everybody, always: the limits are not what is measured."""
    return 0.0


@contextmanager
def servers() -> Iterator[tuple[Endpoints, Path]]:
    """A stack of its own in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ov-") as name:
        folder = Path(name)
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        stack = EmbeddedStack(folder / "data")
        try:
            yield stack.start(), folder
        finally:
            stack.stop()


def row(times_s: list[float]) -> Row:
    """The median and the worst of a hundred, in ms."""
    return {
        "n": len(times_s),
        "p50_ms": round(median(times_s) * 1000, 3),
        "p99_ms": round(quantiles(times_s, n=100)[98] * 1000, 3),
    }


async def timed(call: Call, n: int) -> Row:
    """`n` calls, one after the other, after one that is thrown away."""
    times_s: list[float] = []
    for _ in range(n + 1):
        begin = perf_counter()
        with suppress(NotAllowed):
            await call()
        times_s.append(perf_counter() - begin)
    return row(times_s[1:])


async def guesses(auth: Auth) -> dict[str, Row]:
    """A wrong password and an unknown address, taken in turns: the machine's moods hit both."""
    names = {"wrong password": "known@example.org", "unknown address": "nobody@example.org"}
    times_s: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(SLOW_N):
        for name, email in names.items():
            begin = perf_counter()
            with suppress(NotAllowed):
                await auth.sign_in(email, "not the password")
            times_s[name].append(perf_counter() - begin)
    return {name: row(times) for name, times in times_s.items()}


async def rush(auth: Auth, token: str) -> dict[str, Row]:
    """Many sign in at once, and somebody's token is checked meanwhile."""
    begin = perf_counter()
    people = [
        asyncio.ensure_future(auth.sign_in("known@example.org", PASSWORD)) for _ in range(RUSH_N)
    ]
    waits_s: list[float] = []
    while not all(person.done() for person in people):
        asked = perf_counter()
        await auth.verify_live(token)
        waits_s.append(perf_counter() - asked)
    await asyncio.gather(*people)
    per_person_s = (perf_counter() - begin) / RUSH_N
    together = {"n": RUSH_N, "p50_ms": round(per_person_s * 1000, 3)}
    return {"sign in, in a rush, each": together, "ask the service, in a rush": row(waits_s)}


async def measure(auth: Auth) -> dict[str, Row]:
    """Every row of the table."""
    tokens = await auth.sign_up("known@example.org", PASSWORD)
    token = tokens.access_token
    number = iter(range(10**6))
    latest: list[Tokens] = [tokens]

    async def refresh() -> None:
        latest.append(await auth.refresh(latest[-1].refresh_token))

    async def verify() -> None:
        auth.verify(token)

    return {
        "verify by signature": await timed(verify, VERIFY_N),
        "verify by asking": await timed(lambda: auth.verify_live(token), QUICK_N),
        "sign up": await timed(
            lambda: auth.sign_up(f"{next(number)}@example.org", PASSWORD), SLOW_N
        ),
        "sign in": await timed(lambda: auth.sign_in("known@example.org", PASSWORD), SLOW_N),
        **await guesses(auth),
        "refresh": await timed(refresh, QUICK_N),
        **await rush(auth, token),
    }


async def run() -> dict[str, Row]:
    """Start everything, measure, stop everything."""
    with servers() as (endpoints, folder):
        auth = embedded_auth(
            endpoints.auth_database_url, folder / "secrets", FileMailbox(folder / "outbox"), allow
        )
        try:
            return await measure(auth)
        finally:
            await auth.aclose()


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.auth", description=__doc__)
    add_saving(parser)
    args = parser.parse_args()
    table = asyncio.run(run())
    print(f"{'':28}{'n':>8}{'p50_ms':>12}{'p99_ms':>12}")
    for name, each in table.items():
        shown = "".join(f"{each[key]:>12.3f}" for key in ("p50_ms", "p99_ms") if key in each)
        print(f"{name:28}{each['n']:>8}{shown}")
    result = {
        "verify_p50_ms": table["verify by signature"]["p50_ms"],
        "verify_live_p50_ms": table["verify by asking"]["p50_ms"],
        "sign_in_p50_ms": table["sign in"]["p50_ms"],
        "refresh_p50_ms": table["refresh"]["p50_ms"],
        "unknown_minus_wrong_p50_ms": round(
            table["unknown address"]["p50_ms"] - table["wrong password"]["p50_ms"], 3
        ),
        "rows": table,
        "note": args.note,
    } | provenance()
    keep("auth", result, save=args.save)


if __name__ == "__main__":
    main()
