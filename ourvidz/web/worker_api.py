"""What a remote worker may ask: where to put a file of its attempt, where to get one it needs."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.job import Lease
from ourvidz.ports import Administration, Media
from ourvidz.web.bodies import small_body

#: Long enough for the largest film over a slow line.
DOWNLOAD_S = 3600
MAX_BODY_BYTES = 16 * 1024

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Claim(BaseModel):
    """The attempt that a worker says it runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    job_id: UUID
    worker: Text
    attempt: Annotated[int, Field(ge=1, le=1000, strict=True)]


class UploadAsk(Claim):
    """Where may `name` go, in `bucket`?"""

    bucket: Text
    name: Text
    content_type: Text


class DownloadAsk(Claim):
    """Where is the file `key`?"""

    key: Text


AskT = TypeVar("AskT", bound=Claim)


def worker_router(
    media: Media, administration: Administration, worker_token: str | None
) -> APIRouter:
    """POST /api/worker/uploads and /api/worker/downloads.

    worker_token: the secret that all remote workers share; None refuses every one of them.
    """
    router = APIRouter(prefix="/api/worker")
    door = _Door(media, administration)

    @router.post("/uploads")
    async def uploads(request: Request) -> dict[str, Any]:
        _authenticate(request, worker_token)
        return await run_in_threadpool(door.upload, await _read(request, UploadAsk))

    @router.post("/downloads")
    async def downloads(request: Request) -> dict[str, Any]:
        _authenticate(request, worker_token)
        return await run_in_threadpool(door.download, await _read(request, DownloadAsk))

    return router


class _Door:
    def __init__(self, media: Media, administration: Administration) -> None:
        self._media, self._administration = media, administration

    def upload(self, ask: UploadAsk) -> dict[str, Any]:
        key = self._lease(ask).key(ask.bucket, ask.name)
        return asdict(self._media.upload_target(key, ask.content_type))

    def download(self, ask: DownloadAsk) -> dict[str, Any]:
        if not self._lease(ask).reads(ask.key):
            raise NotAllowed("This job does not need that file. Fetch only what its params name.")
        return {"url": self._media.url(ask.key, expires_s=DOWNLOAD_S)}

    def _lease(self, claim: Claim) -> Lease:
        lease = self._administration.holds(claim.job_id, claim.worker, claim.attempt)
        if lease is None:
            raise NotAllowed("This attempt does not hold the job. Stop it and write nothing.")
        return lease


def _authenticate(request: Request, worker_token: str | None) -> None:
    if not worker_token:
        raise NotAllowed(
            "The app knows no worker token. Set OURVIDZ_WORKER_TOKEN for the app as its workers "
            "have it, and start it again."
        )
    given = request.headers.get("authorization", "").encode(errors="replace")
    if not hmac.compare_digest(given, f"Bearer {worker_token}".encode()):
        raise NotAllowed("The worker token is wrong. Set OURVIDZ_WORKER_TOKEN as the app has it.")


async def _read(request: Request, kind: type[AskT]) -> AskT:
    body = await small_body(request, MAX_BODY_BYTES)
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise InvalidRequest(field, first["msg"]) from None
