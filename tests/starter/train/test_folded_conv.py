"""The quick convolutions are the stock one, with gradients that are numbers."""

from __future__ import annotations

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d

from ourvidz.starter.train.folded_conv import (
    channels_last,
    folded_conv3d,
    native_conv3d,
    quick_convolutions,
)
from tests.tiny import tiny_vae


@pytest.mark.parametrize("stride", [(1, 1, 1), (1, 2, 2), (2, 1, 1)])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("frames", [1, 2, 4, 5])
@pytest.mark.parametrize("cached", [0, 1, 2])
def test_a_quick_convolution_is_the_stock_convolution(
    stride: tuple[int, int, int], kernel: int, frames: int, cached: int
) -> None:
    torch.manual_seed(0)
    conv = WanCausalConv3d(3, 4, kernel, stride, padding=kernel // 2)
    x = torch.randn(2, 3, frames, 8, 6)
    cache = torch.randn(2, 3, cached, 8, 6) if cached else None
    expected = conv(x, cache)
    channels_last(conv)
    for way in (folded_conv3d, native_conv3d):
        found = way(conv, x, cache)
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, atol=1e-5)


def test_a_quick_vae_is_the_stock_vae_and_its_gradients_are_finite() -> None:
    model = tiny_vae()
    x = torch.rand(1, 3, 9, 64, 96) * 2 - 1
    stock = model.encode(x).latent_dist.mode()
    with quick_convolutions(model):
        z = model.encode(x).latent_dist.mode()
        y = model.decode(z).sample
    assert torch.allclose(z, stock, atol=1e-4)
    assert torch.allclose(y, model.decode(stock).sample, atol=1e-3)
    y.square().mean().backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients and all(g.isfinite().all() for g in gradients)
