"""The guard model over HTTP: only a clear answer in time lets a text pass."""

from __future__ import annotations

import asyncio
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from ourvidz.backends.hosted.guard_model import Dialect, HttpGuardModel
from ourvidz.domain.errors import Unavailable
from tests.guard_endpoint import Answer, endpoint, moderates, raw, says, trickles


def ask(answer: Answer, dialect: Dialect = "llama-guard", timeout_s: float = 5.0) -> set[str]:
    with endpoint(answer) as url:
        guard = HttpGuardModel(dialect=dialect, url=url, timeout_s=timeout_s)
        return set(guard.harms("a film"))


@pytest.mark.parametrize(
    ("said", "harms"),
    [
        ("safe", set[str]()),
        ("\n\nsafe\n", set[str]()),
        ("unsafe\nS12", {"adult"}),
        ("unsafe\nS4,S12", {"minor", "adult"}),
        ("unsafe\nS3, S1", {"non_consent", "guard"}),
    ],
)
def test_llama_guard_is_understood(said: str, harms: set[str]) -> None:
    assert ask(says(said)) == harms


@pytest.mark.parametrize(
    ("answer", "harms"),
    [
        (moderates(False, sexual=False, violence=False), set[str]()),
        (moderates(True, sexual=True), {"adult"}),
        (moderates(True, sexual=True, sexual__minors=True), {"adult", "minor"}),
        (moderates(True, violence=True), {"guard"}),
        (moderates(True), {"guard"}),
        (moderates(False, sexual__minors=True), {"minor"}),
    ],
)
def test_moderations_are_understood(answer: Answer, harms: set[str]) -> None:
    assert ask(answer, "moderations") == harms


UNCLEAR = {
    "error 500": raw(b"safe", 500),
    "redirect": raw(b"", 302),
    "not JSON": raw(b"safe"),
    "other JSON": raw(b"[]"),
    "empty": raw(b""),
    "a chat": says("Sure! This prompt is safe."),
    "neither": says("unsafe"),
    "nothing": says(""),
    "no results": raw(b'{"results": []}'),
    "flag that is no flag": raw(b'{"results": [{"flagged": "no", "categories": {}}]}'),
}


@pytest.mark.parametrize("dialect", ["llama-guard", "moderations"])
@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR)
def test_an_unclear_answer_is_no_answer(answer: Answer, dialect: Dialect) -> None:
    with pytest.raises(Unavailable):
        ask(answer, dialect)


def test_a_slow_answer_is_no_answer_even_when_it_drips() -> None:
    begin = time.monotonic()
    with pytest.raises(Unavailable):
        ask(trickles, timeout_s=0.3)
    assert time.monotonic() - begin < 10  # not the time that dripping would take, times two


def test_a_closed_port_is_no_answer() -> None:
    with endpoint(says("safe")) as url:
        pass
    with pytest.raises(Unavailable):
        HttpGuardModel(dialect="llama-guard", url=url).harms("a film")


def test_the_model_and_the_key_are_sent_and_the_key_is_not_shown() -> None:
    seen: list[Any] = []
    with endpoint(says("safe"), seen) as url:
        guard = HttpGuardModel(dialect="llama-guard", url=url, model="guard-3", key="k-123")
        guard.harms("a film")
    body, authorization = seen[0]
    assert (body["model"], authorization) == ("guard-3", "Bearer k-123")
    assert body["messages"] == [{"role": "user", "content": "a film"}]
    assert "k-123" not in repr(guard)


def test_the_end_of_a_long_text_is_judged_too() -> None:
    def finds_last_word(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        found = "LAST" in body["messages"][0]["content"]
        says("unsafe\nS1" if found else "safe")(handler, body)

    with endpoint(finds_last_word) as url:
        guard = HttpGuardModel(dialect="llama-guard", url=url)
        assert guard.harms("a calm river. " * 2_000 + "LAST") == {"guard"}


def test_it_can_be_asked_from_within_an_event_loop() -> None:
    async def inside() -> set[str]:
        return ask(says("safe"))

    assert asyncio.run(inside()) == set()
