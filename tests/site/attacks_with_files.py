"""Attacks with files, by who may upload one: a rented worker, or whoever has seen its link.

Each returns whether it succeeded.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from itertools import accumulate
from uuid import uuid4

import httpx
from PIL import Image

from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.media import UploadTarget
from tests.site.attack_hands import JOIN, Scene, config

_PNG = b"\x89PNG\r\n\x1a\n"
#: What the files of a type begin with.
_HEADS: Mapping[str, bytes] = {
    "video/mp4": b"\0\0\0\x18ftypisom\0\0\0\0",
    "image/png": _PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/webp": b"RIFF\xff\xff\0\0WEBP",
}
_SCRIPT = "globalThis.pwned=1"
_PAGES = (
    f"<!doctype html><html><body><script>{_SCRIPT}</script></body></html>".encode(),
    f'<svg xmlns="http://www.w3.org/2000/svg" onload="{_SCRIPT}"></svg>'.encode(),
)
_PACKED = {"content-encoding": "gzip"}
#: Types as which a browser runs what is in a file.
_RUN = ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml")

# --- A page in a file ----------------------------------------------------------------------------


def calls_a_page_a_film(scene: Scene) -> bool:
    """A page and a drawing with a script in it, said to be a film or a picture."""
    return any(
        _runs(scene, key)
        for kind in _HEADS
        for page in _PAGES
        if (key := _put(scene, kind, page)) is not None
    )


def hides_a_page_in_a_film(scene: Scene) -> bool:
    """The same, behind the first bytes of what it is said to be."""
    kept = [_put(scene, kind, head + page) for kind, head in _HEADS.items() for page in _PAGES]
    assert all(kept), "it is taken for a film"
    return any(_runs(scene, key) for key in kept if key)


def _runs(scene: Scene, key: str) -> bool:
    """Whether a browser that opens the file runs it as a page of this site."""
    answer = httpx.get(_here(scene, scene.media.url(key)))
    assert answer.status_code == 200, answer.text
    kind = answer.headers.get("content-type", "").partition(";")[0]
    policy = answer.headers.get("content-security-policy", "")
    is_caged = "sandbox" in policy and "allow-scripts" not in policy
    is_guessed = answer.headers.get("x-content-type-options") != "nosniff"
    return (kind in _RUN or is_guessed) and not is_caged


# --- More than was said --------------------------------------------------------------------------


def uploads_more_than_it_said(scene: Scene) -> bool:
    """In one piece, in two, and as a body without a length; nothing of it is to stay."""
    film = _HEADS["video/mp4"] + bytes(2**20)
    ways = [_swells(scene, 1000, [film]), _swells(scene, 1000, [film[:999], film[999:2000]])]
    target = _target(scene, "image/png")
    limit = 10 * 2**20
    picture = iter([_PNG, *[bytes(2**20)] * (limit // 2**20)])
    answer = httpx.put(_here(scene, target.url), content=picture, headers=target.headers)
    ways.append(answer.status_code < 400 or _size(scene, target.key) > limit)
    return any(ways)


def _swells(scene: Scene, said: int, pieces: list[bytes]) -> bool:
    """Whether a resumable upload of `said` bytes becomes longer than that."""
    target = scene.media.upload_target(_key(scene, "videos-final", "mp4"), "video/mp4")
    place = _begun(scene, target, said)
    starts = accumulate(map(len, pieces), initial=0)
    sent = [_patch(place, start, piece) for start, piece in zip(starts, pieces, strict=False)]
    received = int(httpx.head(place).headers.get("upload-offset", "0"))
    return sent[-1].status_code < 400 or received > said or _size(scene, target.key) > said


# --- Smaller than it is --------------------------------------------------------------------------


def packs_its_bodies(scene: Scene) -> bool:
    """Bodies by gzip, which say the length that they have when they are packed."""
    event = {"fn_index": config(scene.ann, "/app/")["dependencies"][0]["id"], "data": []}
    said = json.dumps(event | {"session_hash": uuid4().hex}).encode() + b" " * 2**22
    answers = [
        scene.ann.client.post(
            f"/app/{JOIN}",
            content=gzip.compress(said),
            headers={"origin": scene.site, "content-type": "application/json"} | _PACKED,
        )
    ]
    target = _target(scene, "image/png")
    picture = gzip.compress(_PNG + bytes(2**22))
    headers = {**target.headers, **_PACKED}
    answers.append(httpx.put(_here(scene, target.url), content=picture, headers=headers))
    film = gzip.compress(_HEADS["video/mp4"] + bytes(2**22))
    resumable = scene.media.upload_target(_key(scene, "videos-final", "mp4"), "video/mp4")
    place = _begun(scene, resumable, 2**23)
    answers.append(_patch(place, 0, film, **_PACKED))
    return any(answer.status_code < 400 for answer in answers)


def explodes_in_a_worker(scene: Scene) -> bool:
    """Pictures of a hundred bytes that say that they are 50000 pixels wide and high."""
    keys = [_put(scene, kind, picture) for kind, picture in _bombs()]
    assert all(keys), "the app takes a picture for what it is"
    ends = [httpx.get(f"{scene.site}/healthz/picture/{key}", timeout=60) for key in keys]
    return any(one.json()["ended"] != "refused" for one in ends)


def _bombs() -> Iterator[tuple[str, bytes]]:
    side = 50_000
    yield (
        "image/png",
        b"".join(
            (
                _PNG,
                _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
                _chunk(b"IDAT", zlib.compress(bytes(3 * side + 1))),
                _chunk(b"IEND", b""),
            )
        ),
    )
    small = io.BytesIO()
    Image.new("RGB", (8, 8)).save(small, "JPEG")
    yield (
        "image/jpeg",
        small.getvalue().replace(
            struct.pack(">BHH", 8, 8, 8), struct.pack(">BHH", 8, side, side), 1
        ),
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# --- How files come in and go out ----------------------------------------------------------------


def _put(scene: Scene, kind: str, content: bytes) -> str | None:
    """Upload it as a whole; its key, None when it was refused."""
    target = _target(scene, kind)
    answer = httpx.put(_here(scene, target.url), content=content, headers=target.headers)
    return target.key if answer.status_code < 300 else None


def _target(scene: Scene, kind: str) -> UploadTarget:
    """A link for a file of that type, to where it comes in one piece."""
    bucket = "system-assets" if kind == "video/mp4" else "videos-preview"
    return scene.media.upload_target(_key(scene, bucket, "bin"), kind)


def _begun(scene: Scene, target: UploadTarget, length: int) -> str:
    """Where the pieces go of a resumable upload of that length."""
    answer = httpx.post(_here(scene, target.url), headers={"upload-length": str(length)})
    assert answer.status_code == 201, answer.text
    return _here(scene, answer.headers["location"])


def _patch(place: str, offset: int, piece: bytes, **more: str) -> httpx.Response:
    headers = {"upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
    return httpx.patch(place, content=piece, headers=headers | more)


def _key(scene: Scene, bucket: str, ending: str) -> str:
    """A place for a file of one of Ann's jobs."""
    return f"{bucket}/{scene.ann_id}/{scene.job.id}/a1/{uuid4()}.{ending}"


def _size(scene: Scene, key: str) -> int:
    try:
        with scene.media.open(key) as file:
            return len(file.read())
    except NotAllowed:
        return 0


def _here(scene: Scene, url: str) -> str:
    """The same address on the app that is attacked: signatures are of the path and the query."""
    return scene.site + httpx.URL(url).raw_path.decode()
