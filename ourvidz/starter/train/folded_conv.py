"""Causal 3-D convolution as a sum of 2-D ones, for training the Wan VAE on a CPU.

On CPUs bf16 `conv3d` can give non-finite weight gradients and fp32 falls into a slow path.
The sum over temporal taps of `conv2d` on the frames folded into the batch is the same function.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d


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


@contextmanager
def folded_convolutions() -> Iterator[None]:
    """Inside this block every Wan VAE convolves by `folded_conv3d`."""
    stock = WanCausalConv3d.forward
    WanCausalConv3d.forward = folded_conv3d  # type: ignore[method-assign]
    try:
        yield
    finally:
        WanCausalConv3d.forward = stock  # type: ignore[method-assign]
