"""What pages fetch by themselves: how a job stands, and the files behind an owner's cookie."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.studio import jobs, library, projects
from ourvidz.studio.door import Studio

_PRIVATE = {"cache-control": "private, no-store"}
#: A picture never changes at its address; its link works for five minutes, a bit longer than this.
KEPT = {"cache-control": "private, max-age=240"}
#: A job so far back in line starts no sooner than this; its answer stands that long, at most.
_SECONDS_A_PLACE, _STANDS_S, _KEPT = 0.25, 10.0, 5_000


class Api:
    """GET /api/jobs/{id}[/frame], POST /api/jobs/{id}/cancel, GET /api/projects/{id}/still,
    GET /media/{id}[/thumbnail].
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._far_back: OrderedDict[tuple[UUID, str], tuple[float, JSONResponse]] = OrderedDict()

    @property
    def router(self) -> APIRouter:
        """The routes; the gate has put the person into `request.state.me`."""
        router = APIRouter(default_response_class=Response)
        # Asked more often than everything else: a route without what FastAPI does for arguments.
        router.add_route("/api/jobs/{job_id}", self.job, methods=["GET"])
        router.add_api_route("/api/jobs/{job_id}/frame", self.frame, methods=["GET"])
        router.add_api_route("/api/jobs/{job_id}/cancel", self.cancel, methods=["POST"])
        router.add_api_route("/api/projects/{project_id}/still", self.still, methods=["GET"])
        router.add_api_route("/media/{video_id}", self.video, methods=["GET", "HEAD"])
        router.add_api_route("/media/{video_id}/thumbnail", self.thumbnail, methods=["GET"])
        return router

    async def job(self, request: Request) -> Response:
        """State, stage, progress 0 to 1, seconds left, place in line, error."""
        me, job_id = _me(request), str(request.path_params["job_id"])
        until, answer = self._far_back.get((me.user_id, job_id), (0.0, None))
        if answer is not None and time.monotonic() < until:
            return answer
        said = await run_in_threadpool(self._said, me, job_id)
        answer = JSONResponse(said, headers=_PRIVATE)
        self._keep((me.user_id, job_id), answer, int(said["ahead"]))
        return answer

    def frame(self, job_id: str, request: Request) -> Response:
        """The newest picture of a running job."""
        picture = jobs.status(_me(request), self._studio, job_id).jpeg
        if picture is None:
            return Response(status_code=204, headers=_PRIVATE)
        return Response(picture, media_type="image/jpeg", headers=_PRIVATE)

    def cancel(self, job_id: str, request: Request) -> Response:
        """Stop it; the credits come back."""
        me = _me(request)
        jobs.cancel(me, self._studio, job_id)
        self._far_back.pop((me.user_id, job_id), None)
        return JSONResponse(self._said(me, job_id), headers=_PRIVATE)

    def still(self, project_id: str, request: Request, key: str = "") -> Response:
        """On to the signed link of a picture that a project of theirs offers or has chosen."""
        me = _me(request)
        found = projects.project(me, self._studio, project_id)
        known = {found.image_key}
        if found.preview_job_id is not None:
            known.update(projects.offered(jobs.job(me, self._studio, found.preview_job_id)))
        if not key or key not in known:
            raise NotAllowed
        return RedirectResponse(here(self._studio.media.url(key)), 303, KEPT)

    def video(self, video_id: str, request: Request, download: int = 0) -> Response:
        """On to the signed link of the file; 404 for what is not theirs or not there."""
        links = library.links(_me(request), self._studio, video_id)
        return RedirectResponse(here(links.download if download else links.watch), 303, _PRIVATE)

    def thumbnail(self, video_id: str, request: Request) -> Response:
        """On to the still picture."""
        links = library.links(_me(request), self._studio, video_id)
        return RedirectResponse(here(links.thumbnail), 303, _PRIVATE)

    def _keep(self, whose: tuple[UUID, str], answer: JSONResponse, ahead: int) -> None:
        """With two hundred people in line, few of them have news."""
        self._far_back.pop(whose, None)
        if (stands_s := min(_STANDS_S, ahead * _SECONDS_A_PLACE)) > 0:
            self._far_back[whose] = (time.monotonic() + stands_s, answer)
        if len(self._far_back) > _KEPT:
            self._far_back.popitem(last=False)

    def _said(self, me: Identity, job_id: str) -> dict[str, Any]:
        status = jobs.status(me, self._studio, job_id)
        job = status.job
        return {
            "id": str(job.id),
            "kind": job.kind,
            "state": job.state,
            "stage": status.stage,
            "progress": round(status.progress, 4),
            "eta_s": status.eta_s,
            "ahead": status.ahead,
            "workers": status.workers,
            "has_frame": status.jpeg is not None,
            "cancel_requested": job.cancel_requested,
            "attempts": job.attempts,
            "error": job.error if job.is_final else None,
            "final": job.is_final,
        }


def here(url: str) -> str:
    """A signed link without the host where it is ours: whatever name the site is called by.

    >>> here("http://127.0.0.1:7860/m/a.png?sig=1"), here("https://x.example/storage/a.png")
    ('/m/a.png?sig=1', 'https://x.example/storage/a.png')
    """
    _, found, path = url.partition("/m/")
    return f"/m/{path}" if found else url


def _me(request: Request) -> Identity:
    return request.state.me
