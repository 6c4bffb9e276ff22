"""A transformer's weights from a GGUF file that a user brings along.

diffusers holds them packed as they are and unpacks each layer for each pass.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers import GGUFQuantizationConfig
from diffusers.quantizers.gguf.utils import SUPPORTED_GGUF_QUANT_TYPES, dequantize_gguf_tensor
from gguf import GGMLQuantizationType, GGUFReader
from torch import nn

from ourvidz.domain.dims import TransformerDims
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import BITS, IN_FILES, Precision
from ourvidz.pipeline.given import is_file

_PLAIN = (GGMLQuantizationType.F32, GGMLQuantizationType.F16, GGMLQuantizationType.BF16)
#: Names of what diffusers holds in 32 bits whatever the file has: its own, and those of Wan's code.
_IN_FP32 = frozenset({
    "time_embedder", "scale_shift_table", "norm1", "norm2", "norm3", "time_embedding", "modulation",
})  # fmt: skip
#: A layer that every transformer of this kind begins with.
_FIRST = "patch_embedding.weight"
#: Share of a file's parameters to those of its model, up to which it may hold more.
_STRAY = 1.01
_USE = "use one in Q4_K_S, Q5_K_M or Q8_0"


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A GGUF file with so many parameters, whose weights take `bytes` when they are loaded.

    precision: the format that is nearest to it.
    """

    path: Path
    precision: Precision
    parameters: int
    bytes: int


def look_into(path: Path) -> Packed:
    """What is in a file; raises InvalidRequest("transformer") for what is no transformer's."""
    if not is_file(path):
        raise InvalidRequest("transformer", f"there is no file {path}; give one, as FILE.gguf")
    try:
        tensors = GGUFReader(path).tensors
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise InvalidRequest(
            "transformer", f"{path} is no GGUF file ({error}); give a transformer's, as FILE.gguf"
        ) from error
    if not any(one.name.endswith(_FIRST) for one in tensors):
        raise InvalidRequest("transformer", f"{path} holds no transformer of Wan; {_USE}")
    kinds = {one.tensor_type for one in tensors} - {*_PLAIN, *SUPPORTED_GGUF_QUANT_TYPES}
    if kinds:
        names = ", ".join(sorted(kind.name for kind in kinds))
        raise InvalidRequest("transformer", f"{path} is in {names}, which is not read; {_USE}")
    count = sum(int(one.n_elements) for one in tensors)
    bits = 8 * sum(min(int(one.n_bytes), 2 * int(one.n_elements)) for one in tensors) / count
    formats: tuple[Precision, ...] = (*IN_FILES, "bf16")
    nearest = min(formats, key=lambda one: abs(BITS[one] - bits))
    held = sum(_held_bytes(one) for one in tensors)
    return Packed(path=path, precision=nearest, parameters=count, bytes=held)


def _held_bytes(tensor: Any) -> int:
    """Of a file's tensor when it is loaded for a card."""
    if _IN_FP32 & {*tensor.name.split(".")}:
        return 4 * int(tensor.n_elements)
    return 2 * int(tensor.n_elements) if tensor.tensor_type in _PLAIN else int(tensor.n_bytes)


def formats_of(
    packed: Packed | None, formats: tuple[Precision, ...] | None
) -> tuple[Precision, ...] | None:
    """The formats that plans may use beside this file, or without one.

    Raises InvalidRequest("quantization") for those that only a file has.
    """
    if packed is None:
        for one in formats or ():
            if one in IN_FILES:
                raise InvalidRequest(
                    "quantization", f"{one} comes as a file; give it with --transformer FILE.gguf"
                )
        return formats
    if formats:
        raise InvalidRequest("quantization", "is the file's own; leave it out beside one")
    return (packed.precision,)


def load_packed(
    cls: Any, file: Packed, dims: TransformerDims, folder: Path | None, dtype: torch.dtype
) -> nn.Module:
    """The transformer in `file`, on the CPU.

    folder: with its config.json; None takes the shape from the catalog's `dims`. Raises
    InvalidRequest("transformer") for a file of another model.
    """
    with TemporaryDirectory() as made:
        if folder is None:
            folder = Path(made)
            (folder / "config.json").write_text(json.dumps(dims.config))
        try:
            module = cls.from_single_file(
                str(file.path),
                config=str(folder),
                dtype=dtype,
                quantization_config=GGUFQuantizationConfig(compute_dtype=dtype),
                local_files_only=True,
            )
        except (ValueError, KeyError, RuntimeError, AttributeError) as error:
            raise _of_another(file) from error
    held = [*module.parameters()]
    count = sum(math.prod(getattr(one, "quant_shape", one.shape)) for one in held)
    # What a model has no place for is left out by diffusers, with a warning.
    if any(one.is_meta for one in held) or file.parameters > count * _STRAY:
        raise _of_another(file)
    _unpack_all_but_linear(module, dtype)
    return module


def _unpack_all_but_linear(module: nn.Module, dtype: torch.dtype) -> None:
    """diffusers packs what is packed in the file, but only its linear layers can read that."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            continue
        for name, one in list(layer.named_parameters(recurse=False)):
            if hasattr(one, "quant_type"):
                values = dequantize_gguf_tensor(one).to(dtype)
                setattr(layer, name, nn.Parameter(values, requires_grad=False))


def _of_another(file: Packed) -> InvalidRequest:
    return InvalidRequest(
        "transformer",
        f"{file.path} does not fit this model; choose the one it was made of with --model",
    )
