"""What goes wrong around a person: no network, a restart, two clicks, two tabs, a lost session."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from ourvidz.studio import account, projects
from ourvidz.web.texts_create import CREATE, JOB
from tests.servers import Endpoints
from tests.site.browsers import PAGE, PASSWORD, Visit
from tests.site.conftest import free_port, running_app
from tests.site.devices import (
    People,
    check,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
    shoot,
)
from tests.site.stage import address, at_render, begun_render, ordered, seen, tell
from tests.studio.conftest import Town
from tests.studio.scenes import REFUSED, finish_video
from tests.web.wizard import begun

pytestmark = needs_chromium


def test_without_a_network_it_says_so_and_goes_on_when_there_is_one(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    where = at_render(town, ann)
    page = people.window(of=ann)
    page.goto(address(where))
    page.locator("#ov-render-go").click()
    expect(page.locator("#ov-render-job")).to_be_visible()
    lease = begun_render(town, ann, where)
    expect(page.locator("#ov-render-job")).to_contain_text("40 %")
    check(page, "create-rendering")
    page.context.set_offline(True)
    expect(page.locator("#ov-render-job")).to_contain_text(JOB["reconnecting"])
    shoot(page, "create-offline")
    tell(town, lease, 0.8)
    page.context.set_offline(False)
    expect(page.locator("#ov-render-job")).to_contain_text("80 %")
    expect(page.locator("#ov-render-job")).not_to_contain_text(JOB["reconnecting"])
    finish_video(town, lease)
    seen(page, "done")


def test_a_restart_of_the_server_loses_nothing(
    people: People,  # noqa: F811
    town: Town,
    site_endpoints: Endpoints,
    tmp_path: Path,
) -> None:
    ann, port = people.person(), free_port()
    where = at_render(town, ann)
    page = people.window(of=ann, site=f"http://127.0.0.1:{port}")
    with running_app(town, site_endpoints, port, tmp_path):
        page.goto(address(where))
        page.locator("#ov-render-go").click()
        expect(page.locator("#ov-render-job")).to_be_visible()
        lease = begun_render(town, ann, where)
        expect(page.locator("#ov-render-job")).to_contain_text("40 %")
    expect(page.locator("#ov-render-job")).to_contain_text(JOB["reconnecting"])
    finish_video(town, lease)
    with running_app(town, site_endpoints, port, tmp_path):
        seen(page, "done")
        page.reload()
        seen(page, "done")
    assert len(ordered(town, ann)) == 1
    assert town.ledger(ann.me) == [("grant", 5), ("reserve", -1), ("settle", 0)]


def test_a_double_click_and_a_second_tab_are_one_order(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    where = at_render(town, ann)
    one = people.window(of=ann)
    other = one.context.new_page()
    for page in (one, other):
        page.goto(address(where))
        seen(page, "render")
    one.locator("#ov-render-go").dblclick()
    other.locator("#ov-render-go").click()
    for page in (one, other):
        expect(page.locator("#ov-render-job [role=progressbar]")).to_be_visible()
        expect(page.locator("#ov-credits")).to_contain_text("4 credits")
    assert len(ordered(town, ann)) == 1
    assert town.ledger(ann.me) == [("grant", 5), ("reserve", -1)]


def test_a_slow_second_tap_does_not_cancel_what_the_first_has_ordered(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    page = people.window(of=ann)
    page.goto(address(at_render(town, ann)))
    seen(page, "render")
    page.evaluate("""() => { const tap = setInterval(() => {
        const cancel = document.querySelector('#ov-render-job [data-part=cancel]');
        if (!cancel?.checkVisibility()) return;
        clearInterval(tap);
        cancel.click();
        window.tapped = true;
    }, 20); }""")
    page.locator("#ov-render-go").click()
    page.wait_for_function("window.tapped")
    page.wait_for_timeout(1500)
    assert [job.state for job in ordered(town, ann)] == ["queued"]


def test_without_credits_it_says_what_is_missing_and_where_to_look(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    where = at_render(town, ann)
    page = people.window(of=ann)
    page.goto(address(where))
    seen(page, "render")
    town.studio.administration.add_credits(ann.me.user_id, -5, "test", f"none {ann.me.user_id}")
    page.locator("#ov-render-go").click()  # the page does not know yet
    expect(page.locator("[data-testid=toast-body]")).to_be_visible()
    page.reload()
    seen(page, "render")
    expect(page.locator("#ov-render-note")).to_contain_text(CREATE["too_dear"].format(1, 0))
    expect(page.locator("#ov-render-go")).to_be_disabled()
    check(page, "create-no-credits")
    page.get_by_role("link", name=CREATE["to_account"]).click()
    expect(page).to_have_url(re.compile("/app/account"))
    assert ordered(town, ann) == []
    assert account.balance(ann.me, town.studio) == 0


def test_a_refused_prompt_is_explained_and_costs_nothing(people: People) -> None:  # noqa: F811
    page = people.window(of=people.person())
    page.goto("/app/")
    page.locator("#ov-prompt textarea").fill(REFUSED)
    page.locator("#ov-idea-go").click()
    toast = page.locator("[data-testid=toast-body]")
    expect(toast).to_contain_text("not")
    assert toast.locator("[role=button] button").count() == 0  # axe would say so, if it is in time
    check(page, "create-refused")
    expect(page.locator("#ov-credits")).to_contain_text("5")


def test_a_session_that_ends_while_one_types_takes_nothing_along(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    where = begun(town, ann.me, enhanced_prompt="A red sailboat.")
    page = people.window(of=ann)
    page.goto(address(where))
    seen(page, "prompt")
    there = page.url
    ann.browser.post("/auth/sign-out")
    page.locator("#ov-enhanced textarea").fill("A red sailboat in the rain.")
    expect(page.locator("[data-testid=toast-body]")).to_contain_text("sign in again")
    page.reload()
    expect(page).to_have_url(re.compile("/auth/sign-in"))
    page.get_by_label("E-mail").fill(ann.browser.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    seen(page, "prompt")
    assert page.url == there
    expect(page.locator("#ov-enhanced textarea")).to_have_value("A red sailboat in the rain.")
    for _ in range(100):  # kept without another press
        kept = projects.project(ann.me, town.studio, where.project_id)
        if kept.enhanced_prompt == "A red sailboat in the rain.":
            break
        page.wait_for_timeout(100)
    page.reload()
    expect(page.locator("#ov-enhanced textarea")).to_have_value("A red sailboat in the rain.")


def test_what_is_typed_without_a_network_is_there_when_there_is_one(
    people: People,  # noqa: F811
    town: Town,
) -> None:
    ann = people.person()
    where = begun(town, ann.me, enhanced_prompt="A red sailboat.")
    page = people.window(of=ann)
    page.goto(address(where))
    seen(page, "prompt")
    words = page.locator("#ov-enhanced textarea")
    page.context.set_offline(True)
    words.fill("A red sailboat in the rain.")
    expect(page.locator("[data-testid=toast-body]")).to_be_visible()
    words.fill("A red sailboat in the rain at night.")  # nothing is sent any more
    with page.expect_event("load"):  # which Gradio does by itself
        page.context.set_offline(False)
    seen(page, "prompt")
    expect(words).to_have_value("A red sailboat in the rain at night.")
    for _ in range(100):
        kept = projects.project(ann.me, town.studio, where.project_id)
        if kept.enhanced_prompt == "A red sailboat in the rain at night.":
            return
        page.wait_for_timeout(100)
    pytest.fail("it was not kept")


def test_signing_out_ends_the_cookie_and_what_the_browser_kept(
    people: People,  # noqa: F811
    visit: Visit,
) -> None:
    ann = people.person()
    page = people.window(of=ann)
    page.goto("/app/account")
    thief = visit()
    thief.client.cookies.update(ann.browser.client.cookies)
    assert thief.get("/app/account").status_code == 200
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(re.compile("/auth/sign-in"))
    assert urlsplit(thief.get("/app/account").headers["location"]).path == "/auth/sign-in"
    for path in ("/app/gradio_api/queue/data?session_hash=x", "/account/export", "/api/jobs/x"):
        assert thief.client.get(path).status_code == 401
    page.go_back()
    expect(page).to_have_url(re.compile("/auth/sign-in"))
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert thief.client.get("/app/", headers=PAGE).status_code == 303


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_page_that_is_not_there_leads_back(people: People, size: str) -> None:  # noqa: F811
    page = people.window(size, of=people.person())
    page.goto("/app/?project=00000000-0000-0000-0000-000000000000&step=done")
    seen(page, "idea")
