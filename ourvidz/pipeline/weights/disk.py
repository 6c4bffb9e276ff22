"""The disk that models are kept on: whether there is room, and what to do when there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ourvidz.domain.errors import Unavailable

_GIB = 2**30


def check_room(need_bytes: int, models_dir: Path, instead: str) -> int:
    """Bytes that are free at `models_dir`, which is made if need be.

    instead: what takes less disk. Raises Unavailable("disk") when `need_bytes` are not free.
    """
    with writable(models_dir):
        models_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(models_dir).free
    if free < need_bytes:
        raise Unavailable(
            "disk",
            f"{need_bytes / _GIB:.1f} GiB are needed and {free / _GIB:.1f} GiB are free at "
            f"{models_dir}; free some, set OURVIDZ_HOME to a larger disk, or {instead}",
        )
    return free


@contextmanager
def writable(models_dir: Path) -> Iterator[None]:
    """What the disk refuses inside becomes Unavailable("disk")."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "disk",
            f"{models_dir} can not be written ({error.strerror or error}); free some space or set "
            "OURVIDZ_HOME, then run the same command again: it goes on where it stopped",
        ) from error
