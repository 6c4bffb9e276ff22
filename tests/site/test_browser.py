"""A real browser, on a phone and on a desk: what people see and touch.

Needs Debian's `chromium`; `make test` installs it where it may. Screenshots are kept in
out/screenshots.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.site.browsers import PASSWORD
from tests.studio.conftest import Town
from tests.studio.scenes import REFUSED

CHROMIUM = Path("/usr/bin/chromium")
SHOTS = Path(__file__).parents[2] / "out" / "screenshots"
#: Patience for one job, on a machine that runs other tests beside it.
JOB_MS = 300_000
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
TOO_SMALL = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select')]
  .map(one => one.matches('[type=radio], [type=checkbox]') && one.closest('label') || one)
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
  .map(one => one.outerHTML.slice(0, 120))"""

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs chromium (apt-get install chromium)"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def worker(town: Town) -> Iterator[None]:
    """A real worker with its child, on tiny models."""
    made = town.wiring.worker()
    thread = threading.Thread(target=made.run)
    thread.start()
    yield
    made.stop()
    thread.join()


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, chromium: Browser, site: str) -> Iterator[Page]:
    """A fresh browser on that device; anything it loads from elsewhere fails the test."""
    context = chromium.new_context(
        viewport=SIZES[request.param],
        base_url=site,
        has_touch=request.param == "phone",
        bypass_csp=True,  # for axe-core's own script
    )
    foreign = list[str]()
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda sent: foreign.append(sent.url))
    yield page
    context.close()
    own = (site, "data:", "blob:")
    assert [url for url in foreign if not url.startswith(own)] == []


def shoot(page: Page, name: str) -> None:
    """Keep a picture of what is shown."""
    width = (page.viewport_size or SIZES["desk"])["width"]
    page.screenshot(path=SHOTS / f"{name}-{width}.png")


def check(page: Page, name: str) -> None:
    """What holds on every page: no axe violation, nothing sideways, nothing too small to touch."""
    shoot(page, name)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, "the page scrolls sideways"
    assert page.evaluate(TOO_SMALL) == []


def test_the_way_in(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/age"))
    check(page, "age")
    page.get_by_role("button", name="I am 18 or older").click()
    check(page, "sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    check(page, "recover")
    page.goto("/auth/sign-up")
    check(page, "sign-up")


def sign_up(page: Page) -> None:
    """A new account, from the first visit to the first page."""
    page.goto("/")
    page.get_by_role("button", name="I am 18 or older").click()
    page.goto("/auth/sign-up")
    page.get_by_label("E-mail").fill(f"{uuid4()}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile("/app/"))
    expect(page.locator("#ov-credits")).to_be_visible()


def test_from_an_idea_to_a_downloaded_video(page: Page, town: Town, worker: None) -> None:
    sign_up(page)
    page.locator("#ov-prompt textarea").fill("a red sailboat on the sea at sunset")
    check(page, "create-idea")
    page.locator("#ov-idea-go").click()
    expect(page.locator("#ov-enhanced textarea")).not_to_have_value("", timeout=JOB_MS)
    check(page, "create-words")
    page.reload()
    page.locator("#ov-words-go").click()
    expect(page.locator(".ov-still img").first).to_be_visible(timeout=JOB_MS)
    page.locator("[data-act=choose]").first.click()
    expect(page.locator(".ov-still.chosen")).to_be_visible()
    check(page, "create-previews")
    page.locator("#ov-preview-go").click()
    expect(page.locator("#ov-render-go")).to_be_visible()
    check(page, "create-render")
    page.locator("#ov-render-go").dblclick()
    expect(page.locator("#ov-video video")).to_be_visible(timeout=JOB_MS)
    check(page, "create-result")
    with page.expect_download() as download:
        page.locator("#ov-download").click()
    assert Path(download.value.path()).stat().st_size > 1000
    page.goto("/app/library")
    expect(page.locator("#lib-pieces")).to_contain_text("sailboat")
    check(page, "library")
    page.goto("/app/account")
    expect(page.locator("#ov-ledger")).to_contain_text("video")
    check(page, "account")


def test_a_refused_prompt_is_explained_and_costs_nothing(page: Page) -> None:
    sign_up(page)
    page.locator("#ov-prompt textarea").fill(REFUSED)
    page.locator("#ov-idea-go").click()
    expect(page.locator(".toast-body")).to_contain_text("not", timeout=60_000)
    expect(page.locator("#ov-credits")).to_contain_text("5")


def test_characters_have_a_page(page: Page) -> None:
    sign_up(page)
    page.goto("/app/characters")
    expect(page.locator("#ov-characters")).to_be_visible()
    expect(page.locator("#who-first")).to_be_visible()
    check(page, "characters")
