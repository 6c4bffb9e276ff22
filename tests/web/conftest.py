"""An app with local files and a worker token, behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.web.server import AppParts, make_app
from tests.files import SECRET, TOKEN, Leases, address, listener, served


@dataclass
class Site:
    """The app, what it stands on, a client, and a clock that can be set forward."""

    url: str
    media: LocalMedia
    leases: Leases
    client: httpx.Client
    root: Path
    later_s: list[float]

    def incoming(self) -> list[str]:
        return sorted(path.name for path in (self.root / ".incoming").iterdir())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    later_s = [0.0]
    with listener() as door, httpx.Client(verify=False) as client:
        root = tmp_path_factory.mktemp("media")
        media = LocalMedia(root, SECRET, address(door), now=lambda: 1_800_000_000 + later_s[0])
        leases = Leases()
        parts: Any = {"media": media, "administration": leases, "worker_token": TOKEN}
        with served(make_app(AppParts(**parts)), door):
            yield Site(address(door), media, leases, client, root, later_s)


@pytest.fixture(autouse=True)
def clock(site: Site) -> Iterator[None]:
    yield
    site.later_s[0] = 0.0
