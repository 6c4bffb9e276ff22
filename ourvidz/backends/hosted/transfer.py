"""Files over HTTP in constant memory, going on where a dropped connection stopped them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

import httpx

from ourvidz.backends.hosted.line import Gone, Interrupted, Line
from ourvidz.domain.errors import InvalidRequest, NotAllowed, Unavailable
from ourvidz.domain.media import HEAD_BYTES, UploadTarget, check_content, check_file

#: Supabase takes pieces of exactly this size; only the last may be smaller.
PIECE_BYTES = 6 * 2**20
_COPY_BYTES = 2**18


def check_upload(key: str, path: Path, content_type: str) -> None:
    """Raise InvalidRequest when the bucket of `key` takes no such file."""
    try:
        with path.open("rb") as file:
            check_file(key, content_type, os.fstat(file.fileno()).st_size)
            check_content(content_type, file.read(HEAD_BYTES))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidRequest("file", f"can not be read ({reason}); give another") from error


def upload(line: Line, target: UploadTarget, path: Path) -> None:
    """Send a file to where `target` says.

    NotAllowed when the right to do so has ended, InvalidRequest when the file is refused,
    Unavailable when the server does not answer for long.
    """
    with path.open("rb") as file:
        if target.method == "tus":
            _ResumableUpload(line, target, file).send()
        else:
            _put(line, target, file)


def download(line: Line, url: str, path: Path) -> None:
    """Fetch `url` to `path`, which appears complete or not at all. Raises as `upload` does."""
    part = path.with_name(f".{token_hex(8)}.part")
    try:
        with part.open("w+b") as file:
            _Download(line, url, file).fetch()
        part.replace(path)
    except OSError as error:
        raise Unavailable(
            "disk",
            f"{path} can not be written ({error.strerror or error}). Free some space or choose "
            "another folder.",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _put(line: Line, target: UploadTarget, file: BinaryIO) -> None:
    size = os.fstat(file.fileno()).st_size
    headers = {**target.headers, "content-length": str(size)}

    def once() -> None:
        line.request("PUT", target.url, headers=headers, content=_bytes(file, 0, size))

    try:
        line.patiently(once, lambda: 0)
    except Gone as error:
        raise NotAllowed(f"The storage has no place for {target.key}.") from error


def _bytes(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    """`size` bytes from `start` on, little by little: requests are kept longer than one thinks."""
    file.seek(start)
    while size and (some := file.read(min(size, _COPY_BYTES))):
        size -= len(some)
        yield some


class _Download:
    def __init__(self, line: Line, url: str, file: BinaryIO) -> None:
        self._line, self._url, self._file = line, url, file
        self._etag = ""

    def fetch(self) -> None:
        try:
            self._line.patiently(self._go_on, self._file.tell)
        except Gone as error:
            raise NotAllowed("There is no such file, or it has expired.") from error

    def _go_on(self) -> None:
        # Not compressed, or the offsets would be those of another file.
        headers = {"accept-encoding": "identity"}
        if self._etag and (done := self._file.tell()):
            headers |= {"range": f"bytes={done}-", "if-range": self._etag}
        with self._line.stream("GET", self._url, headers=headers) as response:
            if response.status_code != 206:
                self._file.truncate(self._file.seek(0))
            self._etag = response.headers.get("etag", "")
            if response.status_code == 416:
                self._etag = ""
                raise Interrupted("the file has changed")
            for chunk in response.iter_raw(_COPY_BYTES):
                self._file.write(chunk)


class _ResumableUpload:
    """The TUS protocol: create, send pieces, and after a failure ask where it stands."""

    def __init__(self, line: Line, target: UploadTarget, file: BinaryIO) -> None:
        self._line, self._target, self._file = line, target, file
        self._size = os.fstat(file.fileno()).st_size
        self._address, self._offset = "", 0

    def send(self) -> None:
        self._line.patiently(self._go_on, lambda: self._offset)

    def _go_on(self) -> None:
        try:
            if self._address:
                self._ask("HEAD", {}, None)
            else:
                self._create()
            while self._offset < self._size:
                self._send_piece()
        except Gone as error:
            self._address = ""
            raise Interrupted("the upload was forgotten") from error

    def _create(self) -> None:
        headers = {"upload-length": str(self._size)}
        response = self._request("POST", self._target.url, headers, None)
        location = response.headers.get("location")
        if not location:
            raise Interrupted("the upload was not created")
        self._address, self._offset = str(response.url.join(location)), 0

    def _send_piece(self) -> None:
        size = min(PIECE_BYTES, self._size - self._offset)
        headers = {
            "upload-offset": str(self._offset),
            "content-type": "application/offset+octet-stream",
            "content-length": str(size),
        }
        self._ask("PATCH", headers, _bytes(self._file, self._offset, size))

    def _ask(self, method: str, headers: dict[str, str], piece: Iterator[bytes] | None) -> None:
        """One request that says, or changes, how much the server has."""
        response = self._request(method, self._address, headers, piece)
        text = response.headers.get("upload-offset", "")
        if not (text.isdecimal() and int(text) <= self._size):
            raise Interrupted("the server does not say where the upload stands")
        self._offset = int(text)

    def _request(
        self, method: str, url: str, headers: dict[str, str], piece: Iterator[bytes] | None
    ) -> httpx.Response:
        headers = {"tus-resumable": "1.0.0", **self._target.headers, **headers}
        return self._line.request(method, url, headers=headers, content=piece)
