"""Whether what lies here is what was published: every byte where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from safetensors import SafetensorError, safe_open

from ourvidz.domain.family import Source
from ourvidz.pipeline.finding import locate
from ourvidz.pipeline.weights.manifest import Manifest, OnBytes, git_digest_of, sha256_of
from ourvidz.pipeline.weights.quantized import format_of_file, is_sound, kept

_SHA256_DIGITS, _GIT_DIGITS = 64, 40


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """state of one source. says: what was looked at, or what is wrong with which files."""

    source: Source
    state: Literal["sound", "damaged", "missing"]
    says: str


def verify(
    source: Source, models_dir: Path | None, on_bytes: OnBytes = lambda count: None
) -> Verdict:
    """Check the files of one source: against its manifest, else as far as they tell themselves.

    The hub's cache names files by their digest. Of others the header must fit the length, which
    finds cut files.
    """
    folder = locate(source, models_dir)
    if folder is None:
        return Verdict(source=source, state="missing", says="is not on this machine")
    manifest = Manifest.read(folder)
    if manifest is not None:
        damaged = [*manifest.damaged(folder, on_bytes)]
        checked = f"{len(manifest.files)} files as in {manifest.revision[:12]}"
    else:
        damaged, checked = [*_unlike_themselves(folder, on_bytes)], "complete, no manifest"
    if damaged:
        says = f"damaged in {folder}: {', '.join(damaged)}"
        return Verdict(source=source, state="damaged", says=says)
    return Verdict(source=source, state="sound", says=checked)


def verify_kept(
    source: Source, models_dir: Path, on_bytes: OnBytes = lambda count: None
) -> Iterator[Verdict]:
    """Check every file of quantized weights that was made of one source."""
    for path in kept(source, models_dir):
        precision = format_of_file(path)
        if is_sound(path, on_bytes):
            yield Verdict(source=source, state="sound", says=f"kept in {precision}")
        else:
            says = f"{path} is damaged; the next load in {precision} makes it anew"
            yield Verdict(source=source, state="damaged", says=says)


def _unlike_themselves(folder: Path, on_bytes: OnBytes) -> Iterator[str]:
    for path in sorted(folder.glob("*")):
        name = path.resolve().name if path.is_symlink() else ""
        if len(name) == _SHA256_DIGITS:
            is_sound = sha256_of(path, on_bytes) == name
        elif len(name) == _GIT_DIGITS:
            is_sound = git_digest_of(path) == name
        else:
            is_sound = path.suffix != ".safetensors" or _is_whole(path)
        if not is_sound:
            yield path.name


def _is_whole(path: Path) -> bool:
    try:
        with safe_open(path, framework="pt"):
            return True
    except (OSError, SafetensorError):
        return False
