"""Files by signed link over HTTP: ranges, headers, uploads, and attacks on all of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.files import MP4, PNG, WEBP, content, disk_full_after, write
from tests.web.conftest import Site

KEY = "videos-final/u1/j1/a1/out.mp4"
STILL = "videos-preview/u1/j1/a1/still.png"


@pytest.fixture(scope="module")
def film(site: Site, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = write(tmp_path_factory.mktemp("film") / "a.mp4", size=100_000)
    site.media.put(KEY, path, "video/mp4")
    return path.read_bytes()


def raw(site: Site, request: bytes) -> bytes:
    """The answer to bytes that no client would send."""
    parts = urlsplit(site.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as line:
        line.sendall(request)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
        return answer


class TestReading:
    def test_gives_the_whole_file_privately(self, site: Site, film: bytes) -> None:
        answer = site.client.get(site.media.url(KEY))
        assert (answer.status_code, answer.content) == (200, film)
        assert answer.headers["content-type"] == "video/mp4"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.endswith("sandbox allow-same-origin")
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["etag"] and answer.headers["last-modified"]
        assert "content-disposition" not in answer.headers

    def test_head_says_the_same_without_the_file(self, site: Site, film: bytes) -> None:
        url = site.media.url(KEY)
        head, get = site.client.head(url), site.client.get(url)
        assert (head.status_code, head.content) == (200, b"")
        skip = {"date"}
        assert {k: v for k, v in head.headers.items() if k not in skip} == {
            k: v for k, v in get.headers.items() if k not in skip
        }

    @pytest.mark.parametrize(
        ("wanted", "start", "end"),
        [
            ("0-0", 0, 1),
            ("0-", 0, 100_000),
            ("99999-", 99_999, 100_000),
            ("-1", 99_999, 100_000),
            ("-500000", 0, 100_000),
            ("50000-50099", 50_000, 50_100),
            ("99990-999999", 99_990, 100_000),
        ],
    )
    def test_a_player_seeks(
        self, site: Site, film: bytes, wanted: str, start: int, end: int
    ) -> None:
        answer = site.client.get(site.media.url(KEY), headers={"range": f"bytes={wanted}"})
        assert (answer.status_code, answer.content) == (206, film[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100000"
        assert answer.headers["content-length"] == str(end - start)

    def test_several_parts_come_in_one_answer(self, site: Site, film: bytes) -> None:
        answer = site.client.get(site.media.url(KEY), headers={"range": "bytes=0-9,500-509,-10"})
        assert answer.status_code == 206
        assert answer.headers["content-type"].startswith("multipart/byteranges")
        for part in (film[:10], film[500:510], film[-10:]):
            assert part in answer.content
        assert len(answer.content) < 1_000

    @pytest.mark.parametrize(
        ("wanted", "status"),
        [
            ("bytes=100000-", 416),
            ("bytes=-0", 416),
            ("bytes=9-3", 400),
            ("bytes=", 400),
            ("bytes=a-b", 400),
            ("lines=1-2", 400),
            ("bytes=" + "9" * 6_000 + "-", 400),
            ("bytes=" + ",".join(["0-"] * 5_000), 200),  # Not an amplifier: once is enough.
        ],
    )
    def test_ranges_that_make_no_sense_do_no_harm(
        self, site: Site, film: bytes, wanted: str, status: int
    ) -> None:
        answer = site.client.get(site.media.url(KEY), headers={"range": wanted})
        assert answer.status_code == status
        assert len(answer.content) <= len(film)

    def test_a_part_of_another_version_is_not_given(self, site: Site, film: bytes) -> None:
        url = site.media.url(KEY)
        etag = site.client.head(url).headers["etag"]
        for known, status in ((etag, 206), ('"old"', 200), (f"W/{etag}", 200)):
            headers = {"range": "bytes=0-9", "if-range": known}
            assert site.client.get(url, headers=headers).status_code == status

    @pytest.mark.parametrize(
        ("name", "header"),
        [
            ("My film.mp4", "attachment; filename*=utf-8''My%20film.mp4"),
            ("Übung 猫.mp4", "attachment; filename*=utf-8''" + quote("Übung 猫.mp4")),
            ("../../etc/passwd", 'attachment; filename="etcpasswd"'),
            ('a"; filename="b.exe', "attachment; filename*=utf-8''a%3B%20filename%3Db.exe"),
            ("a\r\nset-cookie: x=1", "attachment; filename*=utf-8''aset-cookie%20x%3D1"),
            ("...", 'attachment; filename="file"'),
            ("x" * 1_000, f'attachment; filename="{"x" * 120}"'),
        ],
    )
    def test_a_download_has_a_harmless_name(
        self, site: Site, film: bytes, name: str, header: str
    ) -> None:
        answer = site.client.get(site.media.url(KEY, download=name))
        assert answer.headers["content-disposition"] == header
        assert "set-cookie" not in answer.headers

    def test_bytes_of_no_known_type_are_saved_never_shown(self, site: Site, tmp_path: Path) -> None:
        key = "character-embeddings/u1/j1/a1/face.bin"
        path = tmp_path / "face.bin"
        path.write_bytes(b"<html><script>alert(1)</script>" + bytes(100))
        site.media.put(key, path, "application/octet-stream")
        answer = site.client.get(site.media.url(key))
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == "attachment"

    def test_a_reader_sees_one_version_while_it_is_replaced(
        self, site: Site, tmp_path: Path
    ) -> None:
        key = KEY.replace("out", "replaced")
        old, new = (write(tmp_path / n, size=size) for n, size in (("o", 8 << 20), ("n", 2 << 20)))
        site.media.put(key, old, "video/mp4")
        with site.client.stream("GET", site.media.url(key)) as answer:
            pieces = answer.iter_raw(65536)
            first = next(pieces)
            site.media.put(key, new, "video/mp4")
            assert first + b"".join(pieces) == old.read_bytes()
        assert site.client.get(site.media.url(key)).content == new.read_bytes()

    def test_public_assets_need_no_signature(self, site: Site, tmp_path: Path) -> None:
        site.media.put("system-assets/logo.png", write(tmp_path / "l", PNG), "image/png")
        url = f"{site.url}/m/system-assets/"
        assert site.client.get(url + "logo.png").status_code == 200
        assert site.client.get(url + "other.png").status_code == 404
        assert site.client.put(url + "logo.png", content=PNG).status_code == 403


class TestAttacks:
    def test_without_a_signature_nothing_is_told(self, site: Site, film: bytes) -> None:
        """The same answer for what exists, what does not, and what is no key at all."""
        keys = (KEY, KEY + "x", "elsewhere/x", "videos-final", "%2e%2e/%2e%2e/etc/passwd", "a%00b")
        answers = {site.client.get(f"{site.url}/m/{key}").text for key in keys}
        assert len(answers) == 1
        answer = site.client.get(f"{site.url}/m/{KEY}?sig=x&exp=1")
        assert (answer.status_code, answer.text) == (403, answers.pop())
        assert "Reload the page" in answer.json()["message"]
        assert answer.headers["cache-control"] == "no-store"

    def test_an_expired_link_is_refused(self, site: Site, film: bytes) -> None:
        url = site.media.url(KEY, expires_s=300)
        site.later_s[0] = 299
        assert site.client.get(url).status_code == 200
        site.later_s[0] = 300
        assert site.client.get(url).status_code == 403

    def test_a_valid_link_to_a_file_that_is_gone_says_so(self, site: Site, tmp_path: Path) -> None:
        key = KEY.replace("out", "gone")
        site.media.put(key, write(tmp_path / "a"), "video/mp4")
        url = site.media.url(key)
        site.media.delete([key])
        answer = site.client.get(url)
        assert (answer.status_code, answer.json()["error"]) == (404, "NotAllowed")

    @pytest.mark.parametrize("path", [
        "/m/../../etc/passwd", "/m/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/m//etc/passwd",
        "/m/videos-final/..%2f..%2fx", "/m/%00", "/m/" + "a" * 1_000, "/m/\\..\\x", "/dev/fd/0",
    ])  # fmt: skip
    def test_raw_paths_lead_nowhere(self, site: Site, path: str) -> None:
        request = f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        status = raw(site, request.encode()).split(b" ")[1]
        assert status in (b"403", b"404", b"400")

    def test_other_methods_are_refused(self, site: Site, film: bytes) -> None:
        for method in ("DELETE", "POST", "PATCH", "OPTIONS"):
            assert site.client.request(method, site.media.url(KEY)).status_code == 405
        assert site.client.get(site.media.url(KEY)).status_code == 200


class TestWriting:
    def put(self, site: Site, body: bytes, **headers: str) -> httpx.Response:
        target = site.media.upload_target(STILL, "image/png")
        return site.client.put(target.url, content=body, headers={**target.headers, **headers})

    def test_stores_what_was_agreed(self, site: Site) -> None:
        body = content(PNG, 3_000_000)
        assert self.put(site, body).status_code == 204
        assert site.client.get(site.media.url(STILL)).content == body

    def test_a_link_to_read_does_not_write_and_the_other_way_round(
        self, site: Site, film: bytes
    ) -> None:
        assert self.put(site, content(PNG)).status_code == 204
        read = site.media.url(STILL)
        target = site.media.upload_target(STILL, "image/png")
        write = site.client.put(read, content=content(PNG), headers=target.headers)
        assert write.status_code == 403
        assert site.client.get(target.url).status_code == 403
        assert site.client.head(target.url).status_code == 403

    def test_a_link_is_for_one_key(self, site: Site) -> None:
        target = site.media.upload_target(STILL, "image/png")
        other = target.url.replace("/u1/", "/u2/")
        answer = site.client.put(other, content=content(PNG), headers=target.headers)
        assert answer.status_code == 403
        assert site.media.keys("videos-preview/u2/") == []

    @pytest.mark.parametrize("body", [b"", b"<html>", WEBP + bytes(99), MP4 + bytes(99), PNG[:5]])
    def test_a_type_that_lies_is_refused(self, site: Site, body: bytes) -> None:
        before = site.media.keys("videos-preview/")
        answer = self.put(site, body)
        assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
        assert site.media.keys("videos-preview/") == before
        assert site.incoming() == []

    @pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "image/png; x=y", ""])
    def test_another_type_than_agreed_is_refused(self, site: Site, kind: str) -> None:
        answer = self.put(site, content(PNG), **{"content-type": kind})
        assert answer.status_code == 400

    def test_too_much_is_refused_before_it_comes(self, site: Site) -> None:
        target = site.media.upload_target(STILL, "image/png")
        path = target.url.removeprefix(site.url)
        announced = (
            f"PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\n"
            f"content-length: {10 * 2**20 + 1}\r\nconnection: close\r\n\r\n"
        )
        begin = time.monotonic()
        assert b" 400 " in raw(site, announced.encode())[:20]
        assert time.monotonic() - begin < 4

    def test_too_much_is_refused_when_it_was_not_announced(self, site: Site) -> None:
        def pieces() -> Iterator[bytes]:
            yield PNG
            for _ in range(11):
                yield bytes(2**20)

        target = site.media.upload_target(STILL, "image/png")
        answer = site.client.put(target.url, content=pieces(), headers=target.headers)
        assert (answer.status_code, "more than" in answer.text) == (400, True)
        assert site.incoming() == []

    def test_a_full_disk_is_said_and_leaves_the_old_file(self, site: Site) -> None:
        old, new = content(PNG), content(PNG, 3_000_000)
        self.put(site, old)
        with disk_full_after(2_000_000):
            answer = self.put(site, new)
        assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")
        assert answer.headers["retry-after"] == "2"
        assert "free some space" in answer.json()["message"]
        assert site.incoming() == []
        assert site.client.get(site.media.url(STILL)).content == old

    def test_an_upload_that_breaks_off_leaves_the_old_file(self, site: Site) -> None:
        old = content(PNG)
        self.put(site, old)
        target = site.media.upload_target(STILL, "image/png")
        path = target.url.removeprefix(site.url)
        head = f"PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\n"
        parts = urlsplit(site.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as line:
            line.sendall(head.encode() + b"content-length: 5000000\r\n\r\n")
            line.sendall(content(PNG, 3_000_000))
            deadline = time.monotonic() + 5
            while not site.incoming() and time.monotonic() < deadline:
                time.sleep(0.01)
        while site.incoming() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert site.incoming() == []
        assert site.client.get(site.media.url(STILL)).content == old
