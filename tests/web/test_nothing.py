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


async def away(request: Request) -> Response:
    status = 404 if "gone" in request.query_params else 503
    return refused(status, "Unavailable", "The database is away.")


def asked(path: str, *, method: str = "GET", headers: dict[str, str]) -> httpx.Response:
    methods = ["GET", "POST"]
    routes = [
        Route("/app/library", away, methods=methods),
        Route("/{status}", answer, methods=methods),
    ]
    app = Nothing(Starlette(routes=routes))

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


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_person_reads_on_a_page_that_it_does_not_work_now(status: int, method: str) -> None:
    page = asked(f"/{status}", method=method, headers=PEOPLE)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert "Wait a moment and try again." in page.text and 'href="/app/"' in page.text


def test_the_page_leads_to_what_was_asked_for() -> None:
    page = asked("/app/library?show=failed", headers=PEOPLE)
    assert 'href="/app/library?show=failed"' in page.text
    assert 'href="/app/"' in asked("/app/library?gone", headers=PEOPLE).text
    sent = asked("/app/library", method="POST", headers=PEOPLE)
    assert 'href="/app/"' in sent.text


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/404", "GET", {"accept": "application/json"}),
        ("/403", "POST", PEOPLE),
        ("/503", "GET", {"accept": "*/*"}),
        ("/500", "GET", PEOPLE),
        ("/404?page", "GET", PEOPLE),
        ("/200", "GET", PEOPLE),
    ],
)
def test_everything_else_passes(path: str, method: str, headers: dict[str, str]) -> None:
    assert "<h1>" not in asked(path, method=method, headers=headers).text
