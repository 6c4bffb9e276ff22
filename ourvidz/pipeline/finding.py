"""Where a model's files are on this machine, and what tells them from others."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import diffusers
import transformers
from huggingface_hub import try_to_load_from_cache

from ourvidz.domain.family import Source
from ourvidz.pipeline.weights.manifest import Manifest

#: Weights files up to this size are fingerprinted by content; larger ones by their revision.
_FINGERPRINTED_BYTES = 64 * 2**20
#: The fingerprint of weights that nothing tells apart.
UNPINNED = "unpinned"


def locate(source: Source, models_dir: Path | None = None, file: str = "") -> Path | None:
    """The folder of a source on this machine, with `file` in it, or None; nothing is downloaded.

    Looked for in `models_dir`/name/folder, then in the installed package or the hub's cache.

    >>> locate(Source(kind="package", name="no_such_package")) is None
    True
    """
    places = [models_dir / source.name / source.folder] if models_dir else []
    if source.kind == "package":
        spec = find_spec(source.name)
        places += [
            Path(p) / source.folder for p in (spec and spec.submodule_search_locations) or ()
        ]
    else:
        for known in (file,) if file else ("config.json", "tokenizer_config.json"):
            name = f"{source.folder}/{known}" if source.folder else known
            found = try_to_load_from_cache(source.name, name, revision=source.revision)
            places += [Path(found).parent] if isinstance(found, str) else []
    return next((place for place in places if any(place.glob(file or "*"))), None)


def component_class(folder: Path) -> Any:
    """The diffusers or transformers class that a folder's config.json names.

    Raises OSError when there is none, ValueError when it names no class that is installed.
    """
    text = (folder / "config.json").read_text()
    try:
        config = json.loads(text)
        of_diffusers = "_class_name" in config
        name = str(config["_class_name"] if of_diffusers else config["architectures"][0])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError("its config.json is damaged: it names no class") from error
    library = diffusers if of_diffusers else transformers
    if not hasattr(library, name):
        raise ValueError(f"{library.__name__} {library.__version__} has no {name}")
    return getattr(library, name)


def fingerprint(source: Source, models_dir: Path | None = None, file: str = "") -> str:
    """What tells these weights from others: their revision, else 12 digits of their SHA-256.

    file: the only one that counts, "" for all weights of the folder.
    """
    folder = locate(source, models_dir, file)
    if folder and (manifest := Manifest.read(folder)):
        return manifest.revision
    if folder and (commit := re.search(r"/snapshots/([0-9a-f]{40})(/|$)", folder.as_posix())):
        return commit[1]  # in the hub's cache
    files = sorted(folder.glob(file or "*.safetensors")) if folder else []
    if source.revision or any(one.stat().st_size > _FINGERPRINTED_BYTES for one in files):
        return source.revision or UNPINNED
    digest = hashlib.sha256()
    for one in files:
        digest.update(one.read_bytes())
    return digest.hexdigest()[:12]
