"""How to take out the cures against files, and what attacks with them need; see `weakened`."""

from __future__ import annotations

import os
import zlib
from typing import Any


def content() -> None:
    """A file is what its sender says."""
    from ourvidz.backends.embedded import arrivals

    arrivals.check_content = lambda content_type, head: None


def sniffed() -> None:
    """A type is guessed as some browsers and libraries do: by what looks like a page."""
    from ourvidz.web import media

    real = media.type_of

    def guessed(file: Any) -> str:
        head = os.pread(file.fileno(), 512, 0)
        if b"<svg" in head:
            return "image/svg+xml"
        return "text/html" if b"<html" in head else real(file)

    media.type_of = guessed


def sandbox() -> None:
    """A file of a user is a page of this site."""
    from ourvidz.web import media

    media._CSP = "default-src *"


def limits() -> None:
    """As much as comes."""
    from ourvidz.backends.embedded.arrivals import Incoming

    real = Incoming.write

    def write(self: Any, chunk: Any) -> None:
        self._limit_bytes = 2**62
        real(self, chunk)

    Incoming.write = write  # type: ignore[method-assign]


def packed() -> None:
    """Bodies are unpacked on their way in, as some frameworks and proxies do."""
    from ourvidz.web.gate import Gate

    real = Gate.__call__

    async def call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if dict(scope.get("headers", ())).get(b"content-encoding") == b"gzip":
            receive = _unpacking(receive)
        await real(self, scope, receive, send)

    Gate.__call__ = call  # type: ignore[method-assign]


def _unpacking(receive: Any) -> Any:
    unpack = zlib.decompressobj(31)

    async def unpacked() -> Any:
        message = await receive()
        if message["type"] == "http.request":
            return {**message, "body": unpack.decompress(message.get("body", b""))}
        return message

    return unpacked


def pixels() -> None:
    """A picture has as many pixels as it likes."""
    from ourvidz.pipeline import images

    images.MAX_IMAGE_PIXELS = 2**62


def pillow() -> None:
    """The library's own limit, which is looser."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None


def reader() -> None:
    """Not a cure taken out: one address more, where a picture is read as a worker reads it."""
    from ourvidz.web import server
    from tests.site import reading

    real = server.media_router

    def media_router(media: Any) -> Any:
        router = real(media)
        reading.add(router, media)
        return router

    server.media_router = media_router


ACTS = (content, limits, packed, pillow, pixels, reader, sandbox, sniffed)
