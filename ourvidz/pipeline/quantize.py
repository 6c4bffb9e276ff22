"""Linear layers in 8 and 4 bits, in place of those of a module that is loaded already.

8-bit layers multiply in 8 bits: each row of the input gets its own scale when it arrives, each
row of the weight had one before. They need nothing but torch, hold plain tensors and so move,
stream and compile as any other layer does. 4-bit layers are bitsandbytes' and only save memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Precision
from ourvidz.pipeline.budget.memory import INT8_ROWS

_FP8_MAX = torch.finfo(torch.float8_e4m3fn).max
_INT8_MAX = 127.0
#: cuBLAS multiplies int8 matrices only from so many rows on.
_LEAST_ROWS = 32
#: Layers that stay as they are: what is sensitive (the timestep, UMT5's `wo`) and the last one.
_KEPT = frozenset({"time_embedder", "wo", "lm_head"})
_LAST = "proj_out"
#: Layers by the name of their class, and their format.
_LAYERS = (
    ("Fp8Linear", "fp8"), ("Int8Linear", "int8"), ("Linear4bit", "nf4"), ("GGUFLinear", "gguf"),
)  # fmt: skip


class Fp8Linear(nn.Module):
    """A linear layer of 8-bit floats, for cards that multiply them (compute capability 8.9)."""

    weight: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linear: nn.Linear, device: torch.device) -> None:
        super().__init__()
        weight, scale = _scaled(linear.weight.detach().to(device), _FP8_MAX)
        _hold(self, weight.to(torch.float8_e4m3fn), scale, linear)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., in) to (..., out), in the input's dtype."""
        rows, scale = _scaled(x.flatten(0, -2).contiguous(), _FP8_MAX)  # cards refuse columns
        rows = rows.to(torch.float8_e4m3fn)  # the 16-bit ones are gone before the product comes
        return _finished(fp8_product(rows, scale, self.weight, self.scale), self.bias, x)


class Int8Linear(nn.Module):
    """A linear layer of 8-bit integers."""

    weight: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linear: nn.Linear, device: torch.device) -> None:
        super().__init__()
        weight, scale = _scaled(linear.weight.detach().to(device), _INT8_MAX)
        _hold(self, weight.round().to(torch.int8), scale, linear)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., in) to (..., out), in the input's dtype."""
        rows = x.flatten(0, -2).contiguous()
        y = x.new_empty(len(rows), len(self.weight))
        for start in range(0, len(rows), INT8_ROWS):
            some = slice(start, start + INT8_ROWS)
            y[some] = self._rows(rows[some])
        return _finished(y, self.bias, x)

    def _rows(self, x: torch.Tensor) -> torch.Tensor:
        rows, scale = _scaled(x, _INT8_MAX)
        rows = F.pad(rows.round_().to(torch.int8), (0, 0, 0, max(0, _LEAST_ROWS - len(x))))
        sums = torch._int_mm(rows, self.weight.t())[: len(x)]
        return (sums * scale).mul_(self.scale.t()).to(x.dtype)


def fp8_product(
    rows: torch.Tensor, scale: torch.Tensor, weight: torch.Tensor, weight_scale: torch.Tensor
) -> torch.Tensor:
    """Rows (n, in) by a weight (out, in), each of 8-bit floats with scales (..., 1): bf16."""
    return torch._scaled_mm(
        rows,
        weight.t(),
        scale_a=scale,
        scale_b=weight_scale.t(),
        out_dtype=torch.bfloat16,
        use_fast_accum=rows.is_cuda,
    )


def quantize(module: nn.Module, precision: Precision, device: torch.device) -> None:
    """Replace the linear layers of `module`; each is converted on `device`.

    precision: "fp8", "int8" or "nf4"; "bf16" and "fp32" change nothing. Raises Unavailable for
    formats that are files of their own.
    """
    if precision in ("bf16", "fp32"):
        return
    if precision not in _MAKERS:
        raise Unavailable(
            f"format {precision}",
            f"can not be made while loading; use one of {', '.join(_MAKERS)}",
        )
    make = _MAKERS[precision]
    for name, linear in list(quantizable(module)):
        module.set_submodule(name, make(linear, device))


def quantizable(module: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """The linear layers that formats reach and none has reached yet, by name."""
    for name, layer in module.named_modules():
        if not isinstance(layer, nn.Linear) or type(layer).__name__ in dict(_LAYERS):
            continue
        if name != _LAST and not _KEPT & {*name.split(".")}:
            yield name, layer


def format_of(component: Any) -> str:
    """Format of a component's large weights: "fp8", "int8", "nf4", "gguf", else its dtype's name
    or "".

    >>> format_of(torch.nn.Linear(2, 2)), format_of("no module")
    ('float32', '')
    """
    if not isinstance(component, nn.Module):
        return ""
    layers = {type(layer).__name__ for layer in component.modules()}
    for layer, name in _LAYERS:
        if layer in layers:
            return name
    dtype = getattr(component, "dtype", None) or next(component.parameters()).dtype
    return str(dtype).removeprefix("torch.")


def _nf4(linear: nn.Linear, device: torch.device) -> nn.Module:
    from bitsandbytes.nn import Linear4bit, Params4bit  # slow to import, and seldom needed

    layer = Linear4bit(
        linear.in_features,
        linear.out_features,
        bias=linear.bias is not None,
        compute_dtype=linear.weight.dtype,
        compress_statistics=True,
        quant_type="nf4",
        device="meta",
    )
    made: Any = Params4bit  # its arguments are hidden from type checkers
    layer.weight = made(
        linear.weight.detach(), requires_grad=False, compress_statistics=True, quant_type="nf4"
    )
    layer.bias = linear.bias
    return layer.to(device)  # moving it is what quantizes it


_MAKERS: Mapping[Precision, Callable[[nn.Linear, torch.device], nn.Module]] = MappingProxyType(
    {"fp8": Fp8Linear, "int8": Int8Linear, "nf4": _nf4}
)


def _scaled(rows: torch.Tensor, largest: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows whose largest value is `largest`, and what to multiply them by: (n, 1) float32."""
    scale = rows.abs().amax(dim=-1, keepdim=True).float().clamp(min=1e-12) / largest
    scale = scale.to(rows.dtype)  # as it divides, so it multiplies
    # In place: at 720p another copy of the rows would be two gigabytes.
    return (rows / scale).clamp_(-largest, largest), scale.float()


def _hold(module: nn.Module, weight: torch.Tensor, scale: torch.Tensor, linear: nn.Linear) -> None:
    # Buffers, so that the dtype of the model stays that of its parameters.
    where = linear.weight.device
    module.register_buffer("weight", weight.to(where))
    module.register_buffer("scale", scale.to(where))
    module.register_buffer("bias", None if linear.bias is None else linear.bias.detach())


def _finished(y: torch.Tensor, bias: torch.Tensor | None, x: torch.Tensor) -> torch.Tensor:
    y = y.to(x.dtype)
    if bias is not None:
        y += bias
    return y.unflatten(0, x.shape[:-1])
