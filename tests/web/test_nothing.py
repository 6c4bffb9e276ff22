"""Refusals as people and as programs read them."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ourvidz.web.messages import refused
from ourvidz.web.nothing import Nothing

PEOPLE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def answer(request: Request) -> Response:
    status = int(request.path_params["status"])
    if "page" in request.query_params:
        return HTMLResponse("a page", status)
    return refused(status, "NotAllowed", "There is nothing here.")


def asked(path: str, *, method: str = "GET", headers: dict[str, str]) -> httpx.Response:
    app = Nothing(Starlette(routes=[Route("/{status}", answer, methods=["GET", "POST"])]))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("status", [403, 404])
def test_a_person_reads_on_a_page_that_there_is_nothing(status: int) -> None:
    page = asked(f"/{status}", headers=PEOPLE)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert "There is nothing here" in page.text and 'href="/app/"' in page.text


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/404", "GET", {"accept": "application/json"}),
        ("/403", "POST", PEOPLE),
        ("/503", "GET", PEOPLE),
        ("/404?page", "GET", PEOPLE),
        ("/200", "GET", PEOPLE),
    ],
)
def test_everything_else_passes(path: str, method: str, headers: dict[str, str]) -> None:
    assert "Not found" not in asked(path, method=method, headers=headers).text
