"""What the gate refuses is said in words, where a page shows the first words that it finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ourvidz.web.gate import _foreign, _too_large

JOIN, PROGRAM = "/app/gradio_api/queue/join", "/api/jobs/7/cancel"


def said(path: str, **headers: str) -> dict[str, Any]:
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }
    answer = _foreign(scope) or _too_large(scope)
    assert answer is not None
    return json.loads(bytes(answer.body))


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"origin": "https://a.example", "host": "a.example", "content_length": "300000"},
         "Make it shorter"),
        ({"origin": "https://b.example", "host": "a.example"}, "Open OurVidz and do it there"),
    ],
)  # fmt: skip
def test_a_page_is_told_what_to_do(headers: dict[str, str], words: str) -> None:
    assert words in said(JOIN, **headers)["error"]
    assert words in said(PROGRAM, **headers)["message"]
