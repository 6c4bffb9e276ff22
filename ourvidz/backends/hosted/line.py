"""A line to an HTTP server that drops now and then: what to repeat, and what to give up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from ourvidz.domain.errors import InvalidRequest, NotAllowed, OurVidzError, Unavailable

_log = logging.getLogger(__name__)

#: Failures in a row, without a byte of progress, before giving up: a minute together.
MAX_FAILURES = 8
MAX_WAIT_S = 60.0
#: 408, 425, 429: later. 409, 423, 460: the server stands elsewhere, or is busy with the last piece.
_PASSES = frozenset({408, 409, 423, 425, 429, 460, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
#: Making a large file safe on the server's disk may take long.
_TIMEOUT = httpx.Timeout(30, read=300)


class Interrupted(Exception):
    """Failed in a way that may pass. after_s: what the server asks to wait."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Gone(Exception):
    """The server answers that there is nothing at this address."""


@dataclass(frozen=True)
class Line:
    """Requests to one kind of server. what: its name in errors. sleep: how to wait."""

    client: httpx.Client
    what: str
    sleep: Callable[[float], None] = time.sleep

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request and its whole answer. Raises as `stream` does."""
        with self.stream(method, url, **options) as response:
            response.read()
            return response

    @contextmanager
    def stream(self, method: str, url: str, **options: Any) -> Generator[httpx.Response]:
        """One request, its answer to be read in pieces; not for longer than it takes.

        Raises Interrupted when another try may help, Gone for 404 and 410, else InvalidRequest
        or NotAllowed, with the server's own words where it is our app.
        """
        with (
            _interruptions(),
            self.client.stream(method, url, timeout=_TIMEOUT, **options) as response,
        ):
            _check(response)
            yield response

    def patiently(self, once: Callable[[], None], progress: Callable[[], int]) -> None:
        """Call `once` until it returns, waiting longer after each failure without progress."""
        failures, best = 0, progress()
        while True:
            try:
                return once()
            except Interrupted as error:
                failures = 1 if progress() > best else failures + 1
                best = max(best, progress())
                if failures >= MAX_FAILURES:
                    detail = f"it does not answer ({error}); try again in a few minutes"
                    _log.warning("%s: %s", self.what, detail)
                    advice = "it does not answer; try again in a few minutes"
                    raise Unavailable(self.what, advice, detail) from error
                self.sleep(max(error.after_s, 0.25 * 2**failures))


@contextmanager
def _interruptions() -> Generator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise Interrupted(str(error) or type(error).__name__) from error


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status < 400 or status == 416:
        return
    response.read()
    message = _message(response)
    if status in _GONE:
        raise Gone(message)
    if status in _PASSES:
        raise Interrupted(message, _seconds(response.headers.get("retry-after", "")))
    raise _refusal(status, message, response)


def _refusal(status: int, message: str, response: httpx.Response) -> OurVidzError:
    if status in (413, 415) or '"InvalidRequest"' in response.text[:200]:
        field, found, reason = message.partition(": ")
        return InvalidRequest(field, reason) if found else InvalidRequest("file", message)
    return NotAllowed(message)


def _message(response: httpx.Response) -> str:
    """What the server says, without believing that it is JSON."""
    text = response.text
    try:
        answer = response.json()
        text = answer["message"]
    except (ValueError, KeyError, TypeError):
        pass
    return str(text or f"status {response.status_code}")[:300]


def _seconds(text: str) -> float:
    return min(float(text), MAX_WAIT_S) if text.isdecimal() else 0.0
