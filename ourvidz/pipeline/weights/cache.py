"""Models that other programs have downloaded: the hub's own cache on this machine as an origin."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Source
from ourvidz.pipeline.finding import locate
from ourvidz.pipeline.weights.hub import PATTERNS, Listing, RemoteFile
from ourvidz.pipeline.weights.manifest import OnBytes, git_digest_of, sha256_of
from ourvidz.pipeline.weights.whole import lacking, read_by_loaders, shards_of

_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_INSTEAD = "or use `ourvidz models pull`"


class Cache:
    """Files as `huggingface_hub` keeps them: each is a link to a blob named by its digest."""

    def listing(self, source: Source, only: str = "") -> Listing:
        """The files of a source that are in the cache; see `Origin`."""
        folder = locate(source, file=only)
        where = f"{source.name}/{source.folder}".rstrip("/")
        if folder is None:
            raise Unavailable(
                where, "is not in the hub's cache on this machine; use `ourvidz models pull`"
            )
        if not only and (missing := [*lacking(folder)]):
            raise Unavailable(
                f"{where} in the hub's cache",
                f"{', '.join(missing)} missing or cut; let the program that fetches it end first, "
                f"{_INSTEAD}",
            )
        found = [only] if only else [path.name for path in _matching(folder)]
        read = {only} if only else read_by_loaders(found, shards_of(folder) or frozenset())
        files = tuple(_described(folder / name, source) for name in found if name in read)
        depth = len(source.folder.split("/")) if source.folder else 0
        revision = [folder, *folder.parents][depth].name
        return Listing(source=source, revision=revision, files=files)

    def fetch(self, listing: Listing, file: RemoteFile, path: Path, on_bytes: OnBytes) -> None:
        """Copy one file; see `Origin`."""
        folder = locate(listing.source, file=file.name)
        blob = folder / file.name if folder else path
        if _digest(blob, file) != file.digest:
            raise Unavailable(
                f"{file.path} of {listing.source.name}",
                f"is damaged in the hub's cache ({blob.resolve()}); delete it there and fetch it "
                f"again, {_INSTEAD}",
            )
        shutil.copyfile(blob, path)
        on_bytes(file.bytes)


def _matching(folder: Path) -> list[Path]:
    return sorted(path for pattern in PATTERNS for path in folder.glob(pattern))


def _described(path: Path, source: Source) -> RemoteFile:
    name = f"{source.folder}/{path.name}" if source.folder else path.name
    blob = path.resolve()
    if not blob.is_file():
        raise Unavailable(
            f"{name} of {source.name}",
            f"its link in the hub's cache leads nowhere; fetch it again there, {_INSTEAD}",
        )
    if not _DIGEST.fullmatch(blob.name):
        raise Unavailable(
            f"{name} of {source.name}",
            "is a plain file in the hub's cache, not a link to one that is named by its digest, so "
            f"nothing says whether it is right; copy the cache with its links, {_INSTEAD}",
        )
    return RemoteFile(path=name, bytes=blob.stat().st_size, digest=blob.name)


def _digest(blob: Path, file: RemoteFile) -> str:
    """Of a file's content; "" when it can not be read."""
    try:
        return sha256_of(blob) if len(file.digest) == 64 else git_digest_of(blob)
    except OSError:
        return ""
