"""What `ports.Courier` promises, beside the storage and far from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ourvidz.backends.embedded.direct_courier import DirectCourier
from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.hosted.courier import HttpCourier
from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable, WorkerRefused
from ourvidz.domain.job import Lease
from ourvidz.ports import Courier
from ourvidz.web.server import AppParts, make_app
from tests.files import (
    MP4,
    PNG,
    SECRET,
    TOKEN,
    Leases,
    Wire,
    address,
    lease,
    listener,
    served,
    wire,
    with_picture,
    write,
)

PIECE = 6 * 2**20


@dataclass
class Shop:
    """The storage, the app in front of it, and the line between them and far workers."""

    media: LocalMedia
    leases: Leases
    line: Wire
    url: str
    root: Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with listener() as door, wire(door) as line:
        root = tmp_path_factory.mktemp("media")
        media, leases = LocalMedia(root, SECRET, line.url), Leases()
        parts: Any = {"media": media, "administration": leases, "worker_token": TOKEN}
        with served(make_app(AppParts(**parts)), door):
            yield Shop(media, leases, line, address(door), root)


def http_courier(shop: Shop, token: str = TOKEN) -> HttpCourier:
    return HttpCourier(shop.url, token, sleep=lambda seconds: None)


@pytest.fixture(params=["direct", "http"])
def courier(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Courier]:
    if request.param == "direct":
        yield DirectCourier(shop.media)
    else:
        far = http_courier(shop)
        yield far
        far.close()


@pytest.fixture
def far(shop: Shop) -> Iterator[HttpCourier]:
    courier = http_courier(shop)
    yield courier
    courier.close()


def held(shop: Shop, one: Lease | None = None) -> Lease:
    one = one or lease()
    shop.leases.held.append(one)
    return one


def files_of(shop: Shop, one: Lease) -> list[str]:
    return [key for b in ("videos-final", "videos-preview") for key in
            shop.media.keys(f"{b}/{one.job.user_id}/")]  # fmt: skip


class TestBoth:
    def test_who_is_let_in_may_claim_jobs(self, courier: Courier) -> None:
        courier.knock()

    @pytest.mark.parametrize(
        ("bucket", "name", "head", "kind"),
        [
            ("videos-preview", "still-1.png", PNG, "image/png"),
            ("videos-final", "out.mp4", MP4, "video/mp4"),
        ],
    )
    def test_a_file_arrives_in_the_attempts_folder(
        self, shop: Shop, courier: Courier, tmp_path: Path, bucket: str, name: str, head: bytes,
        kind: str,
    ) -> None:  # fmt: skip
        mine = held(shop)
        path = write(tmp_path / name, head, 200_000)
        key = courier.deliver(mine, bucket, path, kind)
        assert key == f"{bucket}/{mine.job.user_id}/{mine.job.id}/a1/{name}"
        shop.media.get(key, tmp_path / "stored")
        assert (tmp_path / "stored").read_bytes() == path.read_bytes()

    def test_delivering_again_replaces(self, shop: Shop, courier: Courier, tmp_path: Path) -> None:
        mine = held(shop)
        for size in (50_000, 40_000):
            path = write(tmp_path / "out.mp4", size=size)
            key = courier.deliver(mine, "videos-final", path, "video/mp4")
        shop.media.get(key, tmp_path / "stored")
        assert (tmp_path / "stored").read_bytes() == path.read_bytes()

    def test_the_picture_that_the_job_names_is_fetched(
        self, shop: Shop, courier: Courier, tmp_path: Path
    ) -> None:
        mine, key = with_picture()
        held(shop, mine)
        source = write(tmp_path / "source", PNG, 300_000)
        shop.media.put(key, source, "image/png")
        courier.fetch(mine, key, tmp_path / "got.png")
        assert (tmp_path / "got.png").read_bytes() == source.read_bytes()

    def test_no_other_file_is_fetched(self, shop: Shop, courier: Courier, tmp_path: Path) -> None:
        mine, key = with_picture()
        held(shop, mine)
        unnamed = key.replace("chosen", "other")
        foreign = f"videos-preview/{uuid4()}/j/a1/chosen.png"
        named = replace(mine, job=replace(mine.job, params={"image_key": foreign}))
        for file in (unnamed, foreign):
            shop.media.put(file, write(tmp_path / "source", PNG), "image/png")
        for attempt, wanted in ((mine, unnamed), (mine, foreign), (named, foreign)):
            shop.leases.held[-1] = attempt
            with pytest.raises(NotAllowed, match="does not need that file") as refused:
                courier.fetch(attempt, wanted, tmp_path / "got.png")
            assert not isinstance(refused.value, WorkerRefused), "no other worker could fetch it"
        assert not (tmp_path / "got.png").exists()

    def test_a_named_picture_that_has_expired_is_said(
        self, shop: Shop, courier: Courier, tmp_path: Path
    ) -> None:
        mine, key = with_picture()
        held(shop, mine)
        with pytest.raises(NotAllowed, match="no such file"):
            courier.fetch(mine, key, tmp_path / "got.png")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("bucket", ["system-assets", "elsewhere", "..", ""])
    def test_workers_write_to_the_jobs_buckets_only(
        self, shop: Shop, courier: Courier, tmp_path: Path, bucket: str
    ) -> None:
        path = write(tmp_path / "out.png", PNG)
        with pytest.raises(InvalidRequest):
            courier.deliver(held(shop), bucket, path, "image/png")

    def test_a_type_that_lies_is_refused(
        self, shop: Shop, courier: Courier, tmp_path: Path
    ) -> None:
        mine = held(shop)
        with pytest.raises(InvalidRequest, match="not video/mp4 inside"):
            courier.deliver(mine, "videos-final", write(tmp_path / "a.mp4", PNG), "video/mp4")
        assert files_of(shop, mine) == []


class TestFar:
    def test_a_lost_lease_gives_nothing(self, shop: Shop, far: HttpCourier, tmp_path: Path) -> None:
        mine, key = with_picture()
        held(shop, mine)
        shop.media.put(key, write(tmp_path / "source", PNG), "image/png")
        path = write(tmp_path / "out.mp4")
        others = (
            replace(mine, attempt=2),
            replace(mine, worker="w2"),
            replace(mine, job=lease().job),
        )
        for other in others:
            with pytest.raises(NotAllowed, match="does not hold the job"):
                far.deliver(other, "videos-final", path, "video/mp4")
            with pytest.raises(NotAllowed, match="does not hold the job") as refused:
                far.fetch(other, key, tmp_path / "got")
            assert not isinstance(refused.value, WorkerRefused), "it may run other jobs"
        assert files_of(shop, mine) == [key]

    def test_a_wrong_token_gives_nothing(self, shop: Shop, tmp_path: Path) -> None:
        mine, key = with_picture()
        held(shop, mine)
        for token in ("x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
            far = http_courier(shop, token)
            with pytest.raises(WorkerRefused, match="worker token is wrong"):
                far.deliver(held(shop), "videos-final", write(tmp_path / "o.mp4"), "video/mp4")
            with pytest.raises(WorkerRefused, match="worker token is wrong"):
                far.fetch(mine, key, tmp_path / "got")
            far.close()

    def test_another_server_than_the_app_refuses_the_worker_not_the_job(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        mine, key = with_picture()
        far = HttpCourier(f"{shop.url}/elsewhere", TOKEN)
        with pytest.raises(WorkerRefused, match="Set OURVIDZ_PUBLIC_URL"):
            far.fetch(held(shop, mine), key, tmp_path / "got")
        far.close()

    def test_an_upload_goes_on_where_the_line_broke(
        self, shop: Shop, far: HttpCourier, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "out.mp4", size=3 * PIECE + 99)
        shop.line.connections, shop.line.up[:] = 0, [PIECE + 2_000_000, 3_000_000]
        key = far.deliver(held(shop), "videos-final", path, "video/mp4")
        shop.media.get(key, tmp_path / "stored")
        assert (tmp_path / "stored").read_bytes() == path.read_bytes()
        assert shop.line.connections == 3 and shop.line.up == []

    def test_a_whole_upload_begins_again_when_the_line_breaks(
        self, shop: Shop, far: HttpCourier, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "out.png", PNG, 900_000)
        shop.line.up[:] = [400_000, 700_000]
        key = far.deliver(held(shop), "videos-preview", path, "image/png")
        shop.media.get(key, tmp_path / "stored")
        assert (tmp_path / "stored").read_bytes() == path.read_bytes()

    def test_an_answer_that_got_lost_is_asked_for_again(
        self, shop: Shop, far: HttpCourier, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "out.mp4", size=30_000)
        shop.line.up[:], shop.line.down[:] = [], [700]  # the answer to POST passes, PATCH's breaks
        key = far.deliver(held(shop), "videos-final", path, "video/mp4")
        shop.media.get(key, tmp_path / "stored")
        assert (tmp_path / "stored").read_bytes() == path.read_bytes()

    def test_a_download_goes_on_where_the_line_broke(
        self, shop: Shop, far: HttpCourier, tmp_path: Path
    ) -> None:
        mine, key = with_picture()
        held(shop, mine)
        source = write(tmp_path / "source", PNG, 5_000_000)
        shop.media.put(key, source, "image/png")
        shop.line.connections, shop.line.down[:] = 0, [2_000_000, 2_000_000]
        far.fetch(mine, key, tmp_path / "got.png")
        assert (tmp_path / "got.png").read_bytes() == source.read_bytes()
        assert shop.line.connections == 3
        assert sorted(path.name for path in tmp_path.iterdir()) == ["got.png", "source"]

    def test_a_dead_app_is_said_after_some_tries(self, tmp_path: Path) -> None:
        waits: list[float] = []
        with listener() as door:
            nowhere = address(door)
        far = HttpCourier(nowhere, TOKEN, sleep=waits.append)
        with pytest.raises(Unavailable, match="the app: it does not answer"):
            far.deliver(lease(), "videos-final", write(tmp_path / "out.mp4"), "video/mp4")
        far.close()
        assert waits == sorted(waits) and 30 < sum(waits) < 120

    @pytest.mark.parametrize("token", ["", "two words", "line\n", "é"])
    def test_what_is_no_token_is_refused(self, token: str) -> None:
        with pytest.raises(InvalidRequest, match="worker_token"):
            HttpCourier("http://127.0.0.1", token)

    def test_an_address_that_is_none_is_refused(self) -> None:
        with pytest.raises(InvalidRequest, match="https://"):
            HttpCourier("ourvidz.example", TOKEN)

    def test_nothing_unfinished_is_left(self, shop: Shop) -> None:
        left = [p.name for p in (shop.root / ".incoming").iterdir()]
        assert [name for name in left if name.startswith("put-")] == []
