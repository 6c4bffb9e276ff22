"""A film in a real browser: written, illustrated, ordered, watched while it grows."""

from __future__ import annotations

from playwright.sync_api import expect

from ourvidz.studio import films, keyframes
from tests.site.devices import (
    People,
    check,
    check_both,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.studio.conftest import Town
from tests.studio.film_scenes import make

pytestmark = needs_chromium


def test_from_one_idea_to_a_film(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    page = people.window(of=ann)
    page.goto("/app/films")
    page.fill("#fl-idea", "A red sailboat sails along the coast at sunset")
    check(page, "films")
    page.click("#fl-begin")
    expect(page.locator(".fl-scene")).to_have_count(2)
    check_both(page, "film-storyboard")

    second = page.locator(".fl-scene").nth(1)
    second.locator("summary").click()
    second.locator("textarea").fill("A lighthouse on a cliff at sunset")
    check(page, "film-edit")
    second.locator("form .primary").click()
    expect(second).to_contain_text("A lighthouse on a cliff")
    page.locator("#fl-undo button").click()
    expect(second).to_contain_text("A red sailboat")
    page.reload()
    expect(page.locator(".fl-scene")).to_have_count(2)

    page.click("#fl-draw")
    expect(page.locator("#fl-drawing")).to_be_visible()
    make(town, ann.me)
    page.click("#fl-approve")  # it comes by itself
    expect(page.locator(".fl-still.approved")).to_have_count(5)
    check_both(page, "film-pictures")
    page.dblclick("#fl-render")
    expect(page.locator("#fl-cancel")).to_be_visible()
    expect(page.locator("#ov-credits")).to_contain_text("3")
    make(town, ann.me, most=1)
    expect(page.locator("[data-part=done]")).to_have_text("1 of 3 shots")
    expect(page.locator("#fl-player")).to_be_visible()
    check_both(page, "film-making")
    make(town, ann.me)
    expect(page.locator("#fl-download")).to_be_visible()
    check_both(page, "film-finished")


def test_what_is_written_is_not_taken_away_by_news(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    scenes = [{"id": "sea", "prompt": "a sailboat"}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    page = people.window(of=ann)
    page.goto(f"/app/films?film={film.id}")
    page.click("#fl-draw")
    expect(page.locator("#fl-drawing")).to_be_visible()
    page.locator("#scene-sea summary").click()
    page.locator("#scene-sea textarea").fill("a sailboat in the rain")
    make(town, ann.me)
    expect(page.locator("#fl-news")).to_be_visible()
    expect(page.locator("#scene-sea textarea")).to_have_value("a sailboat in the rain")
    page.click("#fl-show")
    expect(page.locator("#fl-approve")).to_be_visible()
    expect(page.locator("#scene-sea textarea")).to_have_value("a sailboat in the rain")


def test_a_storyboard_is_written_as_text(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    page = people.window(of=ann)
    page.goto("/app/films")
    page.click("#fl-write")
    page.fill("#fl-text", "A cat sleeps. [10s] [fade]\n\nIt wakes up.")
    check_both(page, "film-text")
    page.click("#fl-text-save")
    expect(page.locator(".fl-scene")).to_have_count(2)
    (film,) = films.films(ann.me, town.studio)
    assert [scene.seconds for scene in film.scenes] == [10, 5]


def test_strangers_get_nothing_of_a_film(people: People, town: Town) -> None:  # noqa: F811
    ann, bob = people.person(), people.person()
    scenes = [{"id": "sea", "prompt": "a secret sailboat"}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    for path in ("", "/stills/sea/0", "/shots/sea/0"):
        answer = bob.browser.client.get(f"/api/films/{film.id}{path}")
        assert answer.status_code in (403, 404), path
    page = people.window(of=bob)
    page.goto(f"/app/films?film={film.id}")
    expect(page.locator("#fl-new")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("secret")


def test_after_an_answer_the_focus_is_where_it_was(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    scenes = [{"id": "sea", "prompt": "a sailboat"}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    keyframes.keyframes(ann.me, town.studio, film.id)
    make(town, ann.me)
    page = people.window("desk", of=ann)
    page.goto(f"/app/films?film={film.id}")
    approve = page.locator("[data-key='ok-sea/0']")
    approve.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fl-still.approved")).to_have_count(1)
    expect(approve).to_be_focused()
    edit = page.locator("#edit-sea > summary")
    edit.focus()
    page.keyboard.press("Enter")
    page.locator("#edit-sea textarea").fill("a sailboat in the rain")
    page.keyboard.press("Tab")
    page.locator("#edit-sea .primary").press("Enter")
    expect(page.locator("#scene-sea .fl-words")).to_have_text("a sailboat in the rain")
    expect(edit).to_be_focused()
    page.locator("#scene-sea [data-act=delete]").press("Enter")
    expect(page.locator("#scene-sea")).to_have_count(0)
    expect(page.locator("h1")).to_be_focused()


def test_a_film_that_was_deleted_elsewhere_leads_to_the_others(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    scenes = [{"id": "sea", "prompt": "a sailboat"}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    page = people.window(of=ann)
    page.goto(f"/app/films?film={film.id}")
    page.click("#fl-draw")
    expect(page.locator("#fl-drawing")).to_be_visible()
    films.delete_film(ann.me, town.studio, film.id)
    expect(page.locator("#fl-new")).to_be_visible()


def test_a_refused_text_stays_whatever_is_pressed_next(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    scenes = [{"id": "sea", "prompt": "a sailboat"}, {"id": "cat", "prompt": "a cat"}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    page = people.window(of=ann)
    page.goto(f"/app/films?film={film.id}")
    page.locator("#edit-sea > summary").click()
    page.locator("#edit-sea textarea").fill("a sailboat in the rain")
    page.locator("#edit-sea [name=seconds]").evaluate("one => { one.step = 'any'; one.value = 7 }")
    page.locator("#edit-sea .primary").click()
    expect(page.locator("[data-testid=toast-body]")).to_be_visible()
    page.locator("#scene-cat [data-act=duplicate]").click()
    expect(page.locator(".fl-scene")).to_have_count(3)
    expect(page.locator("#edit-sea textarea")).to_have_value("a sailboat in the rain")


def test_pictures_that_are_approved_in_a_hurry_are_all_approved(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    scenes = [{"id": "sea", "prompt": "a sailboat", "seconds": 10}]
    film = films.create_film(ann.me, town.studio, {"title": "Sea", "scenes": scenes}).film
    keyframes.keyframes(ann.me, town.studio, film.id)
    make(town, ann.me)
    page = people.window(of=ann)
    page.goto(f"/app/films?film={film.id}")
    buttons = page.locator(".fl-still [data-act=approve]")
    expect(buttons).to_have_count(3)
    buttons.evaluate_all("all => all.forEach((one) => one.click())")
    expect(page.locator(".fl-still.approved")).to_have_count(3)
