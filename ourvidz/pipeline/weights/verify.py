"""Whether what lies here is what was published: every byte where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ourvidz.domain.family import Source
from ourvidz.pipeline.finding import locate
from ourvidz.pipeline.weights.manifest import Manifest, OnBytes, git_digest_of, sha256_of
from ourvidz.pipeline.weights.quantized import format_of_file, is_sound, kept
from ourvidz.pipeline.weights.whole import lacking

_SHA256_DIGITS, _GIT_DIGITS = 64, 40


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """state of one source. says: what was looked at, or what is wrong with which files.

    folder: where it lies, None when it is missing.
    """

    source: Source
    state: Literal["sound", "damaged", "missing"]
    says: str
    folder: Path | None = None


def verify(
    source: Source,
    models_dir: Path | None,
    on_bytes: OnBytes = lambda count: None,
    *,
    file: str = "",
) -> Verdict:
    """Check the files of one source: against its manifest, else as far as they tell themselves.

    The hub's cache names files by their digest. Of others only `lacking` tells. file: one that
    must be there, where a folder's own list does not name it.
    """
    folder = locate(source, models_dir, file)
    if folder is None:
        return Verdict(source=source, state="missing", says="is not on this machine")
    manifest = Manifest.read(folder)
    if manifest is not None:
        damaged = [*manifest.damaged(folder, on_bytes)]
        checked = f"{len(manifest.files)} files as in {manifest.revision[:12]}"
    else:
        found = {*lacking(folder), *_unlike_their_names(folder, on_bytes)}
        damaged, checked = sorted(found), "complete; no digests to check its content by"
    if damaged:
        says = f"missing or damaged in {folder}: {', '.join(damaged)}"
        return Verdict(source=source, state="damaged", says=says, folder=folder)
    return Verdict(source=source, state="sound", says=checked, folder=folder)


def verify_kept(
    source: Source, models_dir: Path, on_bytes: OnBytes = lambda count: None
) -> Iterator[Verdict]:
    """Check every file of quantized weights that was made of one source."""
    for path in kept(source, models_dir):
        precision = format_of_file(path)
        if is_sound(path, on_bytes):
            says = f"kept in {precision}"
            yield Verdict(source=source, state="sound", says=says, folder=path.parent)
        else:
            says = f"{path} is damaged; the next load in {precision} makes it anew"
            yield Verdict(source=source, state="damaged", says=says, folder=path.parent)


def _unlike_their_names(folder: Path, on_bytes: OnBytes) -> Iterator[str]:
    """Links to files that are named by a digest and hold something else, or nothing."""
    for path in folder.glob("*"):
        name = path.resolve().name if path.is_symlink() else ""
        try:
            if len(name) == _SHA256_DIGITS:
                is_sound = sha256_of(path, on_bytes) == name
            else:
                is_sound = len(name) != _GIT_DIGITS or git_digest_of(path) == name
        except OSError:
            is_sound = False
        if not is_sound:
            yield path.name
