"""Create in a real Chromium: what travels, when something is seen, when it can be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
PHONE: Any = {"width": 390, "height": 844}
#: A phone on a bad line: 150 ms, 1.6 Mbit/s down, 0.75 up, a quarter of this processor.
SLOW: Mapping[str, Any] = MappingProxyType(
    {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
)
SLOW_CPU = 4
PATIENCE_MS = 90_000
_LARGEST = """window.largest = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.largest = entry.startTime;
}).observe({ type: 'largest-contentful-paint', buffered: true });"""
_FIRST = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def visits(site: str, cookies: Mapping[str, str], rounds: int) -> list[dict[str, float]]:
    """Everything once per round, each in a browser without a cache; the first one is thrown away.

    cookies: of somebody who is signed in.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            every = [_round(browser, site, cookies) for _ in range(rounds + 1)]
        finally:
            browser.close()
    return every[1:]


def _round(browser: Browser, site: str, cookies: Mapping[str, str]) -> dict[str, float]:
    quick = _visit(browser, site, cookies, slow=False)
    slow = _visit(browser, site, cookies, slow=True)
    return {
        "cold_kb": quick["kb"],
        "requests": quick["requests"],
        "visible_s": slow["first_s"],
        "largest_s": slow["largest_s"],
        "usable_s": slow["usable_s"],
        "next_page_s": quick["next_s"],
        "next_page_kb": quick["next_kb"],
        "unthrottled_visible_s": quick["first_s"],
        "unthrottled_usable_s": quick["usable_s"],
        "throttled_next_page_s": slow["next_s"],
    }


def _visit(
    browser: Browser, site: str, cookies: Mapping[str, str], *, slow: bool
) -> dict[str, float]:
    context = browser.new_context(viewport=PHONE)
    host = urlsplit(site).hostname or ""
    context.add_cookies(
        [{"name": name, "value": value, "domain": host, "path": "/"}
         for name, value in cookies.items()]
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(_LARGEST)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    came: list[float] = []
    wire.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    if slow:
        wire.send("Network.emulateNetworkConditions", dict(SLOW))
        wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    page.goto(f"{site}/app/", wait_until="commit")
    page.locator("#ov-prompt textarea").wait_for(state="visible")
    usable_ms = page.evaluate("performance.now()")
    page.wait_for_timeout(1000)  # the last of what the page fetches
    first = {
        "usable_s": usable_ms / 1000,
        "first_s": page.evaluate(_FIRST) / 1000,
        "largest_s": page.evaluate("window.largest") / 1000,
        "kb": sum(came) / 1000,
        "requests": len(came),
    }
    came.clear()
    page.goto(f"{site}/app/library", wait_until="commit")
    page.locator("#ov-library h1").wait_for(state="visible")
    first["next_s"] = page.evaluate("performance.now()") / 1000
    page.wait_for_timeout(500)
    first["next_kb"] = sum(came) / 1000
    context.close()
    return first
