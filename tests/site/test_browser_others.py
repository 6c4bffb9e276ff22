"""What two people see of each other, what admins see, and what someone new sees."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ourvidz.studio import characters, library, orders, projects
from ourvidz.web.texts_create import CREATE
from tests.site.browsers import PAGE
from tests.site.devices import (
    SIZES,
    People,
    check,
    check_both,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.site.stage import address, seen
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_video, fail
from tests.web.wizard import with_choice

pytestmark = needs_chromium


def test_two_people_see_nothing_of_each_other(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann, bob = people.person(), people.person()
    where = with_choice(town, ann.me, prompt="a very secret cat")
    job = orders.render(ann.me, town.studio, where.project_id)
    deliver_video(town, ann.me, job)
    waiting = orders.render(ann.me, town.studio, where.project_id, seed=3)
    (video,) = library.videos(ann.me, town.studio)
    page = people.window(of=bob)
    page.goto(address(where))
    seen(page, "idea")
    assert where.project_id not in page.url
    for path in ("/app/", "/app/library", "/app/characters", "/app/account"):
        page.goto(path)
        expect(page.locator("#ov-credits")).to_contain_text("5")
        expect(page.locator("body")).not_to_contain_text("secret")
    for path in (
        f"/api/jobs/{job.id}", f"/api/jobs/{job.id}/frame", f"/media/{video.id}",
        f"/media/{video.id}/thumbnail", f"/media/{video.id}?download=1",
    ):  # fmt: skip
        assert bob.browser.client.get(path, headers=PAGE).status_code in (403, 404), path
    assert bob.browser.post(f"/api/jobs/{waiting.id}/cancel").status_code in (403, 404)
    link = ann.browser.client.get(f"/media/{video.id}").headers["location"]
    assert bob.browser.client.get(link.partition("?")[0]).status_code in (403, 404)
    assert not town.studio.records.job(ann.me, waiting.id).cancel_requested


def test_admins_see_how_it_goes_and_others_do_not_see_that_page(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    boss, ann = people.person(), people.person()
    project = projects.create_project(ann.me, town.studio, {"prompt": "a cat"})
    deliver_video(town, ann.me, orders.render(ann.me, town.studio, project.id))
    fail(town, orders.render(ann.me, town.studio, project.id, seed=3))
    page = people.window(of=boss)
    answer = page.goto("/admin/")
    assert answer is not None
    assert answer.status == 404
    town.studio.administration.set_role(boss.me.user_id, "admin")
    for path in ("", "jobs", "people", "figures"):
        page.goto(f"/admin/{path}")
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        check_both(page, f"admin-{path or 'overview'}")


@pytest.mark.parametrize("size", SIZES)
def test_what_is_empty_says_how_to_begin(people: People, size: str) -> None:  # noqa: F811
    page = people.window(size, of=people.person())
    for path, first in (("library", ".ov-empty"), ("characters", "#who-first"), ("account", "h1")):
        page.goto(f"/app/{path}")
        expect(page.locator(first).first).to_be_visible()
        check(page, f"{path}-empty")


def test_a_character_is_offered_where_the_idea_is(people: People, town: Town) -> None:  # noqa: F811
    ann = people.person()
    characters.create_character(ann.me, town.studio, "Mia", "a girl with red hair", ())
    page = people.window(of=ann)
    page.goto("/app/")
    seen(page, "idea")
    expect(page.get_by_label(CREATE["character"])).to_be_visible()
