"""Create survives everything: at each step a reload and another device show the same again."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from ourvidz.domain.library import Project, Step
from ourvidz.studio import projects
from ourvidz.web.create.screen import Where
from tests.site.devices import (
    People,
    Person,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.site.stage import begun_render, seen
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_stills, finish_video
from tests.web.wizard import enhanced, newest

pytestmark = needs_chromium

WRITTEN, EDITED = "A red sailboat. Soft light.", "A red sailboat. Hard light, rain."


def everywhere(phone: Page, desk: Page, step: Step, look: Callable[[Page], None]) -> None:
    """Where the person is, after a reload and on a device that comes new."""
    look(phone)
    phone.reload()
    desk.goto("/app/")
    for page in (phone, desk):
        seen(page, step)
        look(page)


def test_every_step_is_there_again_after_a_reload_and_on_another_device(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    phone, desk = people.window(of=ann), people.window("desk", of=ann)
    phone.goto("/app/")

    # An idea that was typed, and not sent.
    phone.locator("#ov-prompt textarea").press_sequentially("a red sailboat")
    kept(town, ann, "prompt", "a red sailboat")
    everywhere(phone, desk, "idea", has_value("#ov-prompt", "a red sailboat"))

    # Words that are being written; written; edited.
    phone.locator("#ov-idea-go").click()
    seen(phone, "prompt")
    where = Where.read("?" + phone.url.partition("?")[2])
    everywhere(phone, desk, "prompt", is_there("#ov-enhance-job [role=progressbar]"))
    enhanced(town, ann.me, where, WRITTEN)
    phone.wait_for_selector("#ov-enhanced textarea", state="visible")
    everywhere(phone, desk, "prompt", has_value("#ov-enhanced", WRITTEN))
    phone.locator("#ov-enhanced textarea").fill(EDITED)
    kept(town, ann, "enhanced_prompt", EDITED)
    everywhere(phone, desk, "prompt", has_value("#ov-enhanced", EDITED))

    # Pictures that are being made; offered; one chosen.
    phone.locator("#ov-words-go").click()
    seen(phone, "preview")
    everywhere(phone, desk, "preview", is_there("#ov-preview-job [role=progressbar]"))
    deliver_stills(town, ann.me, newest(town, ann.me, where, "preview"))
    phone.wait_for_selector(".ov-still img")
    everywhere(phone, desk, "preview", has_stills(4, chosen=0))
    phone.locator("[data-act=choose]").nth(2).click()
    everywhere_chosen = has_stills(4, chosen=1)
    everywhere_chosen(phone)
    phone.reload()
    everywhere_chosen(phone)

    # Before the click that costs; while it is made; the video.
    phone.locator("#ov-preview-go").click()
    seen(phone, "render")
    everywhere(phone, desk, "render", is_there("#ov-render-go"))
    phone.locator("#ov-render-go").click()
    expect(phone.locator("#ov-render-job")).to_be_visible()
    lease = begun_render(town, ann, where)
    everywhere(phone, desk, "render", says("#ov-render-job", "40 %"))
    finish_video(town, lease)
    for page in (phone, desk):
        seen(page, "done")
        page.reload()
        seen(page, "done")
        expect(page.locator("#ov-video video")).to_be_visible()
    assert town.ledger(ann.me) == [("grant", 5), ("reserve", -1), ("settle", 0)]


def kept(town: Town, person: Person, name: str, value: str) -> None:
    """The server has it, without any button."""
    until = time.monotonic() + 30
    while getattr(newest_project(town, person), name) != value:
        assert time.monotonic() < until, f"{name} was not kept"
        time.sleep(0.2)


def newest_project(town: Town, person: Person) -> Project:
    return projects.projects(person.me, town.studio, limit=1)[0]


def has_value(block: str, value: str) -> Callable[[Page], None]:
    return lambda page: expect(page.locator(f"{block} textarea")).to_have_value(value)


def is_there(selector: str) -> Callable[[Page], None]:
    return lambda page: expect(page.locator(selector)).to_be_visible()


def says(selector: str, text: str) -> Callable[[Page], None]:
    return lambda page: expect(page.locator(selector)).to_contain_text(text)


def has_stills(number: int, *, chosen: int) -> Callable[[Page], None]:
    def look(page: Page) -> None:
        expect(page.locator(".ov-still")).to_have_count(number)
        expect(page.locator(".ov-still.chosen")).to_have_count(chosen)

    return look
