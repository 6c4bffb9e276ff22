"""Uploads and downloads over lines that break and servers that refuse."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ourvidz.backends.hosted.line import MAX_FAILURES, Line
from ourvidz.backends.hosted.storage import SupabaseMedia
from ourvidz.backends.hosted.transfer import PIECE_BYTES, download, upload
from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable
from ourvidz.domain.media import UploadTarget
from tests.files import Wire, address, content, listener, served, wire, write
from tests.storage_standin import SERVICE_KEY, Storage, make_standin

KEY = "videos-final/u1/j1/a1/out.mp4"


@dataclass
class Far:
    """The stand-in behind a line that can be cut."""

    storage: Storage
    media: SupabaseMedia
    wire: Wire
    line: Line
    waits: list[float]

    def stored(self) -> bytes:
        return self.storage.objects["videos-final", KEY.partition("/")[2]][0]


@pytest.fixture
def far() -> Iterator[Far]:
    storage, waits = Storage(), list[float]()
    with (
        listener() as door,
        served(make_standin(storage), door),
        wire(door) as cable,
        httpx.Client(verify=False) as client,
    ):
        media = SupabaseMedia(cable.url, SERVICE_KEY, sleep=waits.append)
        media.ensure_buckets()
        yield Far(storage, media, cable, Line(client, "storage", waits.append), waits)
        media.close()


class TestResumableUpload:
    def test_sends_pieces_of_six_mebibytes(self, far: Far, tmp_path: Path) -> None:
        path = write(tmp_path / "a.mp4", size=2 * PIECE_BYTES + 5)
        upload(far.line, far.media.upload_target(KEY, "video/mp4"), path)
        assert far.stored() == path.read_bytes()
        assert far.storage.requests == ["POST", "PATCH", "PATCH", "PATCH"]

    def test_goes_on_where_each_break_left_it(self, far: Far, tmp_path: Path) -> None:
        path = write(tmp_path / "a.mp4", size=4 * PIECE_BYTES + 5)
        target = far.media.upload_target(KEY, "video/mp4")
        far.wire.up[:] = [PIECE_BYTES + 500_000, 2 * PIECE_BYTES, 300_000, 300_000]
        upload(far.line, target, path)
        assert far.stored() == path.read_bytes()
        assert far.storage.requests.count("POST") == 1
        assert far.storage.requests.count("HEAD") == 4

    def test_progress_earns_new_patience(self, far: Far, tmp_path: Path) -> None:
        path = write(tmp_path / "a.mp4", size=12 * PIECE_BYTES)
        target = far.media.upload_target(KEY, "video/mp4")
        far.wire.up[:] = [PIECE_BYTES + 900_000] * 11
        upload(far.line, target, path)
        assert far.stored() == path.read_bytes()
        assert len(far.waits) > MAX_FAILURES and max(far.waits) < 2

    def test_a_token_is_for_one_key(self, far: Far, tmp_path: Path) -> None:
        target = far.media.upload_target(KEY, "video/mp4")
        other = far.media.upload_target(KEY.replace("u1", "u2"), "video/mp4")
        mixed = {**other.headers, "x-signature": target.headers["x-signature"]}
        stolen = UploadTarget(key=other.key, method="tus", url=other.url, headers=mixed)
        with pytest.raises(NotAllowed):
            upload(far.line, stolen, write(tmp_path / "a.mp4"))

    def test_an_expired_token_is_said(self, far: Far, tmp_path: Path) -> None:
        far.storage.sign_life_s = -1
        with pytest.raises(NotAllowed, match="expired"):
            target = far.media.upload_target(KEY, "video/mp4")
            upload(far.line, target, write(tmp_path / "a.mp4"))

    def test_too_large_a_file_is_said(self, far: Far, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        with path.open("wb") as file:
            file.truncate(200 * 2**20 + 1)
        with pytest.raises(InvalidRequest, match="Maximum size exceeded"):
            upload(far.line, far.media.upload_target(KEY, "video/mp4"), path)

    def test_a_forgotten_upload_begins_again(self, far: Far, tmp_path: Path) -> None:
        path = write(tmp_path / "a.mp4", size=2 * PIECE_BYTES)
        target = far.media.upload_target(KEY, "video/mp4")
        far.wire.up[:] = [PIECE_BYTES + 500_000]
        sleep = far.storage.uploads.clear
        upload(Line(far.line.client, "storage", lambda seconds: sleep()), target, path)
        assert far.stored() == path.read_bytes()
        assert far.storage.requests.count("POST") == 2

    def test_holds_little_of_the_file_in_memory(self, far: Far, tmp_path: Path) -> None:
        path = write(tmp_path / "a.mp4", size=5 * PIECE_BYTES)
        seen: list[int] = []

        class Counting(httpx.BaseTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                assert isinstance(request.stream, httpx.SyncByteStream)
                seen.append(sum(map(len, request.stream)))
                at = int(request.headers.get("upload-offset", 0)) + seen[-1]
                if request.method == "POST":
                    return httpx.Response(201, headers={"location": "/x"})
                return httpx.Response(204, headers={"upload-offset": str(at)})

        target = UploadTarget(key=KEY, method="tus", url="http://storage/tus")
        with httpx.Client(transport=Counting()) as client:
            tracemalloc.start()
            upload(Line(client, "storage"), target, path)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert seen == [0] + [PIECE_BYTES] * 5
        assert peak < 2_000_000


def answering(answers: list[Response]) -> Starlette:
    """An app that gives these answers in turn, the last one again and again."""

    async def answer(request: Request) -> Response:
        await request.body()
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return Starlette(routes=[Route("/{x:path}", answer, methods=["PUT", "GET", "POST"])])


@dataclass
class Scripted:
    url: str
    answers: list[Response]
    line: Line
    waits: list[float]

    def put(self, path: Path) -> None:
        upload(self.line, UploadTarget(key=KEY, method="put", url=self.url), path)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    answers, waits = list[Response](), list[float]()
    with (
        listener() as door,
        served(answering(answers), door),
        httpx.Client(verify=False) as client,
    ):
        line = Line(client, "storage", waits.append)
        yield Scripted(f"{address(door)}/x", answers, line, waits)


class TestRefusals:
    @pytest.mark.parametrize("status", [408, 409, 423, 429, 460, 500, 502, 503, 504])
    def test_what_may_pass_is_tried_again(
        self, scripted: Scripted, tmp_path: Path, status: int
    ) -> None:
        scripted.answers += [Response(status_code=status)] * 3 + [Response()]
        scripted.put(write(tmp_path / "a.mp4"))
        assert scripted.waits == [0.5, 1.0, 2.0]

    def test_the_server_says_how_long_to_wait(self, scripted: Scripted, tmp_path: Path) -> None:
        for after in ("7", "100000", "soon"):
            scripted.answers.append(Response(status_code=429, headers={"retry-after": after}))
        scripted.answers.append(Response())
        scripted.put(write(tmp_path / "a.mp4"))
        assert scripted.waits == [7.0, 60.0, 2.0]

    def test_what_does_not_pass_is_said_in_the_end(
        self, scripted: Scripted, tmp_path: Path
    ) -> None:
        scripted.answers.append(PlainTextResponse("upstream is down", 502))
        with pytest.raises(Unavailable, match="storage: it does not answer; try again") as away:
            scripted.put(write(tmp_path / "a.mp4"))
        assert "upstream" not in str(away.value)
        assert "upstream is down" in away.value.in_full, "only who runs the service reads that"
        assert len(scripted.waits) == MAX_FAILURES - 1

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, NotAllowed),
            (401, NotAllowed),
            (403, NotAllowed),
            (404, NotAllowed),
            (410, NotAllowed),
            (413, InvalidRequest),
            (415, InvalidRequest),
        ],
    )
    def test_what_is_final_is_not_tried_again(
        self, scripted: Scripted, tmp_path: Path, status: int, error: type[Exception]
    ) -> None:
        scripted.answers.append(Response(status_code=status))
        with pytest.raises(error):
            scripted.put(write(tmp_path / "a.mp4"))
        assert scripted.waits == []


class TestDownload:
    def test_a_file_that_changed_meanwhile_is_fetched_anew(self, tmp_path: Path) -> None:
        """Even when the server answers 416 instead of minding If-Range."""
        old, new = content(size=900_000), content(size=400_000)
        answers = iter([(200, old[:500_000], '"old"'), (416, b"", '"new"'), (200, new, '"new"')])

        class Changing(httpx.BaseTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                status, body, etag = next(answers)
                headers = {"etag": etag}
                if len(body) == 500_000:
                    return httpx.Response(status, headers=headers, stream=_Breaking(body))
                return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

        with httpx.Client(transport=Changing()) as client:
            line = Line(client, "storage", lambda seconds: None)
            download(line, "http://storage/a", tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == new

    def test_goes_on_where_the_break_left_it(self, far: Far, tmp_path: Path) -> None:
        body = content(size=3_000_000)
        far.storage.objects["videos-final", KEY.partition("/")[2]] = (body, "video/mp4")
        url = far.media.url(KEY)
        far.wire.down[:] = [1_000_000, 1_000_000]
        far.line.client.get(f"{far.wire.url}/", headers={"connection": "close"})
        far.wire.down[:] = [1_000_000, 1_000_000]
        download(far.line, url, tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == body

    def test_what_is_gone_or_expired_leaves_nothing(
        self, scripted: Scripted, tmp_path: Path
    ) -> None:
        for status in (400, 403, 404):
            scripted.answers[:] = [Response(status_code=status)]
            with pytest.raises(NotAllowed):
                download(scripted.line, scripted.url, tmp_path / "got")
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_is_not_there_is_said(self, scripted: Scripted, tmp_path: Path) -> None:
        scripted.answers.append(Response(b"x"))
        with pytest.raises(Unavailable, match="disk"):
            download(scripted.line, scripted.url, tmp_path / "nowhere" / "got")


class _Breaking(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        raise httpx.ReadError("the line broke")
