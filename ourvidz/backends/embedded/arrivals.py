"""Files on their way in: whatever is killed when, nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable
from ourvidz.domain.media import HEAD_BYTES, check_content

#: Seconds after which an unfinished upload is given up.
STALE_S = 3 * 3600


class Incoming:
    """A file on its way in: write it, then `commit`. Without that it leaves no trace.

    file: open for writing and reading. stays: keep what was written so far for the next try.
    The first bytes must speak of `content_type`, and no more than `limit_bytes` may come.
    """

    def __init__(
        self,
        file: BinaryIO,
        part: Path,
        content_type: str,
        limit_bytes: int,
        *,
        stays: bool = False,
    ) -> None:
        self._file, self._part, self._stays = file, part, stays
        self._content_type, self._limit_bytes = content_type, limit_bytes
        self._head = os.pread(file.fileno(), HEAD_BYTES, 0)
        self.size_bytes = file.seek(0, os.SEEK_END)

    def write(self, chunk: bytes | memoryview) -> None:
        """Add bytes; InvalidRequest when they are too many or of another type."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._limit_bytes:
            raise InvalidRequest(
                "file", f"has more than {self._limit_bytes} bytes; make it smaller"
            )
        if len(self._head) < HEAD_BYTES:
            self._head += bytes(chunk[: HEAD_BYTES - len(self._head)])
            if len(self._head) == HEAD_BYTES:
                check_content(self._content_type, self._head)
        with storage_errors():
            self._file.write(chunk)

    def commit(self, target: Path) -> None:
        """Make it the file at `target`, at once and for good."""
        if not self.size_bytes:
            raise InvalidRequest("file", "is empty; send it again")
        check_content(self._content_type, self._head)
        with storage_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            _place(self._part, target)

    def __enter__(self) -> Incoming:
        """The file itself."""
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Close it, and forget it unless it was committed or stays."""
        is_refused = error is not None and issubclass(error, InvalidRequest)
        # The lock goes with the closing, so the name goes first.
        if is_refused or not self._stays:
            self._part.unlink(missing_ok=True)
        with contextlib.suppress(OSError) if error else storage_errors():
            self._file.close()


class Arrivals:
    """The folder of unfinished files. What a killed process left behind is swept away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._sweep()

    def new(self, content_type: str, limit_bytes: int) -> Incoming:
        """A file that is gone unless it is committed."""
        part = self._folder / f"put-{token_hex(16)}"
        with storage_errors():
            return Incoming(_locked(part, os.O_CREAT), part, content_type, limit_bytes)

    def begin(self) -> str:
        """The name of a new resumable upload; given up after `STALE_S` seconds without a piece."""
        self._sweep()
        name = token_hex(16)
        with storage_errors():
            self._part(name).touch(mode=0o600)
        return name

    def resume(self, name: str, content_type: str, limit_bytes: int) -> Incoming:
        """Upload `name` where it stopped.

        NotAllowed when it is complete, given up or was never begun, Unavailable while another
        request writes to it.
        """
        part = self._part(name)
        if self.received(name) is None:
            raise NotAllowed("This upload is complete. Send nothing more.")
        with storage_errors():
            return Incoming(_locked(part), part, content_type, limit_bytes, stays=True)

    def finish(self, name: str) -> None:
        """Remember that `name` is complete, for a sender who never got the answer."""
        with storage_errors():
            self._done(name).touch(mode=0o600)

    def received(self, name: str) -> int | None:
        """Bytes of upload `name` so far; None when it is complete.

        NotAllowed when it was never begun.
        """
        try:
            return self._part(name).stat().st_size
        except FileNotFoundError:
            if self._done(name).exists():
                return None
            raise NotAllowed("This upload was not begun. Begin it again.") from None

    def _sweep(self) -> None:
        for part in self._folder.iterdir():
            _sweep(part)

    def _part(self, name: str) -> Path:
        return self._folder / f"tus-{name}"

    def _done(self, name: str) -> Path:
        return self._folder / f"done-{name}"


def _sweep(part: Path) -> None:
    """Remove an unfinished file whose writer is dead, or an upload that nobody goes on with."""
    with contextlib.suppress(BlockingIOError, FileNotFoundError), part.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        age_s = time.time() - part.stat().st_mtime
        if part.name.startswith("put-") or age_s > STALE_S:
            part.unlink()


def _locked(path: Path, flags: int = 0) -> BinaryIO:
    """Open and lock a file: no sweep takes it for a dead writer's, no two requests write to it."""
    for _ in range(10):
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            if not flags:
                raise
            time.sleep(0.01)  # A sweep has it, for a moment.
            continue
        if _is_at(file, path):
            return file
        file.close()  # Swept, or complete, between opening and locking.
    raise BlockingIOError(errno.EWOULDBLOCK, "Another request writes to it")


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _make_folder(folder: Path) -> None:
    """With its parents; `Path.mkdir` would make those readable by everyone."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _place(part: Path, target: Path) -> None:
    for _ in range(10):
        try:
            _make_folder(target.parent)
            part.replace(target)
            break
        except FileNotFoundError:
            continue  # Someone deleted the folder's last file and the folder with it.
    else:
        raise FileNotFoundError(errno.ENOENT, "The folder vanishes again and again")
    with contextlib.suppress(FileNotFoundError):  # The file may be deleted already.
        folder = os.open(target.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def storage_errors() -> Generator[None]:
    """Turn what the operating system says into Unavailable("storage")."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "storage",
            f"a file could not be read or written ({error.strerror or error}). Nothing half is "
            "kept; free some space where OurVidz keeps its files, then try again.",
        ) from error
