"""Tiled decoding equals diffusers' own, in the memory of one tile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLWan

from ourvidz.domain.errors import Cancelled
from ourvidz.pipeline.decode import as_uint8, decode_frames
from ourvidz.pipeline.encode import latent_statistics
from tests.tiny import tiny_vae
from tests.vace import tiny_wan_vae


def tiled(vae: AutoencoderKLWan) -> AutoencoderKLWan:
    """Tiles of 64 px, 48 px apart."""
    vae.enable_tiling(64, 64, 48, 48)
    return vae


def latents(vae: AutoencoderKLWan, frames: int = 3) -> torch.Tensor:
    config: Any = vae.config
    cells = (128 // config.scale_factor_spatial, 160 // config.scale_factor_spatial)
    source = torch.Generator().manual_seed(3)
    return torch.randn(1, config.z_dim, frames, *cells, generator=source)


@pytest.mark.parametrize("make", [tiny_vae, tiny_wan_vae])
def test_frames_equal_those_of_the_librarys_own_tiling(make: Any) -> None:
    vae = tiled(make())
    mean, std = latent_statistics(vae)
    with torch.inference_mode():
        whole = vae.decode(latents(vae) * std + mean, return_dict=False)[0]
    chunks = list(decode_frames(vae, latents(vae)))
    assert [len(chunk) for chunk in chunks] == [1, 4, 4]
    difference = np.abs(np.concatenate(chunks).astype(int) - as_uint8(whole).astype(int))
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 0.001


def test_the_decoder_never_sees_more_than_one_tile() -> None:
    vae = tiled(tiny_wan_vae())
    seen: list[torch.Size] = []
    vae.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[-2:]))
    list(decode_frames(vae, latents(vae)))
    assert max(shape[0] for shape in seen) == max(shape[1] for shape in seen) == 8


def test_a_picture_of_one_tile_is_decoded_frame_by_frame() -> None:
    vae = tiny_wan_vae()
    small = latents(vae)[..., :8, :8]
    plain = list(decode_frames(vae, small))
    ours = list(decode_frames(tiled(vae), small))
    assert all(np.array_equal(a, b) for a, b in zip(plain, ours, strict=True))


def test_after_each_tile_it_can_be_stopped() -> None:
    vae = tiled(tiny_wan_vae())
    done: list[tuple[int, int]] = []

    def on_tile(tile: int, tiles: int) -> None:
        done.append((tile, tiles))
        if tile == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        next(decode_frames(vae, latents(vae), on_tile))
    assert done == [(1, 12), (2, 12)]
