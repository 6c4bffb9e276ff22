"""Browsers that keep cookies and send what browsers send."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Self
from uuid import uuid4

import httpx

from tests.studio.conftest import Town

PASSWORD = "a sentence that I remember 7"
PAGE = {"accept": "text/html"}


class Browser:
    """Someone's browser; follows no redirect by itself."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.email = ""
        self.client = httpx.Client(base_url=site, timeout=60)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path, headers=PAGE)

    def post(self, path: str, **values: str) -> httpx.Response:
        return self.client.post(path, data=values, headers={"origin": self.site})

    def grown_up(self) -> Self:
        assert self.post("/age", answer="adult").status_code == 303
        return self

    def signed_up(self) -> Self:
        self.grown_up()
        self.email = f"{uuid4()}@example.com"
        answer = self.post("/auth/sign-up", email=self.email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return self

    @property
    def session(self) -> str:
        return self.client.cookies.get("ov_session", "")


#: A new browser, closed after the module's tests.
Visit = Callable[[], Browser]


def code_sent_to(town: Town, email: str) -> str:
    """The code in the newest letter to that address."""
    outbox = town.wiring.settings.outbox_dir
    texts: list[str] = []
    until = time.monotonic() + 10
    while not texts and time.monotonic() < until:  # the answer does not wait for the letter
        time.sleep(0.1)
        letters = sorted(outbox.glob("[!.]*.eml"), key=lambda one: one.stat().st_mtime)
        texts = [text for one in letters if email in (text := one.read_text())]
    text = texts[-1]
    return re.findall(r"\b\d{6,10}\b", text)[-1]
