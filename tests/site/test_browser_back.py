"""Back and Forward lead from step to step and from view to view, as on every other site."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ourvidz.domain.library import Step
from ourvidz.studio import films
from ourvidz.web.create.screen import Where
from tests.site.devices import (
    People,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.site.stage import address, seen
from tests.studio.conftest import Town
from tests.web.wizard import with_choice

pytestmark = needs_chromium

WRITTEN, TYPED = "A red sailboat. Soft light.", "A red sailboat in the rain."


def at(page: Page, step: Step) -> None:
    """That step is shown, and it is what a reload would show."""
    seen(page, step)
    expect(page).to_have_url(re.compile(f"step={step}$"))


def test_back_leads_through_the_steps_and_loses_nothing(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    where = with_choice(town, ann.me, enhanced_prompt=WRITTEN)
    page = people.window(of=ann)
    page.goto("/app/library")
    page.goto(address(Where(where.project_id, "idea")))
    for step, button in (("idea", "idea"), ("prompt", "words"), ("preview", "preview")):
        at(page, step)  # type: ignore[arg-type]
        page.click(f"#ov-{button}-go")
    at(page, "render")

    page.go_back()
    at(page, "preview")
    expect(page.locator(".ov-still.chosen")).to_have_count(1)
    page.go_back()
    at(page, "prompt")
    page.locator("#ov-enhanced textarea").fill(TYPED)
    page.go_back()
    at(page, "idea")
    page.go_forward()
    at(page, "prompt")
    expect(page.locator("#ov-enhanced textarea")).to_have_value(TYPED)
    page.go_forward()
    at(page, "preview")

    # Twice in a hurry, the first answer still on its way.
    page.evaluate("history.back(); setTimeout(() => history.back(), 20)")
    at(page, "idea")
    idea = page.locator("#ov-prompt textarea")
    page.click("#ov-new")
    expect(idea).to_have_value("")
    page.go_back()
    expect(idea).to_have_value("a red sailboat")
    page.reload()
    expect(idea).to_have_value("a red sailboat")
    page.go_back()
    expect(page).to_have_url(re.compile("/app/library$"))


def test_back_asks_before_it_takes_away_a_storyboard_that_is_being_typed(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    scenes = [{"id": "sea", "prompt": "a sailboat"}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    page = people.window(of=ann)
    page.add_init_script("window.confirm = () => { window.asked = true; return window.leaves; }")
    page.goto(f"/app/films?film={film.id}")
    page.click("#fl-as-text")
    page.fill("#fl-text", "A cat sleeps.")
    page.go_back()
    page.wait_for_function("window.asked")
    expect(page.locator("#fl-text")).to_have_value("A cat sleeps.")
    expect(page).to_have_url(re.compile("text=1$"))
    page.evaluate("window.leaves = true")
    page.go_back()
    expect(page.locator("#scene-sea")).to_be_visible()
    expect(page).not_to_have_url(re.compile("text=1"))
