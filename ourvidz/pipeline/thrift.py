"""Modules in few bits that are made once: from what was kept of them, without a 16-bit copy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from torch import nn

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Precision
from ourvidz.pipeline.quantize import quantize
from ourvidz.pipeline.weights.quantized import Shelf

log = logging.getLogger(__name__)

_META = torch.device("meta")


def kept_or_made(
    make: Callable[[], nn.Module], empty: Callable[[], nn.Module], shelf: Shelf
) -> nn.Module:
    """The quantized module that `make` gives, or the same from the shelf, to the bit.

    empty: gives the module before quantizing, with shapes instead of parameters. What had to be
    made is kept for the next time, where the disk has room.
    """
    tensors = shelf.read()
    if tensors and (module := _filled(empty(), shelf.recipe.precision, tensors)):
        return module
    module = make()
    try:
        shelf.keep(_state_of(module))
    except Unavailable as error:
        log.warning("quantized weights are made anew next time: %s", error)
    return module


def skeleton(cls: Any, folder: Path, dtype: torch.dtype) -> nn.Module:
    """What `cls.from_pretrained(folder)` gives, with shapes instead of parameters."""
    with _by_default(dtype), init_empty_weights():
        if hasattr(cls, "load_config"):  # a class of diffusers
            return cls.from_config(cls.load_config(folder, local_files_only=True))
        return cls(cls.config_class.from_pretrained(folder, local_files_only=True))


def _state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """All tensors by name; those that share their memory once."""
    seen: set[int] = set()
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in module.state_dict().items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            tensors[name] = tensor.cpu().contiguous()
    return tensors


def _filled(
    module: nn.Module, precision: Precision, tensors: Mapping[str, torch.Tensor]
) -> nn.Module | None:
    """The module with these tensors; None where they are not its own."""
    quantize(module, precision, _META)
    rest = {**tensors}
    try:
        if precision == "nf4":
            _fill_nf4(module, rest)
        found = module.load_state_dict(rest, strict=False, assign=True)
        if hasattr(module, "tie_weights"):
            module.tie_weights()  # type: ignore[operator]
    except (RuntimeError, KeyError, ValueError) as error:
        log.warning("quantized weights of another layout are made anew: %s", error)
        return None
    empty = [one for one in (*module.parameters(), *module.buffers()) if one.is_meta]
    return None if empty or found.unexpected_keys else module


def _fill_nf4(module: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Give bitsandbytes' layers their weights, which are then gone from `tensors`."""
    from bitsandbytes.nn import Linear4bit, Params4bit  # slow to import, and seldom needed

    for name, layer in module.named_modules():
        if isinstance(layer, Linear4bit):
            key = f"{name}.weight"
            scales = {one: tensors.pop(one) for one in [*tensors] if one.startswith(f"{key}.")}
            made: Any = Params4bit  # its arguments are hidden from type checkers
            layer.weight = made.from_prequantized(
                tensors.pop(key), scales, device="cpu", module=layer
            )


@contextmanager
def _by_default(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
