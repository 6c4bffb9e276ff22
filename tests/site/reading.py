"""An address where a picture is read as a worker reads it, with little memory: for attacks."""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path

from fastapi import APIRouter

from ourvidz.backends.embedded.local_media import LocalMedia
from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.images import load_image

#: What a picture of the largest size that is taken needs, a few times over.
_ROOM_BYTES = 2**30
_ENDS = ("read", "refused", "out of memory")


def add(router: APIRouter, media: LocalMedia) -> None:
    """GET /healthz/picture/{key} says how it ended."""

    def read(key: str) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "picture")
            media.get(key, path)
            return {"ended": _ENDS[_in_a_child(path)]}

    router.add_api_route("/healthz/picture/{key:path}", read, methods=["GET"])


def _in_a_child(path: Path) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(_end_of_reading(path))
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _end_of_reading(path: Path) -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = pages * resource.getpagesize() + _ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    try:
        load_image(path)
    except InvalidRequest as error:
        return 2 if isinstance(error.__cause__, MemoryError) else 1
    return 0
