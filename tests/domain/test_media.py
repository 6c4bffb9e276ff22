"""Keys, types and who may write or read which file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.media import BUCKETS, HEAD_BYTES, check_content, check_file, sniff, split_key
from tests.files import JPEG, MP4, PNG, WEBP, content, lease, with_picture


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (WEBP, "image/webp"),
        (MP4, "video/mp4"),
        (b"\0\0\0\x1cftypmp42", "video/mp4"),
        (b"\0\0\0\x1cftypavif", None),
        (b"\0\0\0\x14ftypqt  ", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"<svg xmlns=", None),
        (b"GIF89a", None),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_type(head: bytes, kind: str | None) -> None:
    assert sniff(head) == kind
    assert sniff((head + bytes(HEAD_BYTES))[:HEAD_BYTES]) == kind


def test_what_a_bucket_takes_can_be_told_apart() -> None:
    heads = {"image/png": PNG, "image/jpeg": JPEG, "image/webp": WEBP, "video/mp4": MP4}
    taken = {kind for bucket in BUCKETS.values() for kind in bucket.content_types}
    assert taken == heads.keys() | {"application/octet-stream"}
    for kind, head in heads.items():
        check_content(kind, content(head, HEAD_BYTES))
        for other in heads.keys() - {kind}:
            with pytest.raises(InvalidRequest, match=f"is not {other} inside"):
                check_content(other, content(head, HEAD_BYTES))


def test_only_the_assets_are_public() -> None:
    assert [bucket.name for bucket in BUCKETS.values() if bucket.public] == ["system-assets"]


@pytest.mark.parametrize("bucket", BUCKETS.values(), ids=lambda bucket: bucket.name)
def test_a_bucket_is_full_at_its_limit(bucket: object) -> None:
    name = bucket.name  # pyright: ignore
    limit, kind = BUCKETS[name].max_bytes, BUCKETS[name].content_types[0]
    check_file(f"{name}/a", kind, limit)
    for size in (0, -1, limit + 1):
        with pytest.raises(InvalidRequest, match=f"takes 1 to {limit}"):
            check_file(f"{name}/a", kind, size)


def test_an_attempt_writes_to_its_own_folder() -> None:
    mine = lease()
    key = mine.key("videos-final", "out.mp4")
    assert split_key(key)[1] == f"{mine.job.user_id}/{mine.job.id}/a1/out.mp4"
    assert replace(mine, attempt=2).key("videos-final", "out.mp4") != key


@pytest.mark.parametrize("bucket", ["system-assets", "videos-final/x", "", "..", "elsewhere"])
def test_no_attempt_writes_elsewhere(bucket: str) -> None:
    with pytest.raises(InvalidRequest):
        lease().key(bucket, "out.png")


@pytest.mark.parametrize("name", ["", "..", "a/b", "/a", ".a", "a\0", "a\n", "x" * 101, "é"])
def test_no_name_leaves_the_folder(name: str) -> None:
    with pytest.raises(InvalidRequest):
        lease().key("videos-final", name)


def test_an_attempt_reads_what_its_params_name_and_its_user_owns() -> None:
    mine, key = with_picture()
    assert mine.reads(key)
    assert not mine.reads(key + "x")
    assert not lease().reads(key)
    assert not lease(image_key=key).reads(key)
    assert not lease(prompt=key).reads(key)
    assert not lease(image_key=[key]).reads(key)
    assert not lease(image_key=None).reads("")
