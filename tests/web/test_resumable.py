"""Resumable uploads over HTTP, as the TUS protocol asks for."""

from __future__ import annotations

import httpx
import pytest

from tests.files import PNG, content, disk_full_after
from tests.web.conftest import Site

KEY = "videos-final/u1/j1/a1/film.mp4"


def begin(site: Site, length: object) -> httpx.Response:
    target = site.media.upload_target(KEY, "video/mp4")
    assert target.method == "tus"
    return site.client.post(target.url, headers={"upload-length": str(length)})


def patch(site: Site, address: str, offset: object, piece: bytes) -> httpx.Response:
    return site.client.patch(address, content=piece, headers={"upload-offset": str(offset)})


def test_a_film_comes_in_pieces_and_appears_with_the_last(site: Site) -> None:
    body = content(size=2_500_000)
    address = begin(site, len(body)).headers["location"]
    for start in range(0, len(body), 1_000_000):
        assert KEY not in site.media.keys("videos-final/u1/")
        head = site.client.head(address)
        assert head.headers["upload-offset"] == str(start)
        assert head.headers["upload-length"] == str(len(body))
        piece = body[start : start + 1_000_000]
        answer = patch(site, address, start, piece)
        assert (answer.status_code, answer.headers["tus-resumable"]) == (204, "1.0.0")
        assert answer.headers["upload-offset"] == str(start + len(piece))
    assert site.client.get(site.media.url(KEY)).content == body
    site.media.delete([KEY])


def test_a_sender_who_missed_the_last_answer_is_told_that_all_is_there(site: Site) -> None:
    body = content()
    address = begin(site, len(body)).headers["location"]
    patch(site, address, 0, body)
    assert site.client.head(address).headers["upload-offset"] == str(len(body))
    assert patch(site, address, len(body), b"").status_code == 404


@pytest.mark.parametrize("offset", [1, 5_000, -1, "", "x", "1e3", "²"])
def test_a_piece_belongs_where_the_last_one_ended(site: Site, offset: object) -> None:
    address = begin(site, 10_000).headers["location"]
    headers = {"upload-offset": str(offset).encode()}
    answer = site.client.patch(address, content=content(size=100), headers=headers)
    assert answer.status_code in (400, 409)
    assert site.client.head(address).headers["upload-offset"] == "0"


@pytest.mark.parametrize("length", [0, -5, "", "x", 200 * 2**20 + 1, 10**30])
def test_a_length_that_the_bucket_does_not_take_is_refused(site: Site, length: object) -> None:
    assert begin(site, length).status_code == 400


def test_more_than_announced_is_refused(site: Site) -> None:
    address = begin(site, 1_000).headers["location"]
    answer = patch(site, address, 0, content(size=1_001))
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert site.client.head(address).status_code == 404


def test_a_type_that_lies_is_refused_with_the_first_piece(site: Site) -> None:
    address = begin(site, 10_000).headers["location"]
    answer = patch(site, address, 0, content(PNG, 100))
    assert (answer.status_code, "not video/mp4 inside" in answer.text) == (400, True)
    assert site.client.head(address).status_code == 404


def test_a_full_disk_stops_an_upload_and_room_lets_it_go_on(site: Site) -> None:
    body = content(size=4_000_000)
    address = begin(site, len(body)).headers["location"]
    with disk_full_after(2_500_000):
        assert patch(site, address, 0, body).status_code == 503
    offset = int(site.client.head(address).headers["upload-offset"])
    assert 1_000_000 <= offset <= 2_500_000
    assert patch(site, address, offset, body[offset:]).status_code == 204
    assert site.client.get(site.media.url(KEY)).content == body


def test_two_uploads_to_one_key_do_not_mix(site: Site) -> None:
    bodies = [content(size=6_000), content(size=8_000)]
    addresses = [begin(site, len(body)).headers["location"] for body in bodies]
    for start, end in ((0, 3_000), (3_000, None)):
        for body, address in zip(bodies, addresses, strict=True):
            assert patch(site, address, start, body[start:end]).status_code == 204
    assert site.client.get(site.media.url(KEY)).content == bodies[1]


def test_the_address_can_not_be_changed(site: Site) -> None:
    address = begin(site, 10_000).headers["location"]
    forged = [
        address.replace("limit=10000", "limit=20000"),
        address.replace("/u1/", "/u2/"),
        address.replace("upload=", "upload=0"),
        address.replace("video%2Fmp4", "text%2Fhtml"),
        address.replace("/tus/", "/m/"),
        address.partition("&sig=")[0],
    ]
    for url in forged:
        assert url != address
        assert patch(site, url, 0, content()).status_code in (403, 405)
        assert site.client.head(url).status_code == 403
    site.later_s[0] = 3 * 3600
    assert site.client.head(address).status_code == 403
