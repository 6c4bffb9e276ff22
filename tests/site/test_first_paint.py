"""What a first visit gets before any script, and what a browser may keep."""

from __future__ import annotations

import re

import pytest

from tests.site.browsers import Browser, Visit


@pytest.fixture(scope="module")
def ann(visit: Visit) -> Browser:
    return visit().signed_up()


@pytest.mark.parametrize(("path", "title"), [("/app/", "Create"), ("/app/library", "Library")])
def test_a_page_says_where_one_is_before_gradio_draws(ann: Browser, path: str, title: str) -> None:
    page = ann.get(path).text.partition('<div id="ov-first"')[2]
    first, gradio, _ = page.partition("<gradio-app")
    assert gradio
    assert f"<h1>{title}</h1>" in first
    assert 'aria-current="page"' in first
    assert "ov-credits" not in first, "Gradio's bar has that id"


def test_a_page_travels_compressed_to_who_can_read_that(ann: Browser) -> None:
    page = ann.get("/app/")
    assert page.headers["content-encoding"] == "gzip"
    assert int(page.headers["content-length"]) < len(page.content) / 4
    plain = ann.client.get("/app/", headers={"accept-encoding": "identity", "accept": "text/html"})
    assert "content-encoding" not in plain.headers
    assert int(plain.headers["content-length"]) == len(plain.content)


def test_what_does_not_change_is_kept_and_what_may_is_asked_for(ann: Browser) -> None:
    page = ann.get("/app/").text
    sheet = re.search(r"/static/all\.css\?v=\w+", page)
    assert sheet is not None
    kept = ann.client.get(sheet[0])
    assert "immutable" in kept.headers["cache-control"]
    assert "#ov-first" in kept.text and ".ov-job" in kept.text, "all of our sheets"
    other = ann.client.get("/static/all.css?v=of-before")
    assert "immutable" not in other.headers["cache-control"]
    again = ann.client.get("/static/all.css", headers={"if-none-match": kept.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_there_is_nothing_else_in_the_folder(ann: Browser) -> None:
    for name in ("", "nothing.css", "../look.py", "icon.svg/", ".."):
        assert ann.client.get(f"/static/{name}").status_code in (401, 303, 404)
