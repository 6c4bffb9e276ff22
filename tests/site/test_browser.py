"""A real browser, on a phone and on a desk: what people see and touch, from the first visit on."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from ourvidz.studio import projects
from tests.site.browsers import PASSWORD
from tests.site.devices import (
    People,
    check,
    check_both,
    chromium,  # noqa: F401
    needs_chromium,
    people,  # noqa: F401
)
from tests.studio.conftest import Town, identity

#: Patience for one job.
JOB_MS = 300_000

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def worker(town: Town) -> Iterator[None]:
    """A real worker with its child, on tiny models."""
    made = town.wiring.worker()
    thread = threading.Thread(target=made.run)
    thread.start()
    yield
    made.stop()
    thread.join()


def test_the_way_in(people: People) -> None:  # noqa: F811
    page = people.window()
    page.goto("/")
    expect(page).to_have_url(re.compile("/age"))
    check_both(page, "age")
    page.get_by_role("button", name="I am 18 or older").click()
    check_both(page, "sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    check_both(page, "recover")
    page.goto("/auth/sign-up")
    check_both(page, "sign-up")


def sign_up(page: Page) -> str:
    """A new account, from the first visit to the first page; its address."""
    email = f"{uuid4()}@example.com"
    page.goto("/")
    page.get_by_role("button", name="I am 18 or older").click()
    page.goto("/auth/sign-up")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile("/app/"))
    expect(page.locator("#ov-credits")).to_contain_text("5")
    return email


@pytest.mark.parametrize("height", [844, 667])
def test_on_a_phone_the_idea_goes_on_without_scrolling(
    people: People,  # noqa: F811
    height: int,
) -> None:
    page = people.window()
    sign_up(page)
    page.set_viewport_size({"width": 390, "height": height})
    onward, bar = page.locator("#ov-idea-go"), page.locator(".ov-nav")
    expect(page.locator("#ov-examples .ov-chip").first).to_be_visible()
    expect(onward).to_be_in_viewport(ratio=1)
    button, thumbs = onward.bounding_box(), bar.bounding_box()
    assert button and thumbs and button["y"] + button["height"] <= thumbs["y"]
    assert page.evaluate("window.scrollY") == 0
    check(page, f"create-empty-{height}")


def test_from_an_idea_to_a_downloaded_video_and_on(
    people: People,  # noqa: F811
    town: Town,
    worker: None,
) -> None:
    page = people.window()
    email = sign_up(page)
    me = identity(town.studio.administration.user_by_email(email).user_id, email)
    (empty,) = projects.projects(me, town.studio)
    projects.change_project(me, town.studio, empty.id, {"seconds": 1, "profile": "fast"})
    page.reload()
    page.locator("#ov-prompt textarea").fill("a red sailboat on the sea at sunset")
    check_both(page, "create-idea")
    page.locator("#ov-idea-go").click()
    expect(page.locator("#ov-enhanced textarea")).not_to_have_value("", timeout=JOB_MS)
    check_both(page, "create-words")
    page.locator("#ov-words-go").click()
    expect(page.locator(".ov-still img").first).to_be_visible(timeout=JOB_MS)
    page.locator("[data-act=choose]").first.click()
    expect(page.locator(".ov-still.chosen")).to_be_visible()
    check_both(page, "create-previews")
    page.locator("#ov-preview-go").click()
    expect(page.locator("#ov-render-go")).to_be_visible()
    check_both(page, "create-render")
    page.locator("#ov-render-go").click()
    expect(page.locator("#ov-video video")).to_be_visible(timeout=JOB_MS)
    check_both(page, "create-result")
    with page.expect_download() as download:
        page.locator("#ov-download").click()
    assert Path(download.value.path()).stat().st_size > 1000
    page.locator("#ov-onward").click()
    expect(page.locator("#ov-step-idea")).to_be_visible()
    page.locator(".ov-steps [data-id=preview]").click()
    expect(page.locator(".ov-still img")).to_have_count(1, timeout=JOB_MS)
    check(page, "create-onward")
    page.goto("/app/library")
    expect(page.locator("#lib-pieces")).to_contain_text("sailboat")
    check_both(page, "library")
    page.goto("/app/account")
    expect(page.locator("#ov-ledger")).to_contain_text("video")
    check_both(page, "account")
