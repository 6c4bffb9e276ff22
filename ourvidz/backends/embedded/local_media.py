"""Media in a folder of this machine, served by the app under signed links."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from ourvidz.backends.embedded.arrivals import Incoming, storage_errors
from ourvidz.backends.embedded.links import Link, Right, Signer
from ourvidz.backends.embedded.shelf import Shelf
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.media import HEAD_BYTES, UploadTarget, check_file, sniff, split_key

#: How long a worker may take to upload one file.
UPLOAD_S = 2 * 3600
#: Files of buckets that take more than this are sent in pieces that can be resumed.
RESUMABLE_ABOVE_BYTES = 64 * 2**20
_COPY_BYTES = 2**20


class LocalMedia:
    """`ports.Media` in the folder `root`; several processes may use it at once.

    secret: what links are signed with, the same in all of them. public_url: where the app is
    reached. now: a clock, seconds of the epoch.
    """

    def __init__(
        self, root: Path, secret: bytes, public_url: str, *, now: Callable[[], float] = time.time
    ) -> None:
        self._signer = Signer(secret, public_url, now)
        self._shelf = Shelf(root)
        self.arrivals = self._shelf.arrivals

    def put(self, key: str, path: Path, content_type: str) -> None:
        """See `ports.Media`."""
        with _given(path) as source:
            check_file(key, content_type, os.fstat(source.fileno()).st_size)
            with self.incoming(key, content_type) as file:
                while chunk := source.read(_COPY_BYTES):
                    file.write(chunk)
                self.commit(file, key)

    def get(self, key: str, path: Path) -> None:
        """See `ports.Media`."""
        part = path.with_name(f".{token_hex(8)}.part")
        try:
            with self.open(key) as source, storage_errors(), part.open("wb") as file:
                shutil.copyfileobj(source, file, _COPY_BYTES)
            with storage_errors():
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def url(self, key: str, *, expires_s: int = 300, download: str | None = None) -> str:
        """See `ports.Media`."""
        self.open(key).close()
        expires = self._signer.expiry(expires_s)
        return self._signer.url(
            Link(right="GET", key=key, expires=expires, download=download or "")
        )

    def upload_target(self, key: str, content_type: str) -> UploadTarget:
        """See `ports.Media`."""
        check_file(key, content_type, 1)
        limit_bytes = split_key(key)[0].max_bytes
        right: Right = "TUS" if limit_bytes > RESUMABLE_ABOVE_BYTES else "PUT"
        link = Link(
            right=right,
            key=key,
            expires=self._signer.expiry(UPLOAD_S),
            content_type=content_type,
            limit_bytes=limit_bytes,
        )
        return UploadTarget(
            key=key,
            method=right.lower(),
            url=self._signer.url(link),
            headers={"content-type": content_type} if right == "PUT" else {},
        )

    def delete(self, keys: Sequence[str]) -> None:
        """See `ports.Media`."""
        for key in keys:
            split_key(key)
        for key in keys:
            self._shelf.delete(key)

    def keys(self, prefix: str) -> list[str]:
        """See `ports.Media`."""
        if not prefix.endswith("/"):
            raise InvalidRequest("prefix", 'must end with "/"')
        return sorted(self._shelf.keys(prefix))

    # What the app's routes need beside the port: the other end of the links.

    def link(self, right: Right, key: str, query: Mapping[str, str]) -> Link:
        """What a request's link allows; NotAllowed when it is forged or expired."""
        return self._signer.read(right, key, query)

    def sign(self, link: Link) -> str:
        """The link in full."""
        return self._signer.url(link)

    def open(self, key: str) -> BinaryIO:
        """The file of `key`, for reading; NotAllowed when there is none."""
        return self._shelf.open(key)

    def incoming(self, key: str, content_type: str) -> Incoming:
        """A new file for `key`: write it, then `commit` it."""
        self._shelf.path(key)
        return self.arrivals.new(content_type, split_key(key)[0].max_bytes)

    def commit(self, file: Incoming, key: str) -> None:
        """Make what came in the file of `key`, at once and for good."""
        file.commit(self._shelf.path(key))


def type_of(file: BinaryIO) -> str:
    """The content type that the first bytes of an open file speak of."""
    head = os.pread(file.fileno(), HEAD_BYTES, 0)
    return sniff(head) or "application/octet-stream"


def _given(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidRequest("file", f"can not be read ({reason}); give another") from error
