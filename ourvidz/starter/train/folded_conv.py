"""Causal 3-D convolution for training the Wan VAE on a CPU, the way this CPU does quickest.

On CPUs bf16 `conv3d` can give non-finite weight gradients and fp32 falls into a slow path. The sum
over temporal taps of `conv2d` on the frames folded into the batch is the same function. With AMX,
`conv3d` itself is quicker than that sum if channels lie last in memory (`benchmarks/LOG.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d
from torch import nn

from ourvidz.starter.train.numbers import quick

_stock_conv3d: Callable[..., torch.Tensor] = WanCausalConv3d.forward


def folded_conv3d(
    conv: WanCausalConv3d, x: torch.Tensor, cache_x: torch.Tensor | None = None
) -> torch.Tensor:
    """What `conv(x, cache_x)` computes. x: (B, C, T, H, W); returns (B, C', T', H', W').

    Frames before the start are zero, so taps that only see them are skipped.
    """
    past: int = _padding(conv)[4]
    if cache_x is not None and past > 0:
        x = torch.cat([cache_x, x], dim=2)
        past -= cache_x.shape[2]
    taps, stride = conv.kernel_size[0], conv.stride[0]
    length = (x.shape[2] + past - taps) // stride + 1
    out: torch.Tensor | None = None
    for tap in reversed(range(taps)):
        first = max(0, -(-(past - tap) // stride))
        count = length - first
        if count <= 0:
            continue
        begin = first * stride + tap - past
        y = _conv2d(conv, x[:, :, begin : begin + (count - 1) * stride + 1 : stride], tap)
        if out is None:
            out = y
        else:
            out = out + F.pad(y, (0, 0, 0, 0, length - count, 0)) if count < length else out + y
    if out is None:
        raise ValueError("the convolution sees no frame at all")
    return out if conv.bias is None else out + conv.bias.to(out.dtype)[:, None, None, None]


def _conv2d(conv: WanCausalConv3d, x: torch.Tensor, tap: int) -> torch.Tensor:
    batch, channels, frames, height, width = x.shape
    flat = x.transpose(1, 2).reshape(batch * frames, channels, height, width)
    pad = (_padding(conv)[2], _padding(conv)[0])
    y = F.conv2d(flat, conv.weight[:, :, tap], None, (conv.stride[1], conv.stride[2]), pad)
    return y.view(batch, frames, *y.shape[1:]).transpose(1, 2)


def _padding(conv: WanCausalConv3d) -> tuple[int, ...]:
    """(left, right, top, bottom, past, future)."""
    padding: Any = conv._padding
    return padding


def native_conv3d(
    conv: WanCausalConv3d, x: torch.Tensor, cache_x: torch.Tensor | None = None
) -> torch.Tensor:
    """What `conv(x, cache_x)` computes; one frame without a past in two dimensions."""
    if cache_x is None and x.shape[2] == 1 and conv.stride[0] == 1:
        y = _conv2d(conv, x, conv.kernel_size[0] - 1)
        return y if conv.bias is None else y + conv.bias.to(y.dtype)[:, None, None, None]
    return _stock_conv3d(conv, x, cache_x)


def channels_last(model: nn.Module) -> None:
    """Lay the kernels of `model` out, in place, as `native_conv3d` is fast with."""
    for part in model.modules():
        if isinstance(part, nn.Conv3d):
            part.weight.data = part.weight.data.to(memory_format=torch.channels_last_3d)
        elif isinstance(part, nn.Conv2d):
            part.weight.data = part.weight.data.to(memory_format=torch.channels_last)


@contextmanager
def quick_convolutions(*models: nn.Module) -> Iterator[None]:
    """Inside, every Wan VAE convolves by the quicker way; `models` are laid out for it."""
    native = native_pays()
    if native:
        for model in models:
            channels_last(model)
    WanCausalConv3d.forward = native_conv3d if native else folded_conv3d  # type: ignore[method-assign]
    try:
        yield
    finally:
        WanCausalConv3d.forward = _stock_conv3d  # type: ignore[method-assign]


@cache
def native_pays() -> bool:
    """Whether torch's own convolution is quicker here, with gradients that are numbers."""
    conv = WanCausalConv3d(64, 64, 3, padding=1).to(quick("cpu"))
    channels_last(conv)
    x = torch.randn(1, 64, 4, 32, 56, dtype=conv.weight.dtype, requires_grad=True)
    past = torch.randn(1, 64, 2, 32, 56, dtype=conv.weight.dtype)

    def seconds(way: Callable[..., torch.Tensor]) -> float:
        conv.zero_grad()
        begin = perf_counter()
        way(conv, x, past).square().mean().backward()
        return perf_counter() - begin

    ways = (folded_conv3d, native_conv3d)
    folded, native = (min(seconds(way) for _ in range(3)) for way in ways)
    gradient = conv.weight.grad  # the native one's
    return native < folded and gradient is not None and bool(gradient.isfinite().all())
