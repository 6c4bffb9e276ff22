"""Whether a folder of weights is whole as far as it tells itself: without digests, in no time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from safetensors import SafetensorError, safe_open

#: How the list of a sharded component's files ends.
INDEX = ".safetensors.index.json"
#: Weights in one file, as diffusers and transformers call them.
_WHOLE = ("diffusion_pytorch_model.safetensors", "model.safetensors")
_SHARD = re.compile(r"(diffusion_pytorch_model|model)-\d{5}-of-\d{5}\.safetensors")
#: A folder with one of these has weights, whoever reads them.
_WEIGHTS = (".safetensors", ".bin", ".gguf", INDEX)


def read_by_loaders(names: Iterable[str], shards: frozenset[str]) -> frozenset[str]:
    """Of the files of a folder those that a loader reads; `shards` are what its index names.

    A repository may hold the same weights a second time, whole or in another format.

    >>> names = ["config.json", "model.safetensors", "consolidated.safetensors"]
    >>> sorted(read_by_loaders(names, frozenset()))
    ['config.json', 'model.safetensors']
    """
    names = frozenset(names)
    weights = frozenset(name for name in names if name.endswith(".safetensors"))
    read = shards or weights & {*_WHOLE}
    return names - weights | read if read else names


def shards_of(folder: Path) -> frozenset[str] | None:
    """The files that an index in `folder` names, none without one; None if it can not be read."""
    index = next(folder.glob(f"*{INDEX}"), None)
    if index is None:
        return frozenset()
    try:
        return frozenset(map(str, json.loads(index.read_text())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def lacking(folder: Path) -> Iterator[str]:
    """Names of files in `folder` that a loader would miss, or find cut or unreadable.

    Only JSON files and heads are read: other content takes digests to find.
    """
    names = {path.name for path in folder.iterdir()}
    shards = shards_of(folder)
    if shards is None:
        yield from sorted(name for name in names if name.endswith(INDEX))
    # Without an index a loader takes one whole file; shards alone are half of what was published.
    alone = {} if shards or names & {*_WHOLE} else {
        name: found[1] for name in names if (found := _SHARD.fullmatch(name))
    }  # fmt: skip
    if shards is not None:
        yield from sorted({f"{stem}{INDEX}" for stem in alone.values()})
    for name in sorted(read_by_loaders(names, shards or frozenset(alone))):
        if not _reads(folder / name):
            yield name
    if "config.json" in names:
        yield from _lacking_beside(folder / "config.json", names)
    elif shards or alone or names & {*_WHOLE}:
        yield "config.json"


def _lacking_beside(config: Path, names: set[str]) -> Iterator[str]:
    """The configuration itself, or the weights of the class that it names."""
    try:
        found = dict(json.loads(config.read_text()))
    except (OSError, ValueError, TypeError):
        yield config.name
        return
    named = [one for one in ("_class_name", "architectures") if one in found]
    if named and not any(name.endswith(_WEIGHTS) for name in names):
        yield _WHOLE[0] if named[0] == "_class_name" else _WHOLE[1]


def _reads(path: Path) -> bool:
    """Whether JSON is JSON, a GGUF file begins as one, and safetensors are as long as they say."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt"):
                return True
        if path.suffix == ".gguf":
            with path.open("rb") as file:
                return file.read(4) == b"GGUF"
        if path.suffix == ".json" and path.name != "config.json" and not path.name.endswith(INDEX):
            json.loads(path.read_bytes())
        return True
    except (OSError, ValueError, SafetensorError):
        return False
