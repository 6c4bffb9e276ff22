"""How a job stands: the database's truth, and what is live on top of it."""

from __future__ import annotations

from typing import Any

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, Lease
from ourvidz.studio import jobs, orders, projects
from tests.studio.conftest import CARD, Town
from tests.studio.scenes import deliver_video


def ordered(town: Town, me: Identity) -> Job:
    project = projects.create_project(me, town.studio, {"prompt": "a cat", "seconds": 1})
    return orders.render(me, town.studio, project.id)


def begun(town: Town) -> tuple[Identity, Lease]:
    me = town.person(credits=1)
    return me, town.take(ordered(town, me))


def test_the_line_is_told_honestly(town: Town) -> None:
    first, second = town.person(credits=1), town.person(credits=1)
    made = {me.user_id: (me, ordered(town, me)) for me in (first, second)}
    seen = [jobs.status(me, town.studio, job.id) for me, job in made.values()]
    assert sorted(one.ahead for one in seen) == [0, 1]
    assert {(one.workers, one.eta_s) for one in seen} == {(0, None)}

    town.queue.register(CARD)
    (next_, job), (last, other) = sorted(
        made.values(), key=lambda one: jobs.status(one[0], town.studio, one[1].id).ahead
    )
    assert jobs.status(next_, town.studio, job.id).eta_s is None, "nothing was ever measured"
    deliver_video(town, next_, job)
    now = jobs.status(last, town.studio, other.id)
    assert (now.ahead, now.workers) == (0, 1)
    assert now.eta_s is not None
    assert 0 < now.eta_s < 60
    jobs.cancel(last, town.studio, other.id)


def test_live_news_is_shown_on_top_of_what_the_database_knows(town: Town) -> None:
    me, lease = begun(town)
    town.queue.heartbeat(lease, 60, 0.25, "encode", 9.0)
    before = jobs.status(me, town.studio, lease.job.id)
    assert (before.progress, before.stage, before.eta_s, before.jpeg) == (0.25, "encode", 9.0, None)
    news = {"progress": 0.5, "stage": "denoise", "eta_s": 4.5, "attempt": 1}
    town.studio.live.publish(lease.job.id, news, b"jpeg")
    now = jobs.status(me, town.studio, lease.job.id)
    assert (now.progress, now.stage, now.eta_s, now.jpeg) == (0.5, "denoise", 4.5, b"jpeg")
    town.queue.finish(lease, "failed", error="It broke. Try again.", error_family="Unavailable")
    after = jobs.status(me, town.studio, lease.job.id)
    assert (after.job.state, after.eta_s, after.jpeg) == ("failed", None, None)
    assert after.job.error == "It broke. Try again."


@pytest.mark.parametrize(
    "news",
    [
        {"progress": 0.9, "stage": "decode", "attempt": 7},
        {"progress": "most of it", "stage": None, "eta_s": "soon"},
        {"progress": True, "eta_s": [1]},
        {"progress": 0.1},
        {},
    ],
    ids=str,
)
def test_lost_and_garbled_news_takes_nothing_back(town: Town, news: dict[str, Any]) -> None:
    me, lease = begun(town)
    town.queue.heartbeat(lease, 60, 0.25, "encode", 9.0)
    town.studio.live.publish(lease.job.id, news)
    now = jobs.status(me, town.studio, lease.job.id)
    assert (now.progress, now.stage, now.eta_s) == (0.25, "encode", 9.0)
    town.queue.finish(lease, "cancelled")


def test_before_a_job_has_its_own_pace_others_tell_how_long_it_takes(town: Town) -> None:
    other = town.person(credits=1)
    deliver_video(town, other, ordered(town, other))
    town.root.execute(
        "update public.jobs set started_at = finished_at - interval '40 s'"
        " where state = 'succeeded' and kind = 'video'"
    )
    me, lease = begun(town)
    town.queue.heartbeat(lease, 60, 0.02, "load", None)
    eta_s = jobs.status(me, town.studio, lease.job.id).eta_s
    assert eta_s is not None
    assert 20 < eta_s <= 40
    town.root.execute(
        "update public.jobs set started_at = now() - interval '50 s' where id = %s",
        (lease.job.id,),
    )
    assert jobs.status(me, town.studio, lease.job.id).eta_s is None, "longer than it ever took"
    town.queue.finish(lease, "cancelled")
