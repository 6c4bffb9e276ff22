"""Films in a house: ordered without a studio, made without a worker."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, Lease
from ourvidz.domain.storyboard import NewFilm, ShotOrder, Take
from tests.backends.postgres.house import CARD, House, delivery

WORKER = replace(CARD, kinds=("enhance", "preview", "video", "stitch"))


def new_film(board: UUID, shots: int = 3, *, key: str = "", chained: bool = False) -> NewFilm:
    """One scene of so many shots."""
    return NewFilm(
        storyboard_id=board,
        model="starter",
        params={
            "title": "Sea",
            "seed": 1,
            "continuity": "chained" if chained else "anchored",
            "seams": [["cut", 0]] * (shots - 1),
        },
        shots=tuple(
            ShotOrder(
                key=f"a/{place}",
                params={"prompt": f"shot {place}", "num_frames": 80, "seed": place},
                after=chained and place > 0,
            )
            for place in range(shots)
        ),
        idempotency_key=key or str(uuid4()),
    )


def order_film(house: House, me: Identity, shots: int = 3, *, chained: bool = False) -> Job:
    """A new storyboard and its film."""
    board = house.records.create_storyboard(me, {"title": "Sea"})
    return house.records.enqueue_film(me, new_film(board.id, shots, chained=chained))


def claimed(house: House) -> Lease:
    """The next attempt."""
    house.queue.register(WORKER)
    lease = house.queue.claim(WORKER, 60)
    assert lease is not None, "nothing can be claimed"
    return lease


def deliver(house: House, lease: Lease) -> bool:
    """The attempt succeeds."""
    result = delivery(lease.job, lease.attempt)
    if lease.job.kind == "stitch":
        result = {k: v for k, v in result.items() if k != "seed"}
    return house.queue.finish(lease, "succeeded", result=result)


def fail(house: House, lease: Lease) -> bool:
    """The attempt ends without a clip, for good."""
    return house.queue.finish(lease, "failed", error="It broke.", error_family="internal")


def make_clips(house: House, count: int) -> list[Lease]:
    """The next clips in line are made."""
    leases: list[Lease] = []
    for _ in range(count):
        leases.append(claimed(house))
        assert leases[-1].job.kind == "video"
        assert deliver(house, leases[-1])
    return leases


def states(house: House, me: Identity, film: Job) -> str:
    """The first letters of the states of its takes, in order."""
    return "".join(take.state[0] for take in takes(house, me, film))


def takes(house: House, me: Identity, film: Job) -> list[Take]:
    return house.records.takes(me, film.id)


def ledger(house: House, me: Identity) -> list[tuple[str, int]]:
    """Entries and amounts, oldest first, without the welcome."""
    lines = house.records.ledger(me, limit=100)
    return [(line.entry, line.amount) for line in reversed(lines)][1:]
