"""Resumable uploads by the TUS protocol (core and creation): what a film needs on a bad line.

A sender begins with POST, sends pieces with PATCH, and asks with HEAD where to go on.
"""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.web.bodies import receive, whole_number
from ourvidz.web.messages import refused


class ResumableUploads:
    """The handlers. All that they remember is the unfinished file."""

    def __init__(self, media: LocalMedia) -> None:
        self._media = media

    def begin(self, key: str, request: Request) -> Response:
        """Answer with the address of one upload of Upload-Length bytes."""
        link = self._media.link("TUS", key, request.query_params)
        length = whole_number(request, "upload-length")
        if not 0 < length <= link.limit_bytes:
            raise InvalidRequest("file", f"must have 1 to {link.limit_bytes} bytes")
        # A link for exactly this length, so that nothing but the file itself is kept.
        upload = self._media.arrivals.begin()
        url = self._media.sign(replace(link, limit_bytes=length, upload=upload))
        return _answer(201, location=url)

    def received(self, key: str, request: Request) -> Response:
        """Say how much has come."""
        link = self._media.link("TUS", key, request.query_params)
        try:
            offset = self._media.arrivals.received(link.upload)
        except NotAllowed:
            return _answer(404)
        length = link.limit_bytes
        return _answer(200, offset=length if offset is None else offset, length=length)

    async def append(self, key: str, request: Request) -> Response:
        """Take the next piece; with the last one the file appears."""
        link = self._media.link("TUS", key, request.query_params)
        offset = whole_number(request, "upload-offset")
        arrivals = self._media.arrivals
        try:
            part = await run_in_threadpool(
                arrivals.resume, link.upload, link.content_type, link.limit_bytes
            )
        except NotAllowed as error:
            return refused(404, "NotAllowed", str(error))
        with part:
            if offset != part.size_bytes:
                return refused(409, "InvalidRequest", "upload-offset: is not where it stopped")
            await receive(request, part.write)
            if part.size_bytes == link.limit_bytes:
                await run_in_threadpool(self._media.commit, part, key)
                await run_in_threadpool(arrivals.finish, link.upload)
        return _answer(204, offset=part.size_bytes)


def _answer(
    status: int,
    *,
    location: str | None = None,
    offset: int | None = None,
    length: int | None = None,
) -> Response:
    said = {"location": location, "upload-offset": offset, "upload-length": length}
    headers = {name: str(value) for name, value in said.items() if value is not None}
    fixed = {"tus-resumable": "1.0.0", "cache-control": "no-store"}
    return Response(status_code=status, headers=fixed | headers)
