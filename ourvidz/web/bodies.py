"""Reading what a request brings, never more than was agreed."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from ourvidz.domain.errors import InvalidRequest

_WRITE_BYTES = 2**20


async def receive(request: Request, write: Callable[[bytes], object]) -> None:
    """Write the body as it comes, about a mebibyte at a time, off the event loop."""
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _WRITE_BYTES:
            await run_in_threadpool(write, bytes(waiting))
            waiting.clear()
    if waiting:
        await run_in_threadpool(write, bytes(waiting))


async def small_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body; InvalidRequest as soon as it is longer than `limit_bytes`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise InvalidRequest("body", f"is longer than {limit_bytes} bytes; shorten it")
    return bytes(body)


def whole_number(request: Request, header: str, default: int | None = None) -> int:
    """A header that counts bytes; InvalidRequest when it is missing or no number."""
    text = request.headers.get(header)
    if text is None and default is not None:
        return default
    if not (text and text.isascii() and text.isdecimal() and len(text) < 16):
        raise InvalidRequest(header, "must be a whole number of bytes")
    return int(text)
