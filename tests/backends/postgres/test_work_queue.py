"""The line: fair, exactly-once, and never stuck behind a dead worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.job import Job, Lease
from tests.backends.postgres.house import CARD, House, delivery


@pytest.fixture(autouse=True)
def empty_line(house: House) -> None:
    """Every test begins with no job and one worker."""
    house.root.execute("delete from public.jobs")
    house.root.execute("delete from public.workers")
    house.queue.register(CARD)


def claimed(house: House, **card: object) -> Lease:
    lease = house.queue.claim(replace(CARD, **card), 60)  # type: ignore[arg-type]
    assert lease is not None
    return lease


def state(house: House, job: Job) -> tuple[str, int]:
    row = house.root.execute(
        "select state, attempts from public.jobs where id = %s", (job.id,)
    ).fetchone()
    assert row is not None
    return row


def test_users_take_turns_and_previews_go_before_videos(house: House) -> None:
    ann, bob = house.person(9), house.person(9)
    names: dict[UUID, str] = {}
    for _ in range(6):
        names[house.order(ann).id] = "A"
    for _ in range(2):
        names[house.order(bob).id] = "B"
    names[house.order(ann, "preview").id] = "A!"
    order = [names[claimed(house).job.id] for _ in range(9)]
    assert "".join(order) == "A!ABABAAAA"


def test_a_newcomer_does_not_wait_for_all_that_was_ordered_before(house: House) -> None:
    ann, bob = house.person(20), house.person(1)
    for _ in range(15):
        house.order(ann)
    for _ in range(5):
        claimed(house)
    theirs = house.order(bob)
    assert theirs.id in {claimed(house).job.id for _ in range(2)}


def test_who_was_served_long_ago_is_not_put_last(house: House) -> None:
    ann, bob = house.person(20), house.person(20)
    for _ in range(10):
        house.order(ann)
        claimed(house)
    jobs = [house.order(ann).id, house.order(bob).id]
    assert {claimed(house).job.id for _ in range(2)} == set(jobs)


def test_the_loaded_model_goes_first_but_not_for_ever(house: House) -> None:
    both = {"models": ("starter", "wan2.1-14b"), "loaded": "wan2.1-14b"}
    ann = house.person(40)
    small = [house.order(ann).id for _ in range(4)]
    large = [house.order(ann, model="wan2.1-14b").id for _ in range(20)]
    order = [claimed(house, **both).job.id for _ in range(24)]
    # Turns 1 to 4 are small, 5 and up are large: three turns of advantage, no more.
    assert order[0] == small[0]
    assert order.index(large[0]) < order.index(small[3])
    assert order.index(small[3]) < order.index(large[5])


def test_a_worker_gets_only_what_it_can_run(house: House) -> None:
    ann = house.person(9)
    house.order(ann, model="wan2.1-14b")
    house.order(ann, "preview")
    assert house.queue.claim(replace(CARD, kinds=("video",)), 60) is None
    assert claimed(house).job.kind == "preview"


def test_no_job_is_claimed_twice_by_many_at_once(house: House) -> None:
    people = [house.person(10) for _ in range(4)]
    jobs = {house.order(people[i % 4]).id for i in range(40)}
    with ThreadPoolExecutor(8) as workers:
        leases = list(workers.map(lambda i: claimed(house, id=f"w{i % 8}").job.id, range(40)))
    assert len(leases) == 40
    assert set(leases) == jobs


def test_only_the_holder_of_the_lease_writes(house: House) -> None:
    job = house.order(house.person(1))
    first = claimed(house)
    house.expire_leases()
    assert house.queue.reap() == 1
    house.end_pauses()
    second = claimed(house, id="w2")
    assert (first.job.id, second.attempt) == (job.id, 2)
    assert house.queue.heartbeat(first, 60, 0.5, "denoise", 1) == "lost"
    assert not house.queue.finish(first, "succeeded", result=delivery(job, 1))
    assert not house.queue.release(first)
    assert house.queue.heartbeat(second, 60, 0.5, "denoise", 1.0) == "ok"
    assert house.queue.finish(second, "succeeded", result=delivery(job, 2))
    assert not house.queue.finish(second, "succeeded", result=delivery(job, 2))
    assert state(house, job) == ("succeeded", 2)


def test_a_job_that_kills_its_worker_ends_after_three_attempts(house: House) -> None:
    me = house.person(1)
    job = house.order(me)
    for attempt in (1, 2, 3):
        assert claimed(house).attempt == attempt
        house.expire_leases()
        house.queue.reap()
    assert state(house, job) == ("failed", 3)
    assert house.records.account(me).credits == 1
    assert "Try again" in (house.records.job(me, job.id).error or "")


def test_pauses_between_attempts_grow_from_5_to_20_seconds(house: House) -> None:
    job = house.order(house.person(1))
    pauses: list[float] = []
    for _ in range(2):
        house.queue.finish(claimed(house), "retry", error="x", error_family="Unavailable")
        pause = house.scalar(
            "select extract(epoch from not_before - now())::float8 from public.jobs where id = %s",
            job.id,
        )
        assert isinstance(pause, float)
        pauses.append(pause)
        house.end_pauses()
    assert pauses == [pytest.approx(5, abs=1), pytest.approx(20, abs=1)]


def test_a_job_that_is_handed_back_has_lost_no_attempt(house: House) -> None:
    job = house.order(house.person(1))
    assert house.queue.release(claimed(house))
    assert state(house, job) == ("queued", 0)
    assert claimed(house).attempt == 1


def test_cancelling_what_waits_gives_the_credits_back_at_once(house: House) -> None:
    me = house.person(1)
    job = house.order(me)
    assert house.records.account(me).credits == 0
    assert house.records.cancel(me, job.id).state == "cancelled"
    assert house.records.account(me).credits == 1
    assert house.records.cancel(me, job.id).state == "cancelled"
    assert house.records.account(me).credits == 1
    assert house.queue.claim(CARD, 60) is None


def test_cancelling_what_runs_is_heard_at_the_next_heartbeat(house: House) -> None:
    me = house.person(1)
    job = house.order(me)
    lease = claimed(house)
    assert house.records.cancel(me, job.id).cancel_requested
    assert house.queue.heartbeat(lease, 60, 0.1, "denoise", None) == "cancel"
    assert house.queue.finish(lease, "cancelled")
    assert house.records.account(me).credits == 1


@pytest.mark.parametrize("ending", ["release", "crash", "retry"])
def test_a_cancelled_job_is_not_begun_again(house: House, ending: str) -> None:
    me = house.person(1)
    job = house.order(me)
    lease = claimed(house)
    house.records.cancel(me, job.id)
    if ending == "release":
        house.queue.release(lease)
    elif ending == "retry":
        house.queue.finish(lease, "retry", error="x", error_family="Unavailable")
    else:
        house.expire_leases()
        house.queue.reap()
    assert state(house, job)[0] == "cancelled"
    assert house.records.account(me).credits == 1


def test_a_draining_worker_gets_no_more_jobs(house: House) -> None:
    house.order(house.person(1))
    house.office.drain(CARD.id)
    assert house.queue.register(CARD)
    assert house.queue.claim(CARD, 60) is None
    house.office.drain(CARD.id, on=False)
    assert not house.queue.register(CARD)
    assert claimed(house)


def test_progress_and_stage_are_in_the_row(house: House) -> None:
    me = house.person(1)
    job = house.order(me)
    lease = claimed(house)
    house.queue.heartbeat(lease, 60, 0.25, "denoise", 12.5)
    found = house.records.job(me, job.id)
    assert (found.progress, found.stage, found.eta_s) == (0.25, "denoise", 12.5)
    house.queue.heartbeat(lease, 60, 0.3, "denoise", None)
    assert house.records.job(me, job.id).eta_s is None


def test_a_waiting_user_sees_the_line(house: House) -> None:
    ann, bob = house.person(9), house.person(9)
    done = house.order(ann)
    house.queue.finish(claimed(house), "succeeded", result=delivery(done))
    for _ in range(3):
        house.order(ann)
    mine = house.order(bob)
    line = house.records.line(bob, mine.id)
    assert line.workers == 1
    assert line.ahead == 1  # both users' first jobs have the same turn; this one came later
    assert line.typical_s is not None
    with pytest.raises(NotAllowed):
        house.records.line(ann, mine.id)


@pytest.mark.parametrize(
    "key", ["videos-final/{other}/{job}/a1/x.mp4", "videos-final/{me}/{job}/a2/x.mp4", "x", None]
)
def test_a_worker_delivers_only_into_the_folder_of_its_attempt(
    house: House, key: str | None
) -> None:
    me, other = house.person(1), house.person()
    job = house.order(me)
    result = delivery(job)
    result["media_key"] = key and key.format(me=me.user_id, other=other.user_id, job=job.id)
    with pytest.raises(InvalidRequest, match="media_key"):
        house.queue.finish(claimed(house), "succeeded", result=result)
    assert state(house, job)[0] == "running"


def test_an_enhanced_prompt_is_saved_by_its_job_unless_the_words_changed(house: House) -> None:
    me = house.person()
    for now_prompt, expected in (("a cat", "A cat. Soft light."), ("a dog", None)):
        project = house.records.create_project(me, {"prompt": "a cat"})
        job = house.order(me, "enhance", project_id=project.id, params={"prompt": "a cat"})
        house.records.change_project(me, project.id, {"prompt": now_prompt})
        lease = claimed(house)
        assert lease.job.id == job.id
        house.queue.finish(lease, "succeeded", result={"enhanced": "A cat. Soft light."})
        assert house.records.project(me, project.id).enhanced_prompt == expected


def test_a_refusal_by_a_worker_keeps_the_rule_and_a_hash(house: House) -> None:
    me = house.person(1)
    house.order(me)
    house.queue.finish(
        claimed(house), "failed", error="Not allowed.", error_family="PolicyRefused",
        result={"category": "minor", "prompt_sha256": "0" * 64},
    )  # fmt: skip
    assert (
        house.scalar("select category from public.refusals where user_id = %s", me.user_id)
        == "minor"
    )
    assert house.records.account(me).credits == 1
