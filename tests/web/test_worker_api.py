"""What remote workers are told, and what strangers are not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from ourvidz.domain.job import Lease
from ourvidz.web.server import AppParts, make_app
from tests.files import (
    PNG,
    TOKEN,
    Leases,
    address,
    http,
    lease,
    listener,
    served,
    with_picture,
    write,
)
from tests.web.conftest import Site


def claim(one: Lease, **more: Any) -> dict[str, Any]:
    return {"job_id": str(one.job.id), "worker": one.worker, "attempt": one.attempt, **more}


def file(**more: Any) -> dict[str, Any]:
    plain = {"bucket": "videos-final", "name": "out.mp4", "content_type": "video/mp4"}
    return plain | more


def ask(site: Site, what: str, body: Any, token: str | None = TOKEN) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return site.client.post(f"{site.url}/api/worker/{what}", content=raw, headers=headers)


@pytest.fixture
def held(site: Site) -> Lease:
    one = lease()
    site.leases.held.append(one)
    return one


def test_a_worker_gets_a_place_in_its_attempts_folder(site: Site, held: Lease) -> None:
    answer = ask(site, "uploads", claim(held, **file()))
    assert answer.status_code == 200
    key = f"videos-final/{held.job.user_id}/{held.job.id}/a1/out.mp4"
    assert answer.json()["key"] == key and key in answer.json()["url"]


@pytest.mark.parametrize("what", ["uploads", "downloads"])
@pytest.mark.parametrize("token", [None, "x", TOKEN[:-1], TOKEN + " x", TOKEN.upper()])
def test_the_token_comes_first(site: Site, what: str, token: str | None) -> None:
    """Before the body is read, so that strangers learn nothing about jobs."""
    for body in ({}, b"x" * 100_000, claim(lease(), **file())):
        answer = ask(site, what, body, token)
        assert (answer.status_code, answer.json()["error"]) == (403, "NotAllowed")


def test_an_app_without_a_token_serves_no_worker() -> None:
    media: Any = object()
    leases: Any = Leases()
    with listener() as door:
        app = make_app(AppParts(media=media, administration=leases))
        with served(app, door):
            url = f"{address(door)}/api/worker/uploads"
            for token in ("None", TOKEN):
                answer = http("POST", url, headers={"authorization": f"Bearer {token}"}, json={})
                assert (answer.status_code, answer.json()["error"]) == (403, "NotAllowed")
                assert "Set OURVIDZ_WORKER_TOKEN for the app" in answer.json()["message"]


def test_who_does_not_hold_the_job_gets_nothing(site: Site, held: Lease) -> None:
    _, key = with_picture()
    others = (
        replace(held, attempt=2),
        replace(held, worker="w2"),
        replace(held, job=lease().job),
    )
    for other in others:
        for what, more in (("uploads", file()), ("downloads", {"key": key})):
            answer = ask(site, what, claim(other, **more))
            assert answer.status_code == 403
            assert "Stop it and write nothing" in answer.json()["message"]


@pytest.mark.parametrize(
    "more",
    [
        {"name": "../out.mp4"},
        {"name": "a/b.mp4"},
        {"name": "/etc/passwd"},
        {"name": ".hidden"},
        {"name": "a\0.mp4"},
        {"name": "x" * 1_001},
        {"name": "x" * 101},
        {"name": ""},
        {"name": 7},
        {"bucket": "system-assets", "content_type": "image/png"},
        {"bucket": "../videos-final"},
        {"bucket": "videos-final/other"},
        {"content_type": "text/html"},
        {"attempt": 0},
        {"attempt": "1"},
        {"attempt": True},
        {"job_id": "1"},
        {"sudo": True},
    ],
)
def test_what_no_worker_may_write_is_refused(site: Site, held: Lease, more: Any) -> None:
    answer = ask(site, "uploads", claim(held, **file()) | more)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"[" * 10_000, b'{"a":"' + b"x" * 20_000 + b'"}', b"\xff"],
)
def test_a_body_that_is_no_question_is_refused(site: Site, body: bytes) -> None:
    answer = ask(site, "uploads", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


def test_a_worker_reads_the_picture_its_job_names_and_no_other(site: Site, tmp_path: Path) -> None:
    mine, key = with_picture()
    site.leases.held.append(mine)
    source = write(tmp_path / "a", PNG)
    foreign = key.replace(str(mine.job.user_id), str(lease().job.user_id))
    for each in (key, foreign):
        site.media.put(each, source, "image/png")
    answer = ask(site, "downloads", claim(mine, key=key))
    assert site.client.get(answer.json()["url"]).content == source.read_bytes()
    for other in (foreign, key + "x", "../" + key, "", key.upper()):
        assert ask(site, "downloads", claim(mine, key=other)).status_code in (400, 403)
    named = replace(mine, job=replace(mine.job, params={"image_key": foreign, "prompt": key}))
    site.leases.held[-1] = named
    for other in (foreign, key):
        answer = ask(site, "downloads", claim(named, key=other))
        assert (answer.status_code, answer.json()["error"]) == (403, "NotAllowed")


def test_no_answer_is_kept_by_anyone(site: Site, held: Lease) -> None:
    for answer in (
        ask(site, "uploads", claim(held, **file())),
        ask(site, "uploads", claim(held, **file()), "wrong"),
    ):
        assert answer.headers["cache-control"] == "no-store"
