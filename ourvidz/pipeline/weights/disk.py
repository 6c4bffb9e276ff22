"""The disk that models are kept on: whether there is room, and what to do when there is none."""

from __future__ import annotations

import errno
import fcntl
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from ourvidz.domain.errors import Unavailable

_MIB, _GIB = 2**20, 2**30
_FULL = (errno.ENOSPC, errno.EDQUOT)


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
            f"{_amount(need_bytes, math.ceil)} are needed and {_amount(free, math.floor)} are free "
            f"at {models_dir}; free some, set OURVIDZ_HOME to a larger disk, or {instead}",
        )
    return free


@contextmanager
def writable(models_dir: Path) -> Iterator[None]:
    """What the disk refuses inside becomes Unavailable("disk")."""
    try:
        yield
    except OSError as error:
        advice = "free some space" if error.errno in _FULL else "make it a writable folder"
        raise Unavailable(
            "disk",
            f"{error.filename or models_dir} can not be written ({error.strerror or error}); "
            f"{advice} or set OURVIDZ_HOME, then run the same command again: it goes on where it "
            "stopped",
        ) from error


@contextmanager
def alone(where: Path) -> Iterator[None]:
    """Nobody else writes the file or folder inside; raises Unavailable while another process does.

    Where the disk knows no locks, nobody is kept out.
    """
    handle = os.open(where, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise Unavailable(
            str(where),
            "another process is fetching these weights; wait until it ends, then run the same "
            "command again",
        ) from error
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(handle)


def write_tensors(
    tensors: Mapping[str, torch.Tensor], path: Path, metadata: Mapping[str, str]
) -> None:
    """Write a safetensors file, or nothing; raises OSError, also for what the library calls else.

    Its own error of a full disk is no OSError and tells the number in words.
    """
    try:
        save_file(dict(tensors), path, metadata=dict(metadata))
    except (OSError, SafetensorError) as error:
        path.unlink(missing_ok=True)
        number = re.search(r"os error (\d+)", str(error))
        if isinstance(error, SafetensorError) and number:
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
        raise OSError(str(error)) from error


def _amount(count: int, rounded: Callable[[float], int]) -> str:
    """Bytes for people; what little there is is not called none.

    >>> _amount(3 * 2**20 - 1, math.ceil), _amount(5 * 2**30, math.floor)
    ('3 MiB', '5.0 GiB')
    """
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{rounded(count / _MIB)} MiB"
