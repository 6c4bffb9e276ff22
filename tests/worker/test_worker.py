"""What becomes of a job, whatever happens to it, its worker and its GPU process."""

from __future__ import annotations

import os
import signal
import time

from ourvidz.worker.ending import DISK
from tests.worker.runners import OnlyCats, no_policy
from tests.worker.workshop import Workshop


def test_a_job_is_run_delivered_and_paid(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.ended(workshop.order("steps=3x0.01"))
    assert (job.state, job.progress, job.attempts, job.error) == ("succeeded", 1.0, 1, None)
    assert job.result is not None
    folder = f"{workshop.me.user_id}/{job.id}/a1/"
    assert job.result["media_key"].startswith(f"videos-final/{folder}")
    assert len(workshop.files(job)) == 2
    (video,) = workshop.house.records.videos(workshop.me)
    assert (video.job_id, video.media_key) == (job.id, job.result["media_key"])
    assert workshop.credits == 49
    assert not (workshop.settings.scratch_dir / str(job.id)).exists()


def test_the_child_is_kept_from_job_to_job(workshop: Workshop) -> None:
    with workshop.working():
        jobs = [workshop.order("steps=1x0") for _ in range(3)]
        for job in jobs:
            workshop.ended(job)
    assert len({pid for job in jobs for pid in workshop.pids(job)}) == 1


def test_a_process_whose_gpu_is_gone_is_replaced_and_the_job_goes_on(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("raise=Gone@1 steps=1x0")
        workshop.wait_for(lambda: workshop.job(job).error)
        workshop.house.end_pauses()
        assert workshop.ended(job).state == "succeeded"
    first, second = workshop.pids(job)
    assert first != second


def test_a_worker_is_known_while_it_works_and_no_longer(workshop: Workshop) -> None:
    with workshop.working() as worker:
        workshop.ended(workshop.order("steps=1x0"))
        row = workshop.house.root.execute("select id, device, models from public.workers")
        assert row.fetchall() == [(worker.id, "none", ["starter"])]
        workshop.wait_for(lambda: workshop.house.scalar("select loaded from public.workers"))
    assert workshop.house.scalar("select count(*) from public.workers") == 0


def test_a_bell_wakes_an_idle_worker_long_before_it_would_look(workshop: Workshop) -> None:
    with workshop.working():
        workshop.wait_for(lambda: workshop.house.scalar("select count(*) from public.workers"))
        time.sleep(0.3)
        job = workshop.ended(workshop.order("steps=1x0"))
    assert job.started_at is not None
    waited = (job.started_at - job.created_at).total_seconds()
    assert waited < workshop.settings.poll_s / 2


def test_without_a_bell_the_job_is_found_all_the_same(workshop: Workshop) -> None:
    with workshop.working():
        workshop.ended(workshop.order("steps=1x0"))
        job = workshop.house.order(workshop.me, params={"prompt": "steps=1x0", "num_frames": 80})
        assert workshop.ended(job).state == "succeeded"


def test_a_child_that_is_killed_costs_an_attempt_and_the_job_succeeds(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("die=9@1")
        workshop.wait_for(lambda: workshop.job(job).attempts == 1 and workshop.job(job).error)
        assert "the GPU process died (signal 9)" in (workshop.job(job).error or "")
        workshop.house.end_pauses()
        assert workshop.ended(job).state == "succeeded"
    assert workshop.starts(job) == [1, 2]


def test_a_poison_job_ends_after_three_attempts_and_is_refunded(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("die=9")
        while workshop.until(job, "queued", "failed").state == "queued":
            workshop.house.end_pauses()
            time.sleep(0.1)
        after = workshop.ended(workshop.order("steps=1x0"))
    failed = workshop.job(job)
    assert failed.error is not None and "the GPU process died (signal 9)" in failed.error
    assert (failed.state, failed.attempts, failed.error_family) == ("failed", 3, "internal")
    assert workshop.starts(job) == [1, 2, 3]
    assert after.state == "succeeded"
    assert workshop.credits == 49


def test_errors_that_would_come_again_end_the_job_at_once(workshop: Workshop) -> None:
    with workshop.working():
        jobs = {name: workshop.order(f"raise={name}") for name in
                ("InvalidRequest", "OutOfMemory", "PolicyRefused")}  # fmt: skip
        ended = {name: workshop.ended(job) for name, job in jobs.items()}
    for name, job in ended.items():
        assert (job.state, job.attempts, job.error_family) == ("failed", 1, name)
    assert ended["InvalidRequest"].error == "prompt: can not be made; change it"
    assert workshop.credits == 50
    assert len({pid for job in jobs.values() for pid in workshop.pids(job)}) == 1


def test_what_is_away_now_is_tried_again(workshop: Workshop, caplog) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with workshop.working():
        job = workshop.order("raise=Unavailable@1")
        workshop.wait_for(lambda: workshop.job(job).error)
        assert workshop.job(job).error == DISK
        assert f"{job.id}: disk: is full; free some space" in caplog.text
        workshop.house.end_pauses()
        assert workshop.ended(job).state == "succeeded"


def test_a_bug_is_logged_with_its_job_and_never_shown(workshop: Workshop, caplog) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with workshop.working():
        job = workshop.order("raise=nonsense")
        while workshop.until(job, "queued", "failed").state == "queued":
            workshop.house.end_pauses()
            time.sleep(0.1)
        assert workshop.ended(workshop.order("steps=1x0")).state == "succeeded"
    failed = workshop.job(job)
    assert (failed.attempts, failed.error_family) == (3, "internal")
    assert "nonsense" not in (failed.error or "") and "our side" in (failed.error or "")
    (record, *_) = [r for r in caplog.records if "nonsense is a bug" in r.getMessage()]
    assert str(job.id) in record.getMessage() and "Traceback" in record.getMessage()


def test_params_that_nobody_could_have_ordered_end_the_job(workshop: Workshop) -> None:
    with workshop.working():
        key = f"videos-preview/{workshop.house.person().user_id}/x/a1/a.png"
        theirs = workshop.ended(workshop.order("steps=1x0", image_key=key))
        key = f"videos-preview/{workshop.me.user_id}/x/a1/a.png"
        gone = workshop.ended(workshop.order("steps=1x0", image_key=key))
        unknown = workshop.ended(workshop.order("steps=1x0", image_key="a", sudo=True))
    assert (theirs.state, theirs.error_family) == ("failed", "InvalidRequest")
    assert (gone.state, gone.error_family) == ("failed", "NotAllowed")
    assert (unknown.state, unknown.error_family) == ("failed", "InvalidRequest")
    assert workshop.starts(theirs) == workshop.starts(gone) == []


def test_a_refusal_of_the_worker_costs_nothing_and_leaves_a_hash(workshop: Workshop) -> None:
    workshop.policy = OnlyCats
    with workshop.working():
        job = workshop.ended(workshop.order("a dog"))
        broken = workshop.order("a mouse")
        workshop.wait_for(lambda: workshop.job(broken).error)
        good = workshop.ended(workshop.order("a cat"))
    assert (job.state, job.error_family) == ("failed", "PolicyRefused")
    assert job.error == "Only cats can be made here. Ask for a cat."
    rows = workshop.house.root.execute(
        "select category, prompt_sha256 from public.refusals where user_id = %s",
        (workshop.me.user_id,),
    ).fetchall()
    assert [(category, len(digest)) for category, digest in rows] == [("extreme", 64)]
    assert workshop.job(broken).error_family == "internal"
    assert workshop.files(broken) == []
    assert good.state == "succeeded"


def test_without_a_policy_no_job_is_taken(workshop: Workshop) -> None:
    workshop.policy = no_policy
    job = workshop.order("a cat")
    with workshop.working() as worker:
        workshop.wait_for(lambda: worker._troubles > 1)  # pyright: ignore[reportPrivateUsage]
    assert workshop.job(job).attempts == 0


def test_a_cancel_is_felt_within_a_second(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("steps=1000x0.05")
        workshop.until(job, "running")
        workshop.wait_for(lambda: workshop.starts(job))
        workshop.house.records.cancel(workshop.me, job.id)
        workshop.live.request_cancel(job.id)
        asked = time.monotonic()
        assert workshop.ended(job).state == "cancelled"
        assert time.monotonic() - asked < 4, "half a second, with room for a busy machine"
        again = workshop.ended(workshop.order("steps=1x0"))
    assert workshop.pids(job) == workshop.pids(again), "the child was asked, not killed"
    assert workshop.credits == 49
    assert workshop.files(job) == []


def test_a_cancel_reaches_the_worker_without_redis(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("steps=1000x0.05")
        workshop.wait_for(lambda: workshop.starts(job))
        workshop.house.records.cancel(workshop.me, job.id)
        assert workshop.ended(job).state == "cancelled"


def test_a_child_that_does_not_listen_is_killed(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("sleep=600")
        workshop.wait_for(lambda: workshop.starts(job))
        workshop.house.records.cancel(workshop.me, job.id)
        assert workshop.ended(job).state == "cancelled"
        (pid,) = workshop.pids(job)
        workshop.wait_for(lambda: not os.path.exists(f"/proc/{pid}"))  # noqa: PTH110
        assert workshop.ended(workshop.order("steps=1x0")).state == "succeeded"


def test_a_job_may_not_run_for_ever(workshop: Workshop, monkeypatch) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    monkeypatch.setattr("ourvidz.worker.watch.HARD_LIMIT_S", {"video": 1.5})
    with workshop.working():
        job = workshop.ended(workshop.order("sleep=600"))
    assert (job.state, job.attempts) == ("failed", 1)
    assert job.error is not None and "was stopped" in job.error
    assert workshop.credits == 50


def test_a_worker_that_must_stop_hands_its_job_back(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("steps=600x0.1@1")
        workshop.wait_for(lambda: workshop.starts(job))
    handed = workshop.job(job)
    assert (handed.state, handed.attempts, handed.error) == ("queued", 0, None)
    (pid,) = workshop.pids(job)
    assert not os.path.exists(f"/proc/{pid}")  # noqa: PTH110


def test_a_lost_lease_ends_the_child_and_writes_nothing(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("sleep=30@1")
        workshop.wait_for(lambda: workshop.starts(job))
        workshop.house.expire_leases()
        workshop.house.queue.reap()
        assert workshop.ended(job).state == "succeeded"
    assert workshop.starts(job) == [1, 2]
    assert {name.split("/")[3] for name in workshop.files(job)} == {"a2"}
    assert workshop.credits == 49


def test_a_child_that_dies_idle_is_replaced(workshop: Workshop) -> None:
    with workshop.working():
        first = workshop.ended(workshop.order("steps=1x0"))
        (pid,) = workshop.pids(first)
        os.kill(pid, signal.SIGKILL)
        second = workshop.ended(workshop.order("steps=1x0"))
    # The job may come before the parent has seen the death; then its first attempt does not start.
    assert second.state == "succeeded"
    assert second.attempts <= 2
    assert pid not in workshop.pids(second)


def test_a_drained_worker_takes_no_more(workshop: Workshop) -> None:
    with workshop.working() as worker:
        running = workshop.order("steps=20x0.05")
        workshop.wait_for(lambda: workshop.starts(running))
        workshop.house.office.drain(worker.id)
        assert workshop.ended(running).state == "succeeded"
        waiting = workshop.order("steps=1x0")
        time.sleep(3)
        assert workshop.job(waiting).state == "queued"
        workshop.house.office.drain(worker.id, on=False)
        assert workshop.ended(waiting).state == "succeeded"


def test_progress_reaches_the_row_and_the_watchers(workshop: Workshop) -> None:
    with workshop.working():
        job = workshop.order("frame steps=40x0.1")
        frame = workshop.wait_for(lambda: workshop.live.watch(job.id))
        assert frame.progress["stage"] == "denoise" and frame.progress["total"] in (2, 40)
        assert frame.jpeg is not None and frame.jpeg.startswith(b"\xff\xd8")
        row = workshop.wait_for(lambda: (now := workshop.job(job)).stage and now)
        assert row.stage == "denoise" and 0 < row.progress < 1
        workshop.house.records.cancel(workshop.me, job.id)
        workshop.ended(job)
