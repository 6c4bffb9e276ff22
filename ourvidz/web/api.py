"""What pages fetch by themselves: how a job stands, and the files behind an owner's cookie."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from ourvidz.domain.account import Identity
from ourvidz.studio import jobs, library
from ourvidz.studio.door import Studio

_PRIVATE = {"cache-control": "private, no-store"}


class Api:
    """GET /api/jobs/{id}[/frame], POST /api/jobs/{id}/cancel, GET /media/{id}[/thumbnail]."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    @property
    def router(self) -> APIRouter:
        """The routes; the gate has put the person into `request.state.me`."""
        router = APIRouter(default_response_class=Response)
        router.add_api_route("/api/jobs/{job_id}", self.job, methods=["GET"])
        router.add_api_route("/api/jobs/{job_id}/frame", self.frame, methods=["GET"])
        router.add_api_route("/api/jobs/{job_id}/cancel", self.cancel, methods=["POST"])
        router.add_api_route("/media/{video_id}", self.video, methods=["GET", "HEAD"])
        router.add_api_route("/media/{video_id}/thumbnail", self.thumbnail, methods=["GET"])
        return router

    def job(self, job_id: str, request: Request) -> Response:
        """State, stage, progress 0 to 1, seconds left, place in line, error."""
        return JSONResponse(self._said(_me(request), job_id), headers=_PRIVATE)

    def frame(self, job_id: str, request: Request) -> Response:
        """The newest picture of a running job."""
        picture = jobs.status(_me(request), self._studio, job_id).jpeg
        if picture is None:
            return Response(status_code=204, headers=_PRIVATE)
        return Response(picture, media_type="image/jpeg", headers=_PRIVATE)

    def cancel(self, job_id: str, request: Request) -> Response:
        """Stop it; the credits come back."""
        jobs.cancel(_me(request), self._studio, job_id)
        return self.job(job_id, request)

    def video(self, video_id: str, request: Request, download: int = 0) -> Response:
        """On to the signed link of the file; 404 for what is not theirs or not there."""
        links = library.links(_me(request), self._studio, video_id)
        return RedirectResponse(here(links.download if download else links.watch), 303, _PRIVATE)

    def thumbnail(self, video_id: str, request: Request) -> Response:
        """On to the still picture."""
        links = library.links(_me(request), self._studio, video_id)
        return RedirectResponse(here(links.thumbnail), 303, _PRIVATE)

    def _said(self, me: Identity, job_id: str) -> dict[str, object]:
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
