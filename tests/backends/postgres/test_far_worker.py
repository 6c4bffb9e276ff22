"""A worker on a rented machine, from claim to delivery: the real queue, the real app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.backends.hosted.courier import HttpCourier
from ourvidz.domain.errors import NotAllowed
from ourvidz.web.server import AppParts, make_app
from tests.backends.postgres.house import CARD, House, delivery
from tests.files import JPEG, PNG, SECRET, TOKEN, address, listener, served, write


def test_a_lost_attempt_delivers_nothing_more(house: House, tmp_path: Path) -> None:
    me = house.person(credits=1)
    still = f"videos-preview/{me.user_id}/j/a1/still.png"
    with listener() as door:
        media = LocalMedia(tmp_path / "media", SECRET, address(door))
        media.put(still, write(tmp_path / "still", PNG), "image/png")
        parts: Any = {"media": media, "administration": house.office, "worker_token": TOKEN}
        with served(make_app(AppParts(**parts)), door):
            courier = HttpCourier(address(door), TOKEN)
            house.order(me, params={"prompt": "a cat", "num_frames": 80, "image_key": still})
            lost = house.queue.claim(CARD, 60)
            assert lost is not None
            courier.fetch(lost, still, tmp_path / "fetched")
            assert (tmp_path / "fetched").read_bytes() == (tmp_path / "still").read_bytes()

            house.expire_leases()
            house.queue.reap()
            with pytest.raises(NotAllowed, match="does not hold the job"):
                courier.deliver(lost, "videos-final", write(tmp_path / "a.mp4"), "video/mp4")
            house.end_pauses()
            lease = house.queue.claim(CARD, 60)
            assert lease is not None and lease.attempt == 2
            with pytest.raises(NotAllowed, match="does not hold the job"):
                courier.fetch(lost, still, tmp_path / "fetched")

            for name, head, kind in (
                ("clip.mp4", None, "video/mp4"),
                ("clip.jpg", JPEG, "image/jpeg"),
            ):
                path = write(tmp_path / name, head) if head else write(tmp_path / name)
                courier.deliver(lease, "videos-final", path, kind)
            assert house.queue.finish(lease, "succeeded", result=delivery(lease.job, 2))
            with pytest.raises(NotAllowed, match="does not hold the job"):
                courier.deliver(lease, "videos-final", tmp_path / "clip.mp4", "video/mp4")
            courier.close()
    (video,) = house.records.videos(me)
    assert media.keys(f"videos-final/{me.user_id}/") == [video.thumbnail_key, video.media_key]
