"""Models that other programs have downloaded: the hub's own cache on this machine as an origin."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Source
from ourvidz.pipeline.finding import locate
from ourvidz.pipeline.weights.hub import INDEX, PATTERNS, Listing, RemoteFile, read_by_loaders
from ourvidz.pipeline.weights.manifest import OnBytes, git_digest_of, sha256_of


class Cache:
    """Files as `huggingface_hub` keeps them: each is a link to a blob named by its digest."""

    def listing(self, source: Source, only: str = "") -> Listing:
        """The files of a source that are in the cache; see `Origin`."""
        folder = locate(source, file=only)
        if folder is None:
            raise Unavailable(
                f"{source.name}/{source.folder}".rstrip("/"),
                "is not in the hub's cache on this machine; use `ourvidz models pull`",
            )
        found = [only] if only else [path.name for path in _matching(folder)]
        read = {only} if only else read_by_loaders(found, _shards(folder))
        files = tuple(_described(folder / name, source) for name in found if name in read)
        depth = len(source.folder.split("/")) if source.folder else 0
        revision = [folder, *folder.parents][depth].name
        return Listing(source=source, revision=revision, files=files)

    def fetch(self, listing: Listing, file: RemoteFile, path: Path, on_bytes: OnBytes) -> None:
        """Copy one file; see `Origin`."""
        folder = locate(listing.source, file=file.name)
        blob = folder / file.name if folder else path
        if not blob.is_file() or _digest(blob, file) != file.digest:
            raise Unavailable(
                f"{file.path} of {listing.source.name}",
                "is damaged in the hub's cache; delete it there, or use `ourvidz models pull`",
            )
        shutil.copyfile(blob, path)
        on_bytes(file.bytes)


def _matching(folder: Path) -> list[Path]:
    return sorted(path for pattern in PATTERNS for path in folder.glob(pattern))


def _shards(folder: Path) -> frozenset[str]:
    index = next(folder.glob(f"*{INDEX}"), None)
    return frozenset(json.loads(index.read_text())["weight_map"].values() if index else ())


def _described(path: Path, source: Source) -> RemoteFile:
    name = f"{source.folder}/{path.name}" if source.folder else path.name
    blob = path.resolve()
    return RemoteFile(path=name, bytes=blob.stat().st_size, digest=blob.name)


def _digest(blob: Path, file: RemoteFile) -> str:
    return sha256_of(blob) if len(file.digest) == 64 else git_digest_of(blob)
