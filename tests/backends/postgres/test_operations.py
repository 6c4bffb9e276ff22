"""What admins see and do: typed, logged, and refused to everybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, NotEnoughCredits
from ourvidz.domain.job import Job
from ourvidz.domain.operations import cost_per_video
from tests.backends.postgres.house import CARD, House, delivery


@pytest.fixture
def admin(house: House) -> Identity:
    me = house.person()
    house.office.set_role(me.user_id, "admin")
    return me


def log_of(house: House, admin: Identity) -> list[str]:
    return [
        one.text.removeprefix(f"{admin.email} ")
        for one in house.office.admin_log()
        if one.text.startswith(admin.email)
    ]


def ended(house: House, me: Identity, outcome: str = "failed", family: str = "internal") -> Job:
    """A job of theirs that a worker has ended."""
    house.root.execute("delete from public.jobs where state in ('queued', 'running')")
    job = house.order(me)
    house.queue.register(CARD)
    lease = house.queue.claim(CARD, 60)
    assert lease is not None and lease.job.id == job.id
    good = outcome == "succeeded"
    assert house.queue.finish(
        lease,
        outcome,  # type: ignore[arg-type]
        result=delivery(job) if good else None,
        error=None if good else "It broke. <b>Try again</b>.",
        error_family=None if good else family,
    )
    return job


def test_credits_are_granted_once_per_key_and_logged(house: House, admin: Identity) -> None:
    person, key = house.person(), uuid4()
    for _ in range(2):
        assert house.office.grant(admin.user_id, person.user_id, 7, "sorry", key) == 7
    assert log_of(house, admin) == [f"gave 7 credits to {person.email}: sorry"]
    line = house.records.ledger(person)[0]
    assert (line.entry, line.amount, line.note) == ("grant", 7, "sorry")
    assert admin.email not in line.note
    assert house.office.grant(admin.user_id, person.user_id, -3, "wrong", uuid4()) == 4
    with pytest.raises(NotEnoughCredits):
        house.office.grant(admin.user_id, person.user_id, -5, "too much", uuid4())
    with pytest.raises(InvalidRequest):
        house.office.grant(admin.user_id, person.user_id, 0, "", uuid4())
    assert len(log_of(house, admin)) == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda house, who, person, job: house.office.grant(who, person, 1, "", uuid4()),
        lambda house, who, person, job: house.office.change_role(who, person, "admin"),
        lambda house, who, person, job: house.office.set_drain(who, CARD.id, on=True),
        lambda house, who, person, job: house.office.retry(who, job),
        lambda house, who, person, job: house.office.resolve(
            who, house.office.alerts(limit=1)[0].id
        ),
    ],
    ids=["grant", "role", "drain", "retry", "resolve"],
)
def test_who_is_no_admin_does_nothing(
    house: House, act: Callable[[House, UUID, UUID, UUID], object]
) -> None:
    person, mallory = house.person(credits=1), house.person()
    job = ended(house, person)
    for who in (mallory.user_id, uuid4()):
        with pytest.raises(NotAllowed, match="Only admins"):
            act(house, who, person.user_id, job.id)
    assert house.records.account(person).role == "user"
    assert house.records.account(person).credits == 1
    assert len(house.records.jobs(person)) == 1
    assert not next(one for one in house.office.workers() if one.id == CARD.id).drain
    assert log_of(house, mallory) == []


def test_what_is_not_there_is_said_to_be_not_there(house: House, admin: Identity) -> None:
    for act in (
        lambda: house.office.grant(admin.user_id, uuid4(), 1, "", uuid4()),
        lambda: house.office.change_role(admin.user_id, uuid4(), "admin"),
        lambda: house.office.set_drain(admin.user_id, "nobody", on=True),
        lambda: house.office.retry(admin.user_id, uuid4()),
    ):
        with pytest.raises(NotAllowed):
            act()
    house.office.resolve(admin.user_id, 2**40)
    assert log_of(house, admin) == []


def test_a_role_is_given_by_others_and_never_taken_from_oneself(
    house: House, admin: Identity
) -> None:
    person = house.person()
    house.office.change_role(admin.user_id, person.user_id, "admin")
    house.office.change_role(admin.user_id, person.user_id, "admin")
    with pytest.raises(NotAllowed, match="your own"):
        house.office.change_role(admin.user_id, admin.user_id, "user")
    with pytest.raises(InvalidRequest):
        house.office.change_role(admin.user_id, person.user_id, "owner")
    house.office.change_role(person.user_id, admin.user_id, "user")
    with pytest.raises(NotAllowed):
        house.office.change_role(admin.user_id, person.user_id, "user")
    assert log_of(house, admin) == [f"made {person.email} admin"]


def test_a_failed_job_is_tried_again_once_and_costs_nothing(house: House, admin: Identity) -> None:
    person = house.person(credits=2)
    job = ended(house, person)
    seen = next(one for one in house.office.all_jobs(state="failed") if one.id == job.id)
    assert (seen.email, seen.can_retry, seen.error_family) == (person.email, True, "internal")
    again = house.office.retry(admin.user_id, job.id)
    assert house.office.retry(admin.user_id, job.id).id == again.id
    assert (again.state, again.cost, again.user_id) == ("queued", 0, person.user_id)
    assert again.params == job.params
    assert house.records.account(person).credits == 2
    assert log_of(house, admin) == [f"tries video {job.id} again"]
    assert not next(one for one in house.office.all_jobs() if one.id == job.id).can_retry
    lease = house.queue.claim(CARD, 60)
    assert lease is not None and house.queue.finish(lease, "succeeded", result=delivery(again))
    assert [line.entry for line in house.records.ledger(person)] == ["refund", "reserve", "grant"]
    with pytest.raises(NotAllowed):
        house.office.retry(admin.user_id, again.id)


def test_what_the_rules_refused_is_not_tried_again(house: House, admin: Identity) -> None:
    job = ended(house, house.person(credits=1), family="PolicyRefused")
    with pytest.raises(NotAllowed, match="not refused"):
        house.office.retry(admin.user_id, job.id)


def test_a_worker_is_drained_and_set_to_work_again(house: House, admin: Identity) -> None:
    house.queue.register(CARD)
    house.office.set_drain(admin.user_id, CARD.id, on=True)
    worker = next(one for one in house.office.workers() if one.id == CARD.id)
    assert (worker.drain, worker.loaded, worker.memory_bytes) == (True, "starter", 2**33)
    assert not worker.is_lost
    house.order(house.person(credits=1))
    assert house.queue.claim(CARD, 60) is None
    house.office.set_drain(admin.user_id, CARD.id, on=False)
    assert house.queue.register(CARD) is False
    assert log_of(house, admin) == [f"lets work again: {CARD.id}", f"drains worker {CARD.id}"]


def test_alerts_are_shown_until_somebody_closes_them(house: House, admin: Identity) -> None:
    job = ended(house, house.person(credits=1))
    alert = next(one for one in house.office.alerts() if str(job.id) in one.text)
    house.office.resolve(admin.user_id, alert.id)
    assert alert.id not in {one.id for one in house.office.alerts()}
    assert all(one.kind != "admin" for one in house.office.alerts())


def test_the_queue_is_counted_by_kind(house: House) -> None:
    house.root.execute("delete from public.jobs where state in ('queued', 'running')")
    person = house.person(credits=5)
    for kind in ("video", "video", "preview"):
        job = house.order(person, kind)
    house.root.execute(
        "update public.jobs set created_at = now() - interval '90 s' where id = %s", (job.id,)
    )
    lines = {line.kind: line for line in house.office.queues()}
    assert (lines["video"].waiting, lines["video"].running) == (2, 0)
    assert 90 <= lines["preview"].oldest_s < 120


def test_people_are_found_by_a_part_of_their_address_as_it_stands(house: House) -> None:
    person = house.person(credits=1)
    ended(house, person, "succeeded")
    (found,) = house.office.people(person.email[3:20].upper())
    assert (found.user_id, found.credits, found.videos) == (person.user_id, 0, 1)
    assert found.last_job_at is not None
    for nothing in ("%", "_@", "' or true --"):
        assert house.office.people(nothing) == []


def test_figures_say_how_jobs_end_and_how_long_they_take(house: House) -> None:
    house.root.execute("delete from public.jobs")
    person = house.person(credits=9)
    for i, outcome in enumerate(("succeeded", "succeeded", "failed")):
        job = ended(house, person, outcome)
        house.root.execute(
            "update public.jobs set started_at = created_at + interval '5 s',"
            " finished_at = created_at + interval '15 s' + %s * interval '10 s' where id = %s",
            (i, job.id),
        )
    (video,) = house.office.figures(1)
    assert (video.succeeded, video.failed, video.credits) == (2, 1, 2)
    assert (video.wait_p50_s, video.run_p50_s, video.machine_s) == (5, 15, 60)
    assert video.run_p95_s == pytest.approx(19.5)
    assert video.success == pytest.approx(2 / 3)
    assert cost_per_video([video], 60.0) == pytest.approx(0.5)
    days = house.office.daily(30)
    assert len(days) == 30
    assert (days[-1].succeeded, days[-1].failed, days[-1].run_p50_s) == (2, 1, 15)
    assert (days[0].succeeded, days[0].run_p50_s) == (0, None)


def test_refusals_are_counted_by_rule(house: House) -> None:
    person = house.person()
    for rule in ("minors", "minors", "real people"):
        house.office.record_refusal(person.user_id, rule, "0" * 64)
    counted = {one.category: (one.refusals, one.people) for one in house.office.refused(1)}
    assert counted["minors"] == (2, 1)
    assert counted["real people"] == (1, 1)


def test_the_ledger_says_what_a_line_is_about_and_usage_what_was_delivered(house: House) -> None:
    person, other = house.person(credits=5), house.person(credits=5)
    ended(house, person, "succeeded")
    ended(house, person, "failed")
    ended(house, other, "succeeded")
    lines = house.records.ledger(person)
    assert [(line.entry, line.seconds) for line in lines] == [
        ("refund", 5.0), ("reserve", 5.0), ("settle", 5.0), ("reserve", 5.0), ("grant", None),
    ]  # fmt: skip
    (day,) = house.records.usage(person)
    assert (day.day, day.videos, day.credits) == (datetime.now(UTC).date(), 1, 1)
