"""Files by signed link: reading with Range, writing whole."""

from __future__ import annotations

import os
from typing import BinaryIO

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from ourvidz.backends.embedded.links import Link
from ourvidz.backends.embedded.local_media import LocalMedia, type_of
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.media import split_key
from ourvidz.web.bodies import receive, whole_number
from ourvidz.web.messages import refused
from ourvidz.web.resumable import ResumableUploads

#: A file of a user, opened by itself, runs no script and loads nothing. It keeps its origin, or a
#: browser would refuse the film to its own player.
_CSP = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "sandbox allow-same-origin"
)


def media_router(media: LocalMedia) -> APIRouter:
    """GET, HEAD and PUT of /m/{key}; resumable uploads at /tus/{key}."""
    router = APIRouter()
    files, uploads = _Files(media), ResumableUploads(media)
    router.add_api_route("/m/{key:path}", files.read, methods=["GET", "HEAD"])
    router.add_api_route("/m/{key:path}", files.write, methods=["PUT"])
    router.add_api_route("/tus/{key:path}", uploads.begin, methods=["POST"])
    router.add_api_route("/tus/{key:path}", uploads.received, methods=["HEAD"])
    router.add_api_route("/tus/{key:path}", uploads.append, methods=["PATCH"])
    return router


class _Files:
    def __init__(self, media: LocalMedia) -> None:
        self._media = media

    def read(self, key: str, request: Request) -> Response:
        """The file, or the part of it that Range asks for."""
        link = self._link(key, request)
        try:
            return _OpenFile(self._media.open(key), link.download)
        except NotAllowed as error:
            return refused(404, "NotAllowed", str(error))

    async def write(self, key: str, request: Request) -> Response:
        """Take the whole file; what was there before stays until the last byte is safe."""
        link = self._media.link("PUT", key, request.query_params)
        _check_announced(request, link)
        with await run_in_threadpool(self._media.incoming, key, link.content_type) as file:
            await receive(request, file.write)
            await run_in_threadpool(self._media.commit, file, key)
        return Response(status_code=204)

    def _link(self, key: str, request: Request) -> Link:
        """What may be read. Files of public buckets need no signature."""
        if "sig" not in request.query_params and _is_public(key):
            return Link(right="GET", key=key, expires=0)
        return self._media.link("GET", key, request.query_params)


def _is_public(key: str) -> bool:
    try:
        return split_key(key)[0].public
    except InvalidRequest:
        return False


def _check_announced(request: Request, link: Link) -> None:
    """Refuse by the headers alone what would be refused after the last byte."""
    if request.headers.get("content-type") != link.content_type:
        raise InvalidRequest("content-type", f"must be {link.content_type}")
    length = whole_number(request, "content-length", 1)
    if not 0 < length <= link.limit_bytes:
        raise InvalidRequest("file", f"must have 1 to {link.limit_bytes} bytes")


class _OpenFile(FileResponse):
    """Sends one open file: never half of the old one and half of the new."""

    chunk_size = 2**18

    def __init__(self, file: BinaryIO, download: str) -> None:
        content_type = type_of(file)
        headers = {
            "cache-control": "private, no-store",
            "content-security-policy": _CSP,
            "cross-origin-resource-policy": "same-origin",
        }
        if content_type == "application/octet-stream":
            headers["content-disposition"] = "attachment"
        super().__init__(
            f"/dev/fd/{file.fileno()}",
            media_type=content_type,
            filename=_saved_as(download) if download else None,
            stat_result=os.fstat(file.fileno()),
            headers=headers,
        )
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _saved_as(name: str) -> str:
    """A file name that no system takes for a path or a hidden file."""
    kept = "".join(c for c in name if c.isprintable() and c not in '/\\:*?"<>|')
    return kept.strip(". ")[:120] or "file"
