"""Buckets, keys and what may lie in them: the same rules embedded and hosted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ourvidz.domain.errors import InvalidRequest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A place for one sort of file. public: readable by everyone without a signed link."""

    name: str
    max_bytes: int
    content_types: tuple[str, ...]
    public: bool = False


@dataclass(frozen=True, kw_only=True)
class UploadTarget:
    """Where one file may be put without any other credential.

    method: "put" sends the whole file, "tus" in resumable chunks. url and headers carry the
    signed right to write exactly `key`, with one type, for a limited time; the last complete
    upload wins.
    """

    key: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


_MIB = 2**20

#: Bytes at the start of a file that tell its type.
HEAD_BYTES = 32
#: Brands of files that every player takes as MP4; pictures (avif, heic) have the same first box.
_MP4_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ")
_IMAGES = ("image/png", "image/jpeg", "image/webp")

BUCKETS: Mapping[str, Bucket] = MappingProxyType(
    {
        bucket.name: bucket
        for bucket in (
            Bucket(name="videos-preview", max_bytes=10 * _MIB, content_types=_IMAGES),
            Bucket(
                name="videos-final",
                max_bytes=200 * _MIB,
                content_types=("video/mp4", "image/jpeg"),
            ),
            Bucket(
                name="videos-stitched",
                max_bytes=2048 * _MIB,
                content_types=("video/mp4", "image/jpeg"),
            ),
            Bucket(name="character-references", max_bytes=10 * _MIB, content_types=_IMAGES),
            Bucket(
                name="character-embeddings",
                max_bytes=50 * _MIB,
                content_types=("application/octet-stream",),
            ),
            Bucket(
                name="system-assets",
                max_bytes=50 * _MIB,
                content_types=(*_IMAGES, "video/mp4"),
                public=True,
            ),
        )
    }
)


def split_key(key: str) -> tuple[Bucket, str]:
    """The bucket and the path of "bucket/path".

    Raises InvalidRequest for an unknown bucket and for paths that leave it: only plain names
    between single slashes are allowed, none of them starting with a dot.

    >>> split_key("videos-final/u1/j1/a1/out.mp4")[1]
    'u1/j1/a1/out.mp4'
    >>> split_key("videos-final/../secret")
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: key: is not the name of a file in a bucket
    """
    name, _, path = key.partition("/")
    parts = path.split("/")
    if name not in BUCKETS or not 1 <= len(parts) <= 8 or not all(map(_NAME.fullmatch, parts)):
        raise InvalidRequest("key", "is not the name of a file in a bucket")
    return BUCKETS[name], path


def check_file(key: str, content_type: str, size_bytes: int) -> None:
    """Raise InvalidRequest when the bucket of `key` takes no such file.

    >>> check_file("videos-final/u/j/a1/out.mp4", "text/html", 10)
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: file: text/html is not allowed in videos-final; use \
video/mp4 or image/jpeg
    """
    bucket, _ = split_key(key)
    if content_type not in bucket.content_types:
        allowed = " or ".join(bucket.content_types)
        raise InvalidRequest(
            "file", f"{content_type} is not allowed in {bucket.name}; use {allowed}"
        )
    if not 0 < size_bytes <= bucket.max_bytes:
        raise InvalidRequest(
            "file", f"has {size_bytes} bytes; {bucket.name} takes 1 to {bucket.max_bytes}"
        )


def sniff(head: bytes) -> str | None:
    """The content type that the first HEAD_BYTES of a file speak of, None when unknown.

    >>> sniff(b"\\x89PNG\\r\\n\\x1a\\n"), sniff(b"<html>")
    ('image/png', None)
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _MP4_BRANDS:
        return "video/mp4"
    return None


def check_content(content_type: str, head: bytes) -> None:
    """Raise InvalidRequest when a file that begins with `head` is not what it is said to be."""
    if content_type != "application/octet-stream" and sniff(head) != content_type:
        raise InvalidRequest("file", f"is not {content_type} inside; export it again as that")
