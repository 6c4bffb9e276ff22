"""Files by key under one folder, which no key and no symbolic link leaves."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ourvidz.backends.embedded.arrivals import Arrivals, storage_errors
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.media import split_key

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)


class Shelf:
    """The folder, made if missing. arrivals: the way in."""

    def __init__(self, root: Path) -> None:
        with storage_errors():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._root = root.resolve()
            # No key can name it: names never begin with a dot.
            self.arrivals = Arrivals(self._root / ".incoming")

    def path(self, key: str) -> Path:
        """Where the file of `key` lies or would lie.

        InvalidRequest for what is no key, NotAllowed when a symbolic link leads elsewhere.
        """
        split_key(key)
        path = self._root / key
        if path.resolve() != path:
            raise missing()
        return path

    def open(self, key: str) -> BinaryIO:
        """The file of `key`, for reading; NotAllowed when there is none."""
        path = self.path(key)
        with storage_errors():
            try:
                # Not blocking: a pipe in the place of a file would wait for its writer.
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                fd = os.open(path, flags)
            except OSError as error:
                if error.errno in _GONE:
                    raise missing() from None
                raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise missing()
        return os.fdopen(fd, "rb")

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below `prefix`, "bucket/folder/"."""
        top = self.path(f"{prefix}x").parent
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(self._root).as_posix()

    def delete(self, key: str) -> None:
        """Remove a file, and the folders that are empty then; one that is gone is no error."""
        path = self.path(key)
        with storage_errors():
            if not path.is_file():
                return
            path.unlink(missing_ok=True)
        for folder in list(path.parents)[: key.count("/") - 1]:
            try:
                folder.rmdir()
            except OSError:
                return


def missing() -> NotAllowed:
    """The one answer for files that are gone, were never there or are not files."""
    return NotAllowed("There is no such file, or it has expired. Reload the page.")
