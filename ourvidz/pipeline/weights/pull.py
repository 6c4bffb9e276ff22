"""Fetching a model: each file is downloaded, checked, converted and entered in the manifest.

A part's files gather in a draft folder, which becomes the part's home when all are there. So a
loader never sees half a model, and a stop at any moment costs the unfinished file's conversion.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ourvidz.domain.family import Source
from ourvidz.pipeline.weights.convert import place
from ourvidz.pipeline.weights.disk import alone, check_room, writable
from ourvidz.pipeline.weights.hub import Listing, RemoteFile
from ourvidz.pipeline.weights.manifest import NAME, Entry, Manifest, OnBytes, sha256_of
from ourvidz.pipeline.weights.parts import Part
from ourvidz.pipeline.weights.whole import INDEX

#: Where, in a draft, files lie as they come; some may be there in part.
_ORIGINALS = ".original"


class Origin(Protocol):
    """Where files come from: `Hub`, or `Cache` for what other programs have downloaded."""

    def listing(self, source: Source, only: str = "") -> Listing:
        """The files of a source. Raises Unavailable."""
        ...

    def fetch(self, listing: Listing, file: RemoteFile, path: Path, on_bytes: OnBytes) -> None:
        """Put one file, whole and checked, at `path`. Raises Unavailable."""
        ...


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What is missing of one part. held_bytes: what an earlier stop left of those files here."""

    part: Part
    listing: Listing
    missing: tuple[RemoteFile, ...]
    held_bytes: int = 0

    @property
    def fetch_bytes(self) -> int:
        """To be fetched."""
        return sum(file.bytes for file in self.missing)

    @property
    def kept_bytes(self) -> int:
        """Of the missing files in the format that they are kept in: all files shrink alike."""
        whole = sum(file.bytes for file in self.listing.files)
        return math.ceil(self.part.kept_bytes(whole) * self.fetch_bytes / max(1, whole))

    @property
    def passing_bytes(self) -> int:
        """Of the largest original, which lies beside what is kept for a while."""
        return max((file.bytes for file in self.missing), default=0)


def survey(parts: Sequence[Part], models_dir: Path, origin: Origin) -> tuple[Errand, ...]:
    """What is missing of `parts`; what is here is checked byte by byte first.

    Raises Unavailable when the origin can not say what belongs to a part.
    """
    errands: list[Errand] = []
    for part in parts:
        if _is_complete(part, models_dir):
            continue
        listing = origin.listing(part.source, part.only)
        kept = _kept(part, listing, models_dir)
        missing = tuple(file for file in _in_order(listing.files) if file.name not in kept.files)
        held = sum(_held(part.draft(models_dir) / _ORIGINALS / file.name) for file in missing)
        errands.append(Errand(part=part, listing=listing, missing=missing, held_bytes=held))
    return tuple(errands)


def check_disk(errands: Sequence[Errand], models_dir: Path) -> tuple[int, int]:
    """Bytes that are needed and that are free; raises Unavailable when they do not suffice."""
    kept = sum(errand.kept_bytes for errand in errands)
    passing = max((errand.passing_bytes for errand in errands), default=0)
    need = max(0, kept + passing - sum(errand.held_bytes for errand in errands))
    return need, check_room(need, models_dir, "pull one ability")


def pull(errand: Errand, models_dir: Path, origin: Origin, on_bytes: OnBytes) -> Path:
    """Fetch and convert what is missing; returns the part's complete home.

    Raises Unavailable; then, or when `on_bytes` raises, the next call goes on from there.
    """
    part, listing = errand.part, errand.listing
    draft, home = part.draft(models_dir), part.home(models_dir)
    if _is_complete(part, models_dir):  # by another process, since the survey
        return home
    with writable(models_dir):
        (draft / _ORIGINALS).mkdir(parents=True, exist_ok=True)
    with alone(draft), writable(models_dir):
        kept = _kept(part, listing, models_dir)
        _clear(draft, {_ORIGINALS, NAME, *kept.files})
        for file in _in_order([one for one in listing.files if one.name not in kept.files]):
            original, target = draft / _ORIGINALS / file.name, draft / file.name
            origin.fetch(listing, file, original, on_bytes)
            place(original, target, part.precision)
            entry = Entry(bytes=target.stat().st_size, sha256=sha256_of(target), origin=file.digest)
            kept = replace(kept, files={**kept.files, file.name: entry})
            kept.write(draft)
        shutil.rmtree(draft / _ORIGINALS)
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(home, ignore_errors=True)
        draft.replace(home)
    return home


def _is_complete(part: Part, models_dir: Path) -> bool:
    """Whether a part is at home and sound; if not, its sound files become a draft again."""
    home = part.home(models_dir)
    manifest = Manifest.read(home)
    if manifest is None or manifest.revision != (part.source.revision or manifest.revision):
        return False
    damaged = {*manifest.damaged(home)}
    if not damaged:
        return not part.only or part.only in manifest.files
    if Manifest.read(home) != manifest:  # another process took it apart while this one read it
        return False
    draft = part.draft(models_dir)
    with writable(models_dir):
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        home.replace(draft)
        sound = {name: one for name, one in manifest.files.items() if name not in damaged}
        replace(manifest, files=sound).write(draft)
    return False


def _kept(part: Part, listing: Listing, models_dir: Path) -> Manifest:
    """What the draft already holds of these very files; other drafts are of no use."""
    draft = part.draft(models_dir)
    fresh = Manifest(
        repository=part.source.name, revision=listing.revision, precision=part.precision
    )
    found = Manifest.read(draft)
    if found is None or replace(found, files={}) != fresh:
        return fresh
    digests = {file.name: file.digest for file in listing.files}
    same = {name: one for name, one in found.files.items() if digests.get(name) == one.origin}
    damaged = {*replace(found, files=same).damaged(draft)}
    return replace(found, files={name: one for name, one in same.items() if name not in damaged})


def _clear(draft: Path, but: set[str]) -> None:
    """Delete what a stopped conversion or another revision left: it would come along."""
    for path in draft.iterdir():
        if path.name in but:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _held(original: Path) -> int:
    """Bytes of a file, or of its part, that came before a stop."""
    found = [original, original.with_name(f"{original.name}.part")]
    return sum(path.stat().st_size for path in found if path.is_file())


def _in_order(files: Sequence[RemoteFile]) -> Iterator[RemoteFile]:
    """The configuration first: it names the class. The index last: it needs all shards."""
    yield from sorted(
        files, key=lambda file: (file.name.endswith(INDEX), file.name[-5:] != ".json", file.name)
    )
