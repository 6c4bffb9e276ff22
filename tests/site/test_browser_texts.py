"""Texts in a real browser: markup is shown and never run, and what is refused stays where it is."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ourvidz.studio import orders
from tests.site.devices import (
    People,
    check,
    check_both,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.site.stage import seen
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_video
from tests.web.wizard import begun

pytestmark = needs_chromium

#: Markup and templates that would tell, as far as the policy reads them as words.
EVIL = "<b>hat</b> <img src=x onerror='window.hit=1'> ${window.hit=2} {{window.hit=3}} 🚤"
SAILBOAT = f"a red sailboat on the sea at sunset with a {EVIL}"
FOREIGN = "قارب أحمر يبحر في المطر 🚤 赤い帆船"


def test_texts_are_shown_as_they_were_typed(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    page = people.window(of=ann)
    page.goto("/app/characters")
    page.locator("#who-first").click()
    page.locator("input[name=name]").first.fill("Mia")
    page.locator("textarea[name=description]").first.fill(
        f"a girl with red hair in a green coat and a {EVIL}"
    )
    page.locator("form[data-act=save] button.primary").first.click()
    expect(page.locator("#who-list")).to_contain_text(EVIL)
    check_both(page, "characters-texts")
    assert_silent(page)
    page.goto("/app/")
    page.locator("#ov-prompt textarea").fill(SAILBOAT)
    page.locator("#ov-idea-go").click()
    seen(page, "prompt")
    expect(page.locator("#ov-mine")).to_contain_text(EVIL)
    check(page, "create-texts")
    assert_silent(page)
    where = begun(town, ann.me, SAILBOAT, enhanced_prompt=SAILBOAT)
    deliver_video(town, ann.me, orders.render(ann.me, town.studio, where.project_id))
    page.goto("/app/library?show=finished")
    expect(page.locator("#lib-pieces")).to_contain_text("<img src=x")
    page.locator(".lib-form summary").first.click()
    page.locator("input[name=title]").first.fill(f"my {SAILBOAT}"[:120])
    page.locator("form[data-act=rename] button.primary").first.click()
    expect(page.locator("#lib-pieces h2").first).to_contain_text("my a red sailboat")
    check_both(page, "library-texts")
    assert_silent(page)


def test_what_can_not_be_checked_is_refused_and_stays_in_its_field(
    people: People,  # noqa: F811
) -> None:
    page = people.window(of=people.person())
    page.goto("/app/")
    page.locator("#ov-prompt textarea").fill(FOREIGN)
    page.locator("#ov-idea-go").click()
    expect(page.locator("[data-testid=toast-body]")).to_contain_text("plain English")
    expect(page.locator("#ov-prompt textarea")).to_have_value(FOREIGN)
    check(page, "create-foreign")


def assert_silent(page: Page) -> None:
    """Nothing that was typed has run."""
    assert page.evaluate("window.hit") is None


def test_ten_thousand_characters_are_too_many_and_stay_where_they_are(
    people: People,  # noqa: F811
) -> None:
    page = people.window(of=people.person())
    page.goto("/app/")
    text = "a red sailboat " * 667
    page.locator("#ov-prompt textarea").fill(text)
    page.locator("#ov-idea-go").click()
    expect(page.locator("[data-testid=toast-text]")).to_have_text(
        re.compile(r"^\s*The text has \d+ characters; shorten it to 2000\.\s*$")
    )
    expect(page.locator("#ov-prompt textarea")).to_have_value(text)
    check(page, "create-too-long")
