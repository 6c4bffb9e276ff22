"""What is typed in forms and not sent comes back with the page, to the person who typed it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from ourvidz.studio import characters, films, orders
from ourvidz.web.create.screen import Where
from ourvidz.web.words import dated
from tests.site.browsers import PASSWORD
from tests.site.devices import (
    People,
    Person,
    check,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.site.stage import address, seen
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_video
from tests.web.wizard import begun

pytestmark = needs_chromium

TYPED = "a sailboat in the rain\nat night"
#: Browsers ask who leaves such a page; here everybody answers yes.
YES = "addEventListener('beforeunload', (leave) => leave.stopImmediatePropagation(), true)"
LOOKS_AWAY = """(isAway) => {
  Object.defineProperty(document, 'hidden', { get: () => isAway, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
  return sessionStorage.length;
}"""


def window(people: People, ann: Person, path: str) -> Page:  # noqa: F811
    page = people.window(of=ann)
    page.add_init_script(YES)
    page.goto(path)
    return page


def sign_in(page: Page, person: Person) -> None:
    expect(page).to_have_url(re.compile("/auth/sign-in"))
    page.get_by_label("E-mail").fill(person.browser.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_session_that_ends_takes_no_words_of_a_storyboard_along(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    characters.create_character(ann.me, town.studio, "Mia")
    scenes = [{"id": "sea", "prompt": "a sailboat"}, {"id": "cat", "prompt": "a cat"}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    page = window(people, ann, f"/app/films?film={film.id}")
    edit = page.locator("#edit-sea")
    edit.locator("summary").click()
    edit.locator("textarea").fill(TYPED)
    edit.locator("[name=seconds]").fill("10")
    edit.get_by_label("Mia").check()
    ann.browser.post("/auth/sign-out")
    edit.locator(".primary").click()
    expect(page.locator("[data-testid=toast-body]")).to_contain_text("sign in again")
    page.reload()
    sign_in(page, ann)
    expect(edit.locator("textarea")).to_be_visible()
    expect(edit.locator("textarea")).to_have_value(TYPED)
    expect(edit.locator("[name=seconds]")).to_have_value("10")
    expect(edit.get_by_label("Mia")).to_be_checked()
    check(page, "film-typed-before")
    page.reload()  # it is still not saved
    expect(edit.locator("textarea")).to_have_value(TYPED)
    edit.locator(".primary").click()
    expect(page.locator("#scene-sea .fl-words")).to_have_text(TYPED)
    page.reload()
    expect(page.locator("#scene-sea .fl-words")).to_have_text(TYPED)
    expect(edit.locator("textarea")).to_be_hidden()


def test_a_storyboard_that_is_typed_as_text_comes_back(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    film = films.create_film(ann.me, town.studio, {"title": "Sea"}).film
    page = window(people, ann, f"/app/films?film={film.id}&text=1")
    page.fill("#fl-text", "A cat sleeps.\n\nIt wakes up.")
    page.reload()
    expect(page.locator("#fl-text")).to_have_value("A cat sleeps.\n\nIt wakes up.")
    page.click("#fl-text-save")
    expect(page.locator(".fl-scene")).to_have_count(2)


def test_a_phone_may_end_a_page_that_nobody_looks_at(people: People) -> None:  # noqa: F811
    page = window(people, people.person(), "/app/films")
    page.fill("#fl-idea", "a red sailboat")
    assert page.evaluate(LOOKS_AWAY, True) == 1
    assert page.evaluate(LOOKS_AWAY, False) == 0


def test_who_writes_a_film_themselves_takes_the_idea_along(people: People) -> None:  # noqa: F811
    page = window(people, people.person(), "/app/films")
    page.fill("#fl-idea", "A cat sleeps")
    page.click("#fl-write")
    expect(page.locator("#fl-text")).to_have_value("A cat sleeps [5s]")


def test_a_page_that_is_come_back_to_as_it_was_keeps_no_second_copy(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    page = window(people, ann, address(begun(town, ann.me, enhanced_prompt="A sailboat.")))
    seen(page, "prompt")
    page.context.set_offline(True)
    page.locator("#ov-enhanced textarea").fill(TYPED)
    turns = "(name) => { dispatchEvent(new PageTransitionEvent(name, { persisted: true }));"
    kept = f"{turns} return sessionStorage.length; }}"
    assert page.evaluate(kept, "pagehide") == 1
    assert page.evaluate(kept, "pageshow") == 0


def test_days_are_those_of_where_one_is(people: People) -> None:  # noqa: F811
    now = datetime.now(UTC)
    zone = "Pacific/Kiritimati" if now.hour >= 12 else "Pacific/Pago_Pago"  # another day than UTC
    page = people.window(of=people.person())
    clock = page.context.new_cdp_session(page)
    clock.send("Emulation.setTimezoneOverride", {"timezoneId": zone})
    page.goto("/app/account")
    day = dated(now.astimezone(ZoneInfo(zone)))
    expect(page.locator(".acc-when").first).to_have_text(day.replace("Sep ", "Sept "))
    expect(page.locator(".acc-facts time")).to_have_text(day.replace("Sep ", "Sept "))


def test_who_downloads_when_the_session_has_ended_is_asked_to_sign_in(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    where = begun(town, ann.me)
    deliver_video(town, ann.me, orders.render(ann.me, town.studio, where.project_id))
    page = window(people, ann, address(Where(where.project_id, "done")))
    expect(page.locator("#ov-download")).to_be_visible()
    ann.browser.post("/auth/sign-out")
    page.click("#ov-download")
    expect(page).to_have_url(re.compile("/auth/sign-in"))
