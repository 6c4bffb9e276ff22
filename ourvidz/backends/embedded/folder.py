"""The data folder: who may start servers in it, and what their passwords are."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self

from ourvidz.domain.errors import Unavailable

#: As long as the slowest start that makes sense: recovery after a crash of a large database.
LOCK_WAIT_S = 120.0
_ROOM_BYTES = 2**20
#: Shortest limit of a socket's path among the systems we run on, less the longest socket's name.
_SOCKET_DIR_LIMIT = 103 - len("/.s.PGSQL.5432")


@dataclass(kw_only=True)
class Kept:
    """What must be remembered between two starts, in one file that only its owner can read.

    prepared: fingerprint of what the database was last prepared with.
    """

    passwords: dict[str, str] = field(default_factory=dict[str, str])
    prepared: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        """What was kept, or nothing yet."""
        if not path.exists():
            return cls()
        try:
            values: Mapping[str, Any] = json.loads(path.read_text())
            return cls(**values)
        except (OSError, ValueError, TypeError) as error:
            raise Unavailable(
                f"file {path}", f"can not be read ({error}); bring it back from a backup: it "
                "holds the only copy of the database's passwords"
            ) from error  # fmt: skip

    def write(self, path: Path) -> None:
        """Replace the file at once: a crash leaves the old one or the new one."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(vars(self), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise unusable(path.parent, error) from error


def make_folder(folder: Path) -> None:
    """Make a data folder if there is none. Raises Unavailable, saying what to do."""
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            # Root's servers run as another account, which must pass through.
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise unusable(folder, error) from error


def socket_folder(folder: Path, uid: int) -> Path:
    """Where the server of `folder`, run by `uid`, listens: inside, or where the path is short.

    It is the same in every life of the server, so an address that somebody holds stays good.
    """
    inside = folder / "socket"
    if len(os.fsencode(inside)) <= _SOCKET_DIR_LIMIT:
        return inside
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"ourvidz-{uid}-{name}"


@contextmanager
def locked(path: Path, *, wait_s: float = LOCK_WAIT_S) -> Generator[None]:
    """Hold the lock file `path`; it opens by itself when its holder dies.

    Raises Unavailable after `wait_s`, saying what the holder wrote into the file (or its pid).
    """
    try:
        file = path.open("a+")
    except OSError as error:
        raise unusable(path.parent, error) from error
    with file:
        deadline = monotonic() + wait_s
        while not _lock(file.fileno()):
            if monotonic() >= deadline:
                file.seek(0)
                raise Unavailable(f"folder {path.parent}", f"{file.read().strip()}")
            sleep(0.02)
        note(path, f"process {os.getpid()} is starting or stopping the servers; try again")
        yield


def note(path: Path, text: str) -> None:
    """Leave word in a lock file for those who find it locked; on a full disk there is none."""
    with suppress(OSError):
        path.write_text(text)


def is_full(folder: Path) -> bool:
    """Whether its disk has no room for a server; such a disk keeps no log that says so."""
    return shutil.disk_usage(folder).free < _ROOM_BYTES


def unusable(folder: Path, error: OSError) -> Unavailable:
    """What to say when a data folder can not be made or written."""
    return Unavailable(
        f"folder {folder}",
        f"can not be used ({error.strerror}); make room or make it writable, or choose another "
        "one (OURVIDZ_HOME, `ourvidz up --data DIR`)",
    )


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
