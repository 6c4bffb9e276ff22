"""What a far worker hears before it claims any job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.hosted.courier import HttpCourier
from ourvidz.domain.errors import Unavailable, WorkerRefused
from ourvidz.web.server import AppParts, make_app
from tests.files import SECRET, TOKEN, Leases, address, listener, served


def refusal(app: ASGIApp, token: str = TOKEN, place: str = "") -> str:
    """What a worker with this token is told by what is at this address."""
    with listener() as door, served(app, door):
        courier = HttpCourier(address(door) + place, token)
        with pytest.raises(WorkerRefused) as refused:
            courier.knock()
        courier.close()
    return str(refused.value)


def app(folder: Path, token: str | None = TOKEN) -> ASGIApp:
    media: Any = LocalMedia(folder, SECRET, "http://x")
    leases: Any = Leases()
    return make_app(AppParts(media=media, administration=leases, worker_token=token))


def test_a_wrong_token_is_said_with_what_to_set(tmp_path: Path) -> None:
    for wrong in ("x", TOKEN[:-1], TOKEN + "x"):
        said = refusal(app(tmp_path), wrong)
        assert said == "The worker token is wrong. Set OURVIDZ_WORKER_TOKEN as the app has it."


def test_an_app_that_knows_no_token_is_said_with_what_to_set(tmp_path: Path) -> None:
    said = refusal(app(tmp_path, None))
    assert said.startswith("The app knows no worker token. Set OURVIDZ_WORKER_TOKEN for the app")


def test_what_is_not_the_app_is_said_with_what_to_set(tmp_path: Path) -> None:
    every = Route("/{path:path}", lambda _: Response("{}"), methods=["POST"])
    elsewhere = refusal(app(tmp_path), place="/elsewhere")
    for said in (elsewhere, refusal(Starlette(routes=[every]))):
        assert "There is no app at http://" in said and "Set OURVIDZ_PUBLIC_URL" in said


def test_an_app_that_is_away_is_said_at_once() -> None:
    waits: list[float] = []
    with listener() as door:
        nowhere = address(door)
    courier = HttpCourier(nowhere, TOKEN, sleep=waits.append)
    with pytest.raises(Unavailable, match="the app: it does not answer") as away:
        courier.knock()
    courier.close()
    assert waits == [] and nowhere in away.value.in_full
