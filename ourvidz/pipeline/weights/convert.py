"""From the format that weights were published in to the one they run in, a shard at a time.

Published Wan repositories hold fp32. Kept in bf16 they take half the disk and half the time to
load, and give the same tensors: a component is cast to bf16 when it is loaded, but for what its
class keeps in fp32, which stays so here as well.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import diffusers
import torch
from safetensors import safe_open

from ourvidz.domain.errors import Unavailable
from ourvidz.pipeline.finding import component_class
from ourvidz.pipeline.weights.disk import write_tensors
from ourvidz.pipeline.weights.whole import INDEX

#: Components that run in bf16. An autoencoder runs in fp32 on a GPU, so it stays as it came.
_IN_BF16 = ("transformer", "text_encoder", "image_encoder")


def format_of(component: str) -> str:
    """Format in which a component is kept: "bf16", or "original".

    >>> format_of("transformer"), format_of("vae")
    ('bf16', 'original')
    """
    return "bf16" if component in _IN_BF16 else "original"


def place(original: Path, target: Path, precision: str) -> None:
    """Make `target` of `original` in another folder, which then is gone.

    The folder of `target` already holds its config.json, and all shards when this is the index.
    """
    if original.name.endswith(INDEX):
        _write_index(original, target)
    elif precision == "bf16" and original.suffix == ".safetensors":
        to_bf16(original, target, kept_in_fp32(target.parent))
    else:
        shutil.move(original, target)
    original.unlink(missing_ok=True)


def to_bf16(original: Path, target: Path, keep: frozenset[str]) -> None:
    """Cast a safetensors file; `keep` names the modules whose fp32 tensors stay.

    Needs the memory of the result.
    """
    tensors: dict[str, torch.Tensor] = {}
    with safe_open(original, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 - not a dict
            tensor = file.get_tensor(name)
            cast = tensor.dtype in (torch.float32, torch.float16) and not keep & {*name.split(".")}
            tensors[name] = tensor.to(torch.bfloat16) if cast else tensor
    draft = target.with_name(f".{target.name}")
    write_tensors(tensors, draft, {"format": "pt"})
    draft.replace(target)


def kept_in_fp32(folder: Path) -> frozenset[str]:
    """Parts of tensor names that the class of a component never casts to bf16.

    transformers' classes keep theirs only from fp16. Raises Unavailable for a class that the
    installed libraries do not have.
    """
    if not (folder / "config.json").exists():
        return frozenset()
    try:
        cls = component_class(folder)
    except ValueError as error:
        raise Unavailable(
            str(folder), f"{error}; install the pinned versions of diffusers and transformers"
        ) from error
    ours = issubclass(cls, diffusers.ModelMixin)
    return frozenset(cls._keep_in_fp32_modules or ()) if ours else frozenset()


def _write_index(original: Path, target: Path) -> None:
    index = json.loads(original.read_text())
    shards = {target.with_name(name) for name in index["weight_map"].values()}
    index.setdefault("metadata", {})["total_size"] = sum(map(_tensor_bytes, shards))
    target.write_text(json.dumps(index, indent=2) + "\n")


def _tensor_bytes(path: Path) -> int:
    with path.open("rb") as file:
        head = int.from_bytes(file.read(8), "little")
    return path.stat().st_size - 8 - head
