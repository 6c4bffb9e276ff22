"""Real browsers of real people: Debian's chromium, on a phone and on a desk.

    from tests.site.devices import chromium, needs_chromium, people  # noqa: F401

Screenshots are kept in out/screenshots.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from ourvidz.domain.account import Identity
from tests.site.browsers import Browser, Visit
from tests.studio.conftest import Town, identity

PROGRAM = Path("/usr/bin/chromium")
SHOTS = Path(__file__).parents[2] / "out" / "screenshots"
#: Patience on a machine that runs other tests beside these.
PATIENCE_MS = 60_000
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
AT_REST = """() => document.getAnimations().every(one => one.playState !== 'running'
  || one.effect.getComputedTiming().endTime === Infinity)"""
TOO_SMALL = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select')]
  .map(one => one.matches('[type=radio], [type=checkbox]') && one.closest('label') || one)
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44)
  .map(one => one.outerHTML.slice(0, 120))"""

needs_chromium = pytest.mark.skipif(
    not PROGRAM.exists(), reason="needs chromium (apt-get install chromium)"
)


@dataclass(frozen=True)
class Person:
    """Somebody with five credits. browser: their session, without a window; me: to the studio."""

    browser: Browser
    me: Identity


class People:
    """Makes people, and windows for them; what a page loads from elsewhere fails the test."""

    def __init__(self, chromium: Chromium, visit: Visit, site: str, town: Town) -> None:
        self._chromium, self._visit, self._site, self._town = chromium, visit, site, town
        self._open = ExitStack()
        self._foreign = list[str]()

    def person(self) -> Person:
        """Someone who has just signed up."""
        browser = self._visit().signed_up()
        found = self._town.studio.administration.user_by_email(browser.email)
        return Person(browser, identity(found.user_id, browser.email))

    def window(
        self,
        size: str = "phone",
        *,
        of: Person | None = None,
        site: str = "",
        bypass_csp: bool = True,
    ) -> Page:
        """A new device: nobody's, or one where somebody is signed in.

        bypass_csp: pages have no content policy, which axe-core's own script needs.
        """
        context = self._chromium.new_context(
            viewport=SIZES[size],  # type: ignore[arg-type]
            base_url=site or self._site,
            has_touch=size == "phone",
            bypass_csp=bypass_csp,
        )
        self._open.callback(context.close)
        if of is not None:
            sign_in(context, of, site or self._site)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda sent: self._loaded(sent.url, site or self._site))
        page.on("dialog", lambda dialog: self._foreign.append(f"dialog: {dialog.message}"))
        return page

    def close(self) -> None:
        """Close all windows."""
        self._open.close()
        assert self._foreign == []

    def _loaded(self, url: str, site: str) -> None:
        if not url.startswith((site, "data:", "blob:")):
            self._foreign.append(url)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PROGRAM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def people(chromium: Chromium, visit: Visit, site: str, town: Town) -> Iterator[People]:
    made = People(chromium, visit, site, town)
    yield made
    made.close()


def sign_in(context: BrowserContext, person: Person, site: str) -> None:
    """Give a browser the cookies of a session."""
    context.add_cookies(
        [
            {"name": one.name, "value": one.value or "", "url": site}
            for one in person.browser.client.cookies.jar
        ]
    )


def shoot(page: Page, name: str) -> None:
    """Keep a picture of what is shown."""
    size: Any = page.viewport_size or SIZES["desk"]
    page.screenshot(path=SHOTS / f"{name}-{size['width']}.png")


def check(page: Page, name: str) -> None:
    """What holds on every page: no axe violation, nothing sideways, nothing too small to touch."""
    page.wait_for_function(AT_REST)  # a message that fades in has too little contrast
    shoot(page, name)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, "the page scrolls sideways"
    small = page.evaluate(TOO_SMALL)
    assert small == [], small


def check_both(page: Page, name: str) -> None:
    """`check` on a desk, then on a phone, where the page stays."""
    for size in ("desk", "phone"):
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        check(page, name)
