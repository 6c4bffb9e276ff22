"""The app as it is served."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from ourvidz.domain.errors import Unavailable
from ourvidz.web.door import listen
from ourvidz.web.server import AppParts, make_app, serve
from tests.files import TOKEN, Leases, address, http, lease, listener, served
from tests.web.conftest import Site


class Broken:
    """A storage with a bug in it."""

    def upload_target(self, key: str, content_type: str) -> None:
        raise RuntimeError("the bug, with a secret in its text")


def test_says_that_it_lives(site: Site) -> None:
    answer = site.client.get(f"{site.url}/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/m/x", "/api/worker/uploads"])
def test_every_answer_has_the_security_headers(site: Site, path: str) -> None:
    headers = site.client.get(site.url + path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_tells_nothing_about_its_inside(site: Site, path: str) -> None:
    assert site.client.get(site.url + path).status_code == 404


def test_a_bug_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    mine = lease()
    parts: Any = {
        "media": Broken(), "administration": Leases(mine), "worker_token": TOKEN,
    }  # fmt: skip
    ask = {
        "job_id": str(mine.job.id), "worker": "w1", "attempt": 1,
        "bucket": "videos-final", "name": "a.mp4", "content_type": "video/mp4",
    }  # fmt: skip
    with listener() as door, served(make_app(AppParts(**parts)), door):
        url = f"{address(door)}/api/worker/uploads?sig=secret-signature"
        with caplog.at_level(logging.ERROR):
            answer = http("POST", url, json=ask, headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 500
    assert answer.json() == {
        "error": "internal",
        "message": "Something went wrong on our side. Try again in a moment.",
    }
    assert "the bug" in caplog.text and "secret-signature" not in caplog.text


def test_no_half_of_an_answer_waits_for_the_other() -> None:
    with listen("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        connection, _ = door.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_said(site: Site) -> None:
    port = int(site.url.rpartition(":")[2])
    with pytest.raises(Unavailable, match=f"port {port}: can not be opened"):
        serve(make_app(AppParts(media=site.media, administration=Leases())), "127.0.0.1", port)  # pyright: ignore[reportArgumentType]


SERVE = """
import sys
from pathlib import Path
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.web.server import AppParts, make_app, serve
media = LocalMedia(Path(sys.argv[1]), bytes(32), "http://127.0.0.1")
serve(make_app(AppParts(media=media, administration=None)), "127.0.0.1", int(sys.argv[2]))
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_it_is_told_to(tmp_path: Path, how: signal.Signals) -> None:
    with listener() as free:
        url, port = address(free), free.getsockname()[1]
    command = [sys.executable, "-c", SERVE, str(tmp_path / "media"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            with contextlib.suppress(httpx.ConnectError):
                assert http("GET", f"{url}/healthz").json() == {"status": "ok"}
                break
            time.sleep(0.05)
        process.send_signal(how)
        said = process.communicate(timeout=20)
    assert said == (b"", b"")
