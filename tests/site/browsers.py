"""Browsers that keep cookies and send what browsers send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self
from uuid import uuid4

import httpx

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
