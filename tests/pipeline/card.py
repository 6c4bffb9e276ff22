"""A card that is not there: tensors without content that say they lie on one.

torch then asks of shapes, strides, formats and devices what it asks on a card.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

CARD = torch.device("cuda", 0)


@contextmanager
def pretended() -> Iterator[None]:
    """Inside, tensors on CARD can be made and computed with."""
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), _Plainly():
        yield


def moved(module: torch.nn.Module) -> torch.nn.Module:
    """`module` with all its tensors on CARD."""
    for part in module.modules():
        for name, one in [*part.named_parameters(recurse=False)]:
            part._parameters[name] = torch.nn.Parameter(_on_card(one), requires_grad=False)
        for name, one in [*part.named_buffers(recurse=False)]:
            part._buffers[name] = _on_card(one)
    return module


def _on_card(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=CARD)


class _Plainly(TorchFunctionMode):
    """What torch's Python asks the driver about first, done without it."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.Tensor.__getitem__:
            return _item(*args)
        if func is torch.Tensor.__setitem__:
            tensor, index, value = args
            torch.ops.aten.copy_.default(_item(tensor, index), value)
            return None
        if func is torch.Tensor.contiguous and not args[0].is_contiguous():
            return torch.clone(args[0], memory_format=torch.contiguous_format)
        if func is torch.Tensor.contiguous:
            return args[0]
        return func(*args, **(kwargs or {}))


def _item(tensor: torch.Tensor, index: Any) -> torch.Tensor:
    """tensor[index] for whole numbers, slices, None and an ellipsis."""
    parts = [*index] if isinstance(index, tuple) else [index]
    if Ellipsis in parts:
        at, used = parts.index(Ellipsis), sum(one is not None for one in parts) - 1
        parts[at : at + 1] = [slice(None)] * (tensor.ndim - used)
    dim = 0
    for part in parts:
        if isinstance(part, int):
            tensor = torch.select(tensor, dim, part)
            continue
        if part is None:
            tensor = torch.unsqueeze(tensor, dim)
        elif part != slice(None):
            cut = part.start, part.stop, part.step or 1
            tensor = torch.ops.aten.slice.Tensor(tensor, dim, *cut)
        dim += 1
    return tensor
