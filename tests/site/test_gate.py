"""Attacks from outside and from other accounts; each of these fails when its cure is removed."""

from __future__ import annotations

import json

import pytest

from tests.site.browsers import Browser, Visit


@pytest.fixture(scope="module")
def ann(visit: Visit) -> Browser:
    return visit().signed_up()


@pytest.fixture(scope="module")
def mallory(visit: Visit) -> Browser:
    return visit().signed_up()


@pytest.mark.parametrize(
    "path",
    ["/app/", "/app/gradio_api/queue/data?session_hash=x", "/api/jobs/x", "/media/x", "/admin/",
     "/app/gradio_api/file=x", "/app/theme.css"],
)  # fmt: skip
def test_nothing_is_served_to_visitors(visit: Visit, path: str) -> None:
    for browser in (visit(), visit().grown_up()):
        assert browser.client.get(path).status_code == 401
        assert browser.get(path).status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/app/config", "/app/gradio_api/info", "/app/gradio_api/call/anything", "/app/info",
     "/app/gradio_api/deep_link?session_hash=x", "/app/proxy=https://example.com",
     "/app/gradio_api/proxy=https://example.com", "/app/monitoring", "/app/login", "/docs",
     "/openapi.json", "/admin/", "/admin/gradio_api/queue/join"],
)  # fmt: skip
def test_what_pages_do_not_need_is_not_there(ann: Browser, path: str) -> None:
    assert ann.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/app/nothing", "/nothing", "/media/x"])
def test_people_read_on_a_page_that_there_is_nothing_and_programs_in_json(
    ann: Browser, path: str
) -> None:
    page, said = ann.get(path), ann.client.get(path)
    assert page.status_code == said.status_code in (403, 404)
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/app/"' in page.text and "script" not in page.text
    assert isinstance(said.json(), dict)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "SITE", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {},
    ],
)
def test_other_sites_change_nothing(ann: Browser, headers: dict[str, str]) -> None:
    sent = {name: ann.site if value == "SITE" else value for name, value in headers.items()}
    answer = ann.client.post("/auth/sign-out", headers=sent)
    assert answer.status_code == 403
    assert ann.get("/app/").status_code == 200


def test_other_sites_read_nothing(ann: Browser) -> None:
    answer = ann.client.get("/app/", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_body_has_a_length_and_a_limit(ann: Browser) -> None:
    headers = {"origin": ann.site, "content-type": "application/json"}
    large = ann.client.post(
        "/app/gradio_api/queue/join", content=b"x" * (256 * 1024 + 1), headers=headers
    )
    assert large.status_code == 413
    endless = ann.client.post("/app/gradio_api/queue/join", content=iter([b"{}"]), headers=headers)
    assert endless.status_code == 411


def test_a_tab_belongs_to_who_opened_it(ann: Browser, mallory: Browser) -> None:
    join = {"fn_index": 0, "data": [], "session_hash": "anns-tab"}

    def sent(browser: Browser) -> int:
        return browser.client.post(
            "/app/gradio_api/queue/join", json=join, headers={"origin": browser.site}
        ).status_code

    assert sent(ann) != 403
    assert sent(mallory) == 403
    listening = mallory.client.get("/app/gradio_api/queue/data?session_hash=anns-tab")
    assert listening.status_code == 403


def test_no_file_of_the_server_is_read_through_an_upload(ann: Browser, tmp_path: object) -> None:
    for path in ("/etc/hostname", "pyproject.toml", "../../etc/hostname"):
        answer = ann.client.get(f"/app/gradio_api/file={path}")
        assert answer.status_code in (403, 404)


def test_no_answer_repeats_the_cookie(ann: Browser) -> None:
    for path in ("/app/", "/static/base.css", "/app/gradio_api/file=x"):
        answer = ann.client.get(path, headers={"range": "bytes=0-1"})
        assert "cookie" not in answer.headers
        assert ann.session not in json.dumps(dict(answer.headers))


def test_every_page_says_what_may_be_loaded(ann: Browser) -> None:
    headers = ann.get("/app/").headers
    policy = headers["content-security-policy"]
    for word in ("connect-src 'self'", "frame-ancestors 'none'", "object-src 'none'"):
        assert word in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_others_jobs_and_files_are_not_there(ann: Browser) -> None:
    for path in ("/api/jobs/1", "/media/1", "/media/00000000-0000-0000-0000-000000000001"):
        assert ann.client.get(path).status_code in (403, 404)


def test_the_whole_page_comes_from_here(ann: Browser) -> None:
    page = ann.get("/app/").text
    assert "googleapis" not in page
    assert "gradio.s3" not in page
