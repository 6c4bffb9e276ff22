"""What attacks are made with: a scene, and the hands of whoever tries."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.domain.job import Job
from ourvidz.domain.library import Video
from tests.site.browsers import Browser

EVIL = "https://evil.example"
MARKUP = "<img src=x onerror=alert(1)>${globalThis.pwned=1}{{constructor.constructor}}"
JOIN, READ = "gradio_api/queue/join", "gradio_api/queue/data"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One app and those who come there. ann has a job, a video, a project and a character;
    mallory has an account; visitor has none. secret: a word that only Ann's things have in them.
    uploaded: a file where Gradio keeps uploads; filed: all that lie there now. media: makes links.
    """

    site: str
    ann: Browser
    mallory: Browser
    visitor: Browser
    ann_id: UUID
    secret: str
    job: Job
    video: Video
    uploaded: str
    filed: Callable[[], list[str]]
    media: LocalMedia


Attack = Callable[[Scene], bool]


def config(browser: Browser, path: str) -> dict[str, Any]:
    """What a page tells the browser about itself; {} when there is no such page."""
    page = browser.get(path).text
    _, found, rest = page.partition("window.gradio_config = ")
    return json.JSONDecoder().raw_decode(rest)[0] if found else {}


def join(browser: Browser, mount: str, number: Any, data: Any, **more: Any) -> httpx.Response:
    """Call a handler by its number, as the page's script would."""
    said = {"fn_index": number, "data": data, "session_hash": uuid4().hex, "event_data": None}
    headers = {"origin": browser.site} | more.pop("headers", {})
    return browser.client.post(f"{mount}/{JOIN}", json=said | more, headers=headers)


def events(browser: Browser, mount: str, tab: str, headers: dict[str, str] | None = None) -> str:
    """What comes on a tab's stream until all of its events have ended."""
    answer = ""
    url = f"{mount}/{READ}?session_hash={tab}"
    with browser.client.stream("GET", url, headers=headers) as stream:
        for line in stream.iter_lines():
            answer += line
            if '"close_stream"' in line or '"unexpected_error"' in line:
                break
    return answer


def told(browser: Browser, mount: str, number: int, data: list[Any], **more: Any) -> str:
    """Everything that a handler answers, "" when it could not be called."""
    tab = uuid4().hex
    headers = more.get("headers")
    if join(browser, mount, number, data, session_hash=tab, **more).status_code != 200:
        return ""
    return events(browser, mount, tab, headers)


def opened(browser: Browser, page: dict[str, Any], mount: str, query: str = "", **more: Any) -> str:
    """What all handlers answer that run when a page is opened."""
    answer = ""
    for one in page.get("dependencies", []):
        if any(event == "load" for _, event in one["targets"]):
            answer += told(browser, mount, one["id"], [query] * len(one["inputs"]), **more)
    return answer


def raw(scene: Scene, request: bytes, wait_s: float = 5.0) -> bytes:
    """The first bytes of the answer to a request that no client library would send."""
    host, port = scene.site.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait_s) as wire:
        wire.sendall(request)
        try:
            return wire.recv(4096)
        except TimeoutError:
            return b"open"


def head(browser: Browser, line: str, *more: str) -> bytes:
    """A request's head with that browser's cookies."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    host = browser.site.removeprefix("http://")
    lines = [line, f"host: {host}", f"origin: {browser.site}", f"cookie: {cookies}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"
