"""What `ports.Media` promises, on every implementation of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.hosted.line import Line
from ourvidz.backends.hosted.storage import SupabaseMedia
from ourvidz.backends.hosted.transfer import upload
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.ports import Media
from ourvidz.settings import Settings
from ourvidz.web.server import AppParts, make_app
from tests.files import (
    JPEG,
    MP4,
    PNG,
    SECRET,
    WEBP,
    Leases,
    address,
    http,
    listener,
    served,
    write,
)
from tests.storage_standin import SERVICE_KEY, Storage, make_standin


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Media]:
    with listener() as door:
        media = LocalMedia(tmp_path_factory.mktemp("media"), SECRET, address(door))
        with served(make_app(AppParts(media=media, administration=Leases())), door):
            yield media


@pytest.fixture(scope="module")
def supabase() -> Iterator[Media]:
    with listener() as door, served(make_standin(Storage()), door):
        media = SupabaseMedia(address(door), SERVICE_KEY)
        media.ensure_buckets()
        yield media
        media.close()


@pytest.fixture(scope="module")
def hosted() -> Iterator[Media]:
    settings = Settings()
    if not (settings.supabase_url and settings.supabase_service_key):
        pytest.skip("needs OURVIDZ_SUPABASE_URL and OURVIDZ_SUPABASE_SERVICE_KEY")
    media = SupabaseMedia(settings.supabase_url, settings.supabase_service_key.get_secret_value())
    media.ensure_buckets()
    yield media
    media.close()


@dataclass
class Place:
    """A media and a folder in it, emptied afterwards."""

    media: Media
    folder: str
    tmp: Path

    def key(self, name: str, bucket: str = "videos-final") -> str:
        return f"{bucket}/{self.folder}/j1/a1/{name}"

    def put(self, name: str, head: bytes = MP4, kind: str = "video/mp4", size: int = 9000) -> str:
        key = self.key(name)
        self.media.put(key, write(self.tmp / "source", head, size), kind)
        return key

    def got(self, key: str) -> bytes:
        self.media.get(key, self.tmp / "got")
        return (self.tmp / "got").read_bytes()


@pytest.fixture(params=["local", "supabase", pytest.param("hosted", marks=pytest.mark.hosted)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = Place(request.getfixturevalue(request.param), str(uuid4()), tmp_path)
    yield place
    for bucket in ("videos-final", "videos-preview"):
        place.media.delete(place.media.keys(f"{bucket}/{place.folder}/"))


class TestPutAndGet:
    @pytest.mark.parametrize(
        ("name", "head", "kind"),
        [
            ("a.png", PNG, "image/png"),
            ("a.jpg", JPEG, "image/jpeg"),
            ("a.webp", WEBP, "image/webp"),
        ],
    )
    def test_a_picture_comes_back_as_it_went(
        self, place: Place, name: str, head: bytes, kind: str
    ) -> None:
        key = place.key(name, "videos-preview")
        source = write(place.tmp / "source", head)
        place.media.put(key, source, kind)
        assert place.got(key) == source.read_bytes()
        answer = http("GET", place.media.url(key))
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)

    def test_a_film_larger_than_a_piece_comes_back_as_it_went(self, place: Place) -> None:
        key = place.put("film.mp4", size=13 * 2**20 + 7)
        assert place.got(key) == (place.tmp / "source").read_bytes()

    def test_a_second_file_replaces_the_first(self, place: Place) -> None:
        place.put("a.mp4")
        key = place.put("a.mp4", size=5_000)
        assert place.got(key) == (place.tmp / "source").read_bytes()

    def test_two_writers_of_one_key_leave_one_whole_file(self, place: Place) -> None:
        key = place.key("a.mp4")
        paths = [write(place.tmp / f"{n}", size=100_000 + n) for n in range(2)]
        writers = [
            threading.Thread(target=place.media.put, args=(key, path, "video/mp4"))
            for path in paths * 3
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert place.got(key) in [path.read_bytes() for path in paths]

    def test_getting_what_is_not_there_leaves_nothing(self, place: Place) -> None:
        before = set(place.tmp.iterdir())
        with pytest.raises(NotAllowed, match="no such file"):
            place.media.get(place.key("missing.mp4"), place.tmp / "got")
        assert set(place.tmp.iterdir()) == before


class TestRefusal:
    @pytest.mark.parametrize(
        "key",
        [
            "videos-final/../secret",
            "videos-final/u/../../x",
            "/videos-final/u/x",
            "videos-final//x",
            "videos-final/.hidden/x",
            "videos-final/u/\0/x",
            "videos-final/u/x\n",
            "videos-final/u\\x",
            "videos-final/" + "x" * 1_000,
            "videos-final",
            "elsewhere/u/x",
            "",
        ],
    )
    def test_what_is_no_key_is_refused_by_every_verb(self, place: Place, key: str) -> None:
        source = write(place.tmp / "source")
        verbs = [
            lambda: place.media.put(key, source, "video/mp4"),
            lambda: place.media.get(key, place.tmp / "got"),
            lambda: place.media.url(key),
            lambda: place.media.upload_target(key, "video/mp4"),
            lambda: place.media.delete([key]),
        ]
        for verb in verbs:
            with pytest.raises(InvalidRequest, match="not the name of a file"):
                verb()

    @pytest.mark.parametrize("prefix", ["videos-final", "videos-final/../", "elsewhere/u/", "/"])
    def test_what_is_no_folder_is_refused(self, place: Place, prefix: str) -> None:
        with pytest.raises(InvalidRequest):
            place.media.keys(prefix)

    @pytest.mark.parametrize("head", [PNG, b"<html><script>", b"\0\0\0\x1cftypavif", b"\x7fELF"])
    def test_a_type_that_lies_is_refused(self, place: Place, head: bytes) -> None:
        with pytest.raises(InvalidRequest, match="not video/mp4 inside"):
            place.put("a.mp4", head)
        assert place.media.keys(f"videos-final/{place.folder}/") == []

    def test_a_type_the_bucket_does_not_take_is_refused(self, place: Place) -> None:
        with pytest.raises(InvalidRequest, match="use video/mp4 or image/jpeg"):
            place.put("a.png", PNG, "image/png")
        with pytest.raises(InvalidRequest, match="use video/mp4 or image/jpeg"):
            place.media.upload_target(place.key("a.png"), "image/png")

    def test_a_file_too_large_or_empty_is_refused(self, place: Place) -> None:
        key = place.key("a.png", "videos-preview")
        for size in (0, 10 * 2**20 + 1):
            with pytest.raises(InvalidRequest, match="takes 1 to"):
                place.media.put(key, write(place.tmp / "a", PNG, size), "image/png")

    def test_a_file_that_is_not_there_is_refused(self, place: Place) -> None:
        with pytest.raises(InvalidRequest, match="can not be read"):
            place.media.put(place.key("a.mp4"), place.tmp / "nowhere", "video/mp4")


class TestLinks:
    def test_a_link_seeks(self, place: Place) -> None:
        url = place.media.url(place.put("a.mp4", size=100_000))
        body = (place.tmp / "source").read_bytes()
        for start, end in ((0, 0), (99_000, 99_999), (50_000, 60_000)):
            answer = http("GET", url, headers={"range": f"bytes={start}-{end}"})
            assert answer.status_code == 206
            assert answer.headers["content-range"] == f"bytes {start}-{end}/100000"
            assert answer.content == body[start : end + 1]

    def test_a_link_names_the_file_to_save(self, place: Place) -> None:
        url = place.media.url(place.put("a.mp4"), download="my-film.mp4")
        disposition = http("GET", url).headers["content-disposition"]
        assert disposition.startswith("attachment") and "my-film.mp4" in disposition

    def test_a_link_without_its_signature_opens_nothing(self, place: Place) -> None:
        url = place.media.url(place.put("a.mp4"))
        for forged in (url[:-3], url.partition("?")[0], url.replace("a.mp4", "b.mp4")):
            assert http("GET", forged).status_code in (400, 403)

    def test_there_is_no_link_to_what_is_not_there(self, place: Place) -> None:
        with pytest.raises(NotAllowed, match="no such file"):
            place.media.url(place.key("missing.mp4"))

    @pytest.mark.parametrize(("bucket", "name", "head", "kind"), [
        ("videos-preview", "a.png", PNG, "image/png"),
        ("videos-final", "a.mp4", MP4, "video/mp4"),
    ])  # fmt: skip
    def test_an_upload_target_takes_its_file_again_and_again(
        self, place: Place, bucket: str, name: str, head: bytes, kind: str
    ) -> None:
        key = place.key(name, bucket)
        target = place.media.upload_target(key, kind)
        for size in (70_000, 60_000):
            with httpx.Client(verify=False) as client:
                upload(Line(client, "storage"), target, write(place.tmp / "a", head, size))
            assert place.got(key) == (place.tmp / "a").read_bytes()


class TestDeletion:
    def test_removes_what_is_named_and_nothing_else(self, place: Place) -> None:
        keys = [place.put(f"{n}.mp4") for n in range(3)]
        place.media.delete([keys[0], place.key("missing.mp4"), keys[2]])
        assert place.media.keys(f"videos-final/{place.folder}/") == [keys[1]]
        with pytest.raises(NotAllowed):
            place.media.url(keys[0])

    def test_lists_all_that_lies_below_a_folder(self, place: Place) -> None:
        source = write(place.tmp / "source", size=100)
        names = [f"j{n % 3}/a{n % 2}/{n}.mp4" for n in range(7)] + ["top.mp4"]
        keys = [f"videos-final/{place.folder}/{name}" for name in names]
        for key in keys:
            place.media.put(key, source, "video/mp4")
        assert place.media.keys(f"videos-final/{place.folder}/") == sorted(keys)
        assert place.media.keys(f"videos-final/{place.folder}/nowhere/") == []
        place.media.delete(keys)
        assert place.media.keys(f"videos-final/{place.folder}/") == []
