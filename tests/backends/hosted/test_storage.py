"""Supabase Storage beyond the contract: buckets, pages, and what it says when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ourvidz.backends.hosted.storage import SupabaseMedia
from ourvidz.domain.errors import NotAllowed, Unavailable
from ourvidz.domain.media import BUCKETS
from tests.files import PNG, Wire, address, listener, served, wire, write
from tests.storage_standin import SERVICE_KEY, Storage, make_standin

KEY = "videos-preview/u1/j1/a1/still.png"


@pytest.fixture(scope="module")
def storage() -> Storage:
    return Storage()


@pytest.fixture(scope="module")
def cable(storage: Storage) -> Iterator[Wire]:
    with listener() as door, served(make_standin(storage), door), wire(door) as line:
        yield line


@pytest.fixture
def media(cable: Wire) -> Iterator[SupabaseMedia]:
    media = SupabaseMedia(cable.url, SERVICE_KEY, sleep=lambda seconds: None)
    media.ensure_buckets()
    yield media
    media.close()


def test_the_buckets_get_our_rules_whatever_they_had(
    storage: Storage, media: SupabaseMedia
) -> None:
    storage.buckets["videos-final"] |= {"public": True, "file_size_limit": None}
    storage.buckets["of-someone-else"] = {
        **storage.buckets["videos-final"],
        "id": "of-someone-else",
    }
    media.ensure_buckets()
    for bucket in BUCKETS.values():
        made = storage.buckets[bucket.name]
        assert made["public"] == bucket.public == (bucket.name == "system-assets")
        assert made["file_size_limit"] == bucket.max_bytes
        assert made["allowed_mime_types"] == list(bucket.content_types)
    assert storage.buckets["of-someone-else"]["public"]


def test_a_missing_bucket_is_named_until_it_is_made(storage: Storage, media: SupabaseMedia) -> None:
    assert media.missing_buckets() == []
    del storage.buckets["videos-stitched"]
    assert media.missing_buckets() == ["videos-stitched"]
    media.ensure_buckets()
    assert media.missing_buckets() == []


def test_long_folders_are_listed_and_deleted_in_pages(
    storage: Storage, media: SupabaseMedia
) -> None:
    names = [f"u9/j{n % 2}/{n}.png" for n in range(250)] + [f"u9/k{n}/a.png" for n in range(5)]
    for name in names:
        storage.objects["videos-preview", name] = (PNG, "image/png")
    keys = media.keys("videos-preview/u9/")
    assert keys == sorted(f"videos-preview/{name}" for name in names)
    media.delete(keys)
    assert media.keys("videos-preview/u9/") == []


def test_a_connection_that_was_closed_behind_our_back_is_no_error(
    media: SupabaseMedia, cable: Wire, tmp_path: Path
) -> None:
    media.put(KEY, write(tmp_path / "a", PNG), "image/png")
    media.close()
    fresh = SupabaseMedia(cable.url, SERVICE_KEY)
    cable.down[:] = [10]
    assert fresh.keys("videos-preview/u1/") == [KEY]
    assert cable.down == []
    fresh.close()


def test_a_wrong_key_is_the_operators_to_mend(cable: Wire) -> None:
    media = SupabaseMedia(cable.url, "wrong")
    with pytest.raises(Unavailable, match="try again") as away:
        media.keys("videos-final/u1/")
    assert "check OURVIDZ_SUPABASE_SERVICE_KEY" in away.value.in_full
    media.close()


def test_a_storage_that_is_not_there_is_said() -> None:
    with listener() as door:
        nowhere = address(door)
    media = SupabaseMedia(nowhere, SERVICE_KEY)
    with pytest.raises(Unavailable, match="storage: it does not answer"):
        media.url(KEY)
    media.close()


def test_links_show_no_key(media: SupabaseMedia, tmp_path: Path) -> None:
    media.put(KEY, write(tmp_path / "a", PNG), "image/png")
    target = media.upload_target(KEY, "image/png")
    for shown in (media.url(KEY), target.url, *target.headers.values()):
        assert SERVICE_KEY not in shown
    media.delete([KEY])
    with pytest.raises(NotAllowed):
        media.url(KEY)
