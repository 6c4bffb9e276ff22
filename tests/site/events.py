"""Calls a page's handlers as an attacker would: by number, with any data, without the page."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.site.browsers import Browser


def handlers(browser: Browser, path: str, elem_id: str) -> dict[str, int]:
    """Numbers of the handlers of one component, by the name of their event."""
    page = browser.get(path).text
    found, _ = json.JSONDecoder().raw_decode(page.partition("window.gradio_config = ")[2])
    owner = next(one["id"] for one in found["components"] if one["props"].get("elem_id") == elem_id)
    return {
        event: one["id"]
        for one in found["dependencies"]
        for target, event in one["targets"]
        if target == owner
    }


def press(
    browser: Browser, mount: str, number: int, said: dict[str, Any], *, tab: str = ""
) -> tuple[int, str]:
    """Status of the call, and the text of everything it answered."""
    tab = tab or uuid4().hex
    joined = browser.client.post(
        f"{mount}/gradio_api/queue/join",
        json={"fn_index": number, "data": [], "event_data": said, "session_hash": tab},
        headers={"origin": browser.site},
    )
    if joined.status_code != 200:
        return joined.status_code, joined.text
    answer = ""
    url = f"{mount}/gradio_api/queue/data?session_hash={tab}"
    with browser.client.stream("GET", url) as events:
        for line in events.iter_lines():
            answer += line
            if '"process_completed"' in line or '"close_stream"' in line:
                break
    return 200, answer
