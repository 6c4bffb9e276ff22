"""What the storyboard fetches by itself: how a film stands, its pictures and its clips."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.studio import film_status, films, keyframes
from ourvidz.studio.door import Studio
from ourvidz.web.api import KEPT, here
from ourvidz.web.film.standing import standing

_PRIVATE = {"cache-control": "private, no-store"}


class FilmApi:
    """GET /api/films/{id}, /api/films/{id}/stills/{scene}/{place}, …/shots/{scene}/{place}."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    @property
    def router(self) -> APIRouter:
        """The routes; the gate has put the person into `request.state.me`."""
        router = APIRouter(default_response_class=Response)
        router.add_api_route("/api/films/{film_id}", self.film, methods=["GET"])
        one = "/api/films/{film_id}/%s/{scene}/{place}"
        router.add_api_route(one % "stills", self.still, methods=["GET"])
        router.add_api_route(one % "shots", self.shot, methods=["GET", "HEAD"])
        return router

    def film(self, film_id: str, request: Request) -> Response:
        """Progress of the whole and of its shots; the stamp changes with everything else."""
        me: Identity = request.state.me
        board = films.film(me, self._studio, film_id)
        said = standing(me, self._studio, board, priced=False).said()
        return JSONResponse(said, headers=_PRIVATE)

    def still(self, film_id: str, scene: str, place: str, request: Request) -> Response:
        """On to the signed link of a picture."""
        key = f"{scene}/{place}"
        links = keyframes.picture_links(request.state.me, self._studio, film_id, [key])
        return _on(links.get(key), KEPT)

    def shot(self, film_id: str, scene: str, place: str, request: Request) -> Response:
        """On to the signed link of a clip."""
        key = f"{scene}/{place}"
        links = film_status.clip_links(request.state.me, self._studio, film_id, [key])
        return _on(links.get(key), _PRIVATE)


def _on(link: str | None, headers: dict[str, str]) -> Response:
    if link is None:
        raise NotAllowed
    return RedirectResponse(here(link), 303, headers)
