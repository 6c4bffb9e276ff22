"""Hostile words in every field, in a real browser: shown as they were typed, and nothing runs.

The windows keep the app's content policy, and listen to everything that would tell.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from ourvidz.studio import characters, films, orders, projects
from tests.site.conftest import Without
from tests.site.devices import (
    People,
    Person,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.site.ears import HOSTILE, NAME, WORDS, Ears
from tests.site.stage import seen
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_video

pytestmark = needs_chromium

TAGS = ("a red {{7*7}} hat", "a red hat {% raw %}", "a red hat on a man <img src=x>")
TOAST = "[data-testid=toast-body]"


def opened(
    people: People,  # noqa: F811
    ann: Person,
    path: str,
    site: str = "",
) -> tuple[Page, Ears]:
    page = people.window("desk", of=ann, site=site, bypass_csp=False)
    ears = Ears(page)
    page.goto(path)
    return page, ears


def test_a_storyboard_of_cards(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    characters.create_character(ann.me, town.studio, NAME)
    page, ears = opened(people, ann, "/app/films")
    page.fill("#fl-idea", WORDS)
    page.click("#fl-begin")
    first = page.locator(".fl-scene").first
    expect(first.locator(".fl-words")).to_contain_text(HOSTILE)

    first.locator("summary").click()
    first.locator("textarea").fill(f"{WORDS} again")
    page.get_by_label(NAME, exact=True).first.check()
    first.locator("form .primary").click()
    expect(first.locator(".fl-words")).to_have_text(f"{WORDS} again")
    expect(first.locator(".lib-tag")).to_have_text(NAME)
    page.click("#fl-add summary")
    page.locator("#fl-add textarea").fill(f"{WORDS} once more")
    page.locator("#fl-add .primary").click()
    expect(page.locator(".fl-words").last).to_have_text(f"{WORDS} once more")
    page.locator("#fl-undo button").click()
    expect(page.locator(".fl-words").last).not_to_have_text(f"{WORDS} once more")

    page.click("#fl-settings summary")
    page.fill("#fl-settings [name=title]", NAME)
    page.fill("#fl-settings [name=negative_prompt]", WORDS)
    page.locator("#fl-settings .primary").click()
    expect(page.locator("h1")).to_have_text(NAME)
    page.reload()
    expect(page.locator("h1")).to_have_text(NAME)
    expect(page.locator("#fl-settings [name=title]")).to_have_value(NAME)
    expect(page.locator("#fl-settings [name=negative_prompt]")).to_have_value(WORDS)
    expect(first.locator("textarea")).to_have_value(f"{WORDS} again")
    page.click("#fl-delete summary")
    expect(page.locator("#fl-delete h3")).to_have_text(f"Delete “{NAME}”?")
    page.goto("/app/films")
    expect(page.locator("#fl-list strong")).to_have_text(NAME)
    expect(page.locator("#fl-list")).to_contain_text(f"{WORDS} again")
    assert ears.all() == []


def test_a_storyboard_of_text_and_what_is_said_of_it(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    board = films.create_film(ann.me, town.studio, {"title": NAME}).film
    page, ears = opened(people, ann, f"/app/films?film={board.id}&text=1")
    page.fill("#fl-text", f"{WORDS} [character {NAME}]")
    page.click("#fl-text-save")
    expect(page.locator(".fl-words")).to_have_text(WORDS)
    expect(page.locator(".fl-scene .lib-tag")).to_have_text(NAME)
    page.click("#fl-as-text")
    expect(page.locator("#fl-text")).to_have_value(f"{WORDS} [5s] [character {NAME}]")
    for mark in ("{{7*7}}", "${7*7}", "{% raw %}", "<img src=x onerror='window.hit=1'>"):
        page.fill("#fl-text", f"{WORDS} [{mark}]")
        page.click("#fl-text-save")
        expect(page.locator(TOAST)).to_contain_text(f"Line 1 [{mark}] is no mark")
    assert ears.all() == []


def test_characters(people: People) -> None:  # noqa: F811
    page, ears = opened(people, people.person(), "/app/characters")
    page.locator("#who-first").click()
    new = page.locator("#who-new")
    new.locator("[name=name]").fill(NAME)
    new.locator("[name=description]").fill(WORDS)
    for tag in TAGS:
        new.locator(".lib-tags > input").fill(tag)
        new.locator(".lib-tags > input").press("Enter")
    expect(new.locator("bdi")).to_have_text(TAGS)
    new.locator("button.primary").click()
    who = page.locator("#who-list")
    expect(who.locator("h2").first).to_have_text(NAME)
    expect(who.locator(".who-quote")).to_contain_text(HOSTILE)
    expect(who.locator("ul.lib-tags li")).to_have_text(TAGS)
    who.locator("summary").first.click()
    expect(who.locator("[name=name]")).to_have_value(NAME)
    expect(who.locator("[name=description]")).to_have_value(WORDS)
    who.locator("summary").last.click()
    expect(who.locator("h3")).to_have_text(f"Delete {NAME}?")
    page.goto("/app/")
    expect(page.locator("#ov-prompt")).to_be_visible()
    page.locator("#ov-character input").click()
    expect(page.get_by_role("option", name=NAME)).to_be_visible()
    assert ears.all() == []


def test_projects_and_the_library(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    who = characters.create_character(ann.me, town.studio, NAME)
    values = {"title": NAME, "prompt": WORDS, "enhanced_prompt": WORDS, "negative_prompt": WORDS}
    project = projects.create_project(
        ann.me, town.studio, values | {"character_id": str(who.id), "use_enhanced": True}
    )
    deliver_video(town, ann.me, orders.render(ann.me, town.studio, project.id))
    page, ears = opened(people, ann, f"/app/?project={project.id}&step=idea")
    expect(page.locator("#ov-prompt textarea")).to_have_value(WORDS)
    page.goto(f"/app/?project={project.id}&step=prompt")
    seen(page, "prompt")
    expect(page.locator("#ov-mine")).to_contain_text(WORDS)
    expect(page.locator("#ov-enhanced textarea")).to_have_value(WORDS)
    page.goto(f"/app/?project={project.id}&step=done")
    seen(page, "done")
    expect(page.locator("#ov-download")).to_be_visible()
    page.click("#ov-to-film")
    expect(page.locator("#fl-idea")).to_have_value(WORDS)

    page.goto("/app/library?show=finished")
    card = page.locator("#lib-pieces .lib-card")
    expect(card.locator("h2")).to_contain_text(HOSTILE)
    expect(page.locator("#lib-character")).to_contain_text(NAME)
    card.locator("summary").click()
    card.locator("[name=title]").fill(f"my {NAME}")
    card.locator("form .primary").click()
    expect(card.locator("h2")).to_have_text(f"my {NAME}")
    expect(card.locator(".lib-play")).to_have_attribute("aria-label", f"Watch my {NAME}")
    card.locator("[data-act=delete]").click()
    expect(page.locator("#lib-gone")).to_contain_text(f"my {NAME}")
    assert ears.all() == []


def test_the_same_words_are_heard_where_they_are_markup(
    people: People,  # noqa: F811
    town: Town,
    without: Without,
) -> None:
    """So the tests above would hear it, whichever way words took to a page."""
    ann = people.person()
    scenes = [{"id": "sea", "prompt": WORDS}]
    board = films.create_film(ann.me, town.studio, {"title": NAME, "scenes": scenes}).film
    characters.create_character(ann.me, town.studio, NAME)
    with without("escape") as weak:
        for path in (f"/app/films?film={board.id}", "/app/characters"):
            page, ears = opened(people, ann, path, weak)
            expect(page.locator("h1, h2", has_text="a sailor").first).to_be_visible()
            page.wait_for_function("window.hit")
            assert "a script has run" in ears.all()
            assert any("an injected picture" in one for one in ears.all())
        page, ears = opened(people, ann, f"/app/films?film={board.id}&text=1", weak)
        before = len(ears.all())
        page.fill("#fl-text", "a cat [<img src=x>]")
        page.click("#fl-text-save")
        expect(page.locator(TOAST)).to_contain_text("is no mark")
        assert len(ears.all()) > before
