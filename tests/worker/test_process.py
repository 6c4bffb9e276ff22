"""Workers as processes of their own: how they end, and what becomes of job and child."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from benchmarks.fire import gpu_children
from benchmarks.fleet import Fleet, Post
from ourvidz.domain.job import Job
from tests.servers import SUPERUSER, Cluster
from tests.worker.workshop import PATIENCE_S, Workshop


class Site:
    """Worker processes on a database of a workshop."""

    def __init__(self, workshop: Workshop, fleet: Fleet) -> None:
        self.workshop, self.fleet = workshop, fleet

    def begun(self, prompt: str) -> tuple[Job, int]:
        """A job that runs, and the process of its child."""
        job = self.workshop.order(prompt)
        self.workshop.wait_for(lambda: self.workshop.starts(job))
        return job, self.workshop.pids(job)[-1]

    def worker_of(self, child: int) -> subprocess.Popen[bytes]:
        return next(p for p in self.fleet.processes if child in gpu_children(p.pid))

    def is_gone(self, pid: int) -> bool:
        return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def site(workshop: Workshop, postgres: Cluster, valkey: object, tmp_path: Path) -> Iterator[Site]:
    """Workers whose lease is six seconds; started by the test."""
    name = str(workshop.house.scalar("select current_database()"))
    (tmp_path / "media").mkdir()
    post = Post(
        queue_url=postgres.endpoints(name, "").worker_database_url,
        redis_url=valkey.url,  # type: ignore[attr-defined]
        media_dir=str(tmp_path / "media"),
        scratch_dir=str(tmp_path / "scratch"),
        lease_s=6.0,
    )
    fleet = Fleet(post, 1, tmp_path)
    yield Site(workshop, fleet)
    fleet.stop()


def test_sigterm_hands_the_job_back_and_another_worker_runs_it(site: Site) -> None:
    site.fleet.keep()
    job, child = site.begun("steps=300x0.1@1 steps=1x0")
    worker = site.worker_of(child)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE_S) == 0
    handed = site.workshop.job(job)
    assert (handed.state, handed.attempts) == ("queued", 0)
    assert site.is_gone(child)
    assert site.workshop.house.scalar("select count(*) from public.workers") == 0


def test_ctrl_c_in_the_terminal_ends_the_worker_and_not_the_child_first(site: Site) -> None:
    site.fleet.keep()
    job, child = site.begun("steps=300x0.1")
    os.kill(child, signal.SIGINT)  # a terminal tells all processes of its group
    os.kill(child, signal.SIGTERM)
    time.sleep(0.5)
    assert not site.is_gone(child)
    worker = site.worker_of(child)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(PATIENCE_S) == 0
    assert site.workshop.job(job).attempts == 0


def test_a_second_sigterm_ends_the_process_at_once(site: Site, postgres: Cluster) -> None:
    site.fleet.keep()
    _, child = site.begun("sleep=600")
    worker = site.worker_of(child)
    name = str(site.workshop.house.scalar("select current_database()"))
    with closing(psycopg.connect(postgres.url(SUPERUSER, name))) as lock:
        lock.execute(
            "lock table public.jobs in access exclusive mode"
        )  # nothing can be handed back
        worker.send_signal(signal.SIGTERM)
        site.workshop.wait_for(lambda: site.is_gone(child))
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(5) == 128 + signal.SIGTERM


def test_the_child_dies_with_its_parent_and_the_job_is_run_again(site: Site) -> None:
    site.fleet.keep()
    job, child = site.begun("sleep=600@1")
    site.worker_of(child).kill()
    site.workshop.wait_for(lambda: site.is_gone(child), "the child outlives its parent")
    site.fleet.keep()
    assert site.workshop.ended(job).state == "succeeded"
    assert site.workshop.starts(job) == [1, 2]


def test_a_child_that_dies_while_it_starts_is_started_again(site: Site) -> None:
    site.fleet.keep()
    (worker,) = site.fleet.processes
    children = site.workshop.wait_for(lambda: gpu_children(worker.pid))
    os.kill(children[0], signal.SIGKILL)
    job = site.workshop.order("steps=1x0")
    assert site.workshop.ended(job).attempts == 1
