"""Scenes for real browsers: a test plays the worker, by the same queue and the same news."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import Page, expect

from ourvidz.domain.job import Job, Lease
from ourvidz.domain.library import Step
from ourvidz.studio import jobs
from ourvidz.web.create.screen import Where
from ourvidz.web.texts_create import CREATE
from tests.site.devices import Person
from tests.studio.conftest import Town
from tests.web.wizard import newest, with_choice

#: Seconds for which a test may forget to be a worker.
_LEASE_S = 900.0


def seen(page: Page, step: Step) -> None:
    """That step of Create is shown, and has its data."""
    expect(page.locator("#ov-step-title")).to_have_text(CREATE[f"{step}_title"])
    expect(page.locator(f"#ov-step-{step}")).to_be_visible()


def at_render(town: Town, person: Person) -> Where:
    """A project whose picture is chosen: the next click costs a credit."""
    return with_choice(town, person.me)


def address(where: Where) -> str:
    """Its page."""
    return f"/app/{where.query}"


def begun_render(town: Town, person: Person, where: Where) -> Lease:
    """A worker takes the video that was ordered, and has drawn two fifths of it."""
    lease = town.take(newest(town, person.me, where, "video"))
    tell(town, lease, 0.4)
    return lease


def tell(town: Town, lease: Lease, progress: float) -> None:
    """The worker's news."""
    town.queue.heartbeat(lease, _LEASE_S, progress, "denoise", 30.0)
    picture = io.BytesIO()
    Image.new("RGB", (64, 36), "teal").save(picture, "JPEG")
    news = {"progress": progress, "stage": "denoise", "eta_s": 30.0, "attempt": lease.attempt}
    town.studio.live.publish(lease.job.id, news, picture.getvalue())


def ordered(town: Town, person: Person) -> list[Job]:
    """Videos that were ordered."""
    return [one for one in jobs.jobs(person.me, town.studio) if one.kind == "video"]
