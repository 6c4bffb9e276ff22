"""The whole way of one idea, with a real worker and its child on tiny models."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job
from ourvidz.pipeline.export import read_frames, read_metadata
from ourvidz.studio import account, jobs, library, orders, projects
from tests.studio.conftest import Town

LONGEST_S = 240.0


@pytest.fixture(scope="module")
def worker(town: Town) -> Iterator[None]:
    """One that runs beside the tests and is stopped after them."""
    made = town.wiring.worker()
    thread = threading.Thread(target=made.run)
    thread.start()
    yield
    made.stop()
    thread.join(60)
    assert not thread.is_alive()


def done(town: Town, me: Identity, job: Job) -> list[jobs.Status]:
    """All that was seen of a job until it had succeeded."""
    seen: list[jobs.Status] = []
    until = time.monotonic() + LONGEST_S
    while not (seen and seen[-1].job.is_final):
        assert time.monotonic() < until, seen[-1]
        seen.append(jobs.status(me, town.studio, job.id))
        time.sleep(0.05)
    assert seen[-1].job.state == "succeeded", seen[-1].job.error
    return seen


def file_of(town: Town, url: str) -> Path:
    """The file behind a signed link of the local media."""
    return town.wiring.settings.media_dir / urlsplit(url).path.removeprefix("/m/")


def test_a_sentence_becomes_a_video_in_the_library(town: Town, worker: None) -> None:
    me, studio = town.person(credits=3), town.studio
    idea = {"prompt": "a red sailboat", "seconds": 5, "profile": "fast", "seed": 7}
    project = projects.create_project(me, studio, idea)

    done(town, me, orders.enhance(me, studio, project.id, seed=1))
    project = projects.project(me, studio, project.id)
    assert project.enhanced_prompt is not None
    assert "sailboat" in project.enhanced_prompt.lower()

    seen = done(town, me, orders.preview(me, studio, project.id, num_images=2))
    assert seen[-1].progress == 1.0
    stills = projects.stills(me, studio, project.id)
    assert [still["seed"] for still in stills] == [7, 8]
    assert read_metadata(file_of(town, stills[1]["url"]))["seed"] == "8"

    projects.approve(me, studio, project.id, stills[1]["key"])
    job = orders.render(me, studio, project.id)
    assert account.balance(me, studio) == 2
    seen = done(town, me, job)
    reported = [one.progress for one in seen]
    assert reported == sorted(reported)
    assert any(one.stage for one in seen), "news come once a second, whatever is done then"

    (video,) = library.videos(me, studio, project_id=project.id)
    assert (video.job_id, video.seed, video.num_frames, video.cost) == (job.id, 8, 80, 1)
    links = library.links(me, studio, video.id)
    facts = read_metadata(file_of(town, links.watch))
    assert (facts["ability"], facts["enhanced_prompt"]) == ("first_frame", project.enhanced_prompt)
    assert read_frames(file_of(town, links.watch)).shape == (80, 720, 1280, 3)
    assert "download=a-red-sailboat-8.mp4" in links.download
    assert projects.project(me, studio, project.id).step == "done"
    assert town.ledger(me) == [("grant", 3), ("reserve", -1), ("settle", 0)]


def test_a_running_video_is_cancelled_within_seconds_and_paid_back(
    town: Town, worker: None
) -> None:
    me, studio = town.person(credits=1), town.studio
    idea = {"prompt": "a red sailboat", "profile": "quality"}
    job = orders.render(me, studio, projects.create_project(me, studio, idea).id)
    until = time.monotonic() + LONGEST_S
    while jobs.status(me, studio, job.id).job.state == "queued":
        assert time.monotonic() < until
        time.sleep(0.02)
    jobs.cancel(me, studio, job.id)
    while not (now := jobs.job(me, studio, job.id)).is_final:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert now.state == "cancelled"
    assert town.ledger(me) == [("grant", 1), ("reserve", -1), ("refund", 1)]
    assert library.videos(me, studio) == []
