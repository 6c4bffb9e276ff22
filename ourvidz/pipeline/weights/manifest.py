"""What a folder of weights must hold: written beside them, checked byte by byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

NAME = "manifest.json"
_CHUNK_BYTES = 4 * 2**20

#: Called with the number of bytes that were just read or received. It may raise to stop.
OnBytes = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file as it lies here. origin: digest of the hub's file it was made of."""

    bytes: int
    sha256: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A folder's files by name, of one commit of a repository, in one format."""

    repository: str
    revision: str
    precision: str
    files: dict[str, Entry] = field(default_factory=dict[str, Entry])

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest in `folder`, or None where there is none that can be read."""
        try:
            found = json.loads((folder / NAME).read_text())
            files = {name: Entry(**entry) for name, entry in found.pop("files").items()}
            return cls(**found, files=files)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, folder: Path) -> None:
        """Put it into `folder`, whole or not at all."""
        draft = folder / f".{NAME}"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(folder / NAME)

    def damaged(self, folder: Path, on_bytes: OnBytes = lambda count: None) -> Iterator[str]:
        """Names of files in `folder` that are missing, unreadable or not what they should be."""
        for name, entry in self.files.items():
            if not _holds(folder / name, entry, on_bytes):
                yield name


def _holds(path: Path, entry: Entry, on_bytes: OnBytes) -> bool:
    try:
        has_size = path.is_file() and path.stat().st_size == entry.bytes
        return has_size and sha256_of(path, on_bytes) == entry.sha256
    except OSError:
        return False


def sha256_of(path: Path, on_bytes: OnBytes = lambda count: None) -> str:
    """SHA-256 of a file, in hex."""
    return _digest(path, hashlib.sha256(), on_bytes)


def git_digest_of(path: Path) -> str:
    """The name that git gives a file's content, in hex: how the hub knows its small files.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     git_digest_of(Path(file.name))
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    head = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    return _digest(path, head, lambda count: None)


def _digest(path: Path, digest: hashlib._Hash, on_bytes: OnBytes) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            on_bytes(len(chunk))
    return digest.hexdigest()
