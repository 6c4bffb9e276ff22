"""Stage 3: latents become frames, one latent frame at a time.

`AutoencoderKLWan.decode` keeps the whole video in memory. Its decoder is causal, so the same
frames can flow to the encoder as they are made, in constant memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d, unpatchify

from ourvidz.pipeline.encode import TEMPORAL_FACTOR, latent_statistics
from ourvidz.pipeline.finite import finite
from ourvidz.pipeline.tiles import Grid, OnTile, decode_by_tiles

#: Width in latent cells of a live preview: enough to see what comes, cheap for every family.
PREVIEW_CELLS = 40


@torch.inference_mode()
def decode_frames(
    vae: AutoencoderKLWan,
    latents: torch.Tensor,
    on_tile: OnTile = lambda tile, tiles: None,
) -> Iterator[np.ndarray]:
    """Frames of normalised latents (1, C, T, h, w): chunks (1, H, W, 3), then (4, H, W, 3) uint8.

    Together they equal `vae.decode` of the whole. The VAE itself is not changed. When its tiling
    is on, pictures that are larger than a tile are decoded tile by tile before the first chunk
    comes; on_tile is called after each.

    Raises Unavailable at numbers that are not finite.
    """
    if vae.use_tiling and not Grid.of(vae).covers(latents):

        def decode(cells: torch.Tensor) -> Iterator[torch.Tensor]:
            return _decoded(vae, cells)

        frames = decode_by_tiles(vae, decode, as_uint8, latents, on_tile)
        yield frames[:1]
        for start in range(1, len(frames), TEMPORAL_FACTOR):
            yield frames[start : start + TEMPORAL_FACTOR]
        return
    config: Any = vae.config
    for video in _decoded(vae, latents):
        yield as_uint8(unpatchify(video, config.patch_size or 1))


def _decoded(vae: AutoencoderKLWan, latents: torch.Tensor) -> Iterator[torch.Tensor]:
    """What the decoder makes of one latent frame after the other."""
    mean, std = latent_statistics(vae)
    past: list[Any] = [None] * sum(isinstance(m, WanCausalConv3d) for m in vae.decoder.modules())
    for index in range(latents.shape[2]):
        latent = (latents[:, :, index : index + 1].to(vae.device) * std + mean).to(vae.dtype)
        video = vae.decoder(
            vae.post_quant_conv(latent), feat_cache=past, feat_idx=[0], first_chunk=index == 0
        )
        yield finite(video, "the decoder")


def decode_stills(vae: AutoencoderKLWan, latents: torch.Tensor) -> list[np.ndarray]:
    """B stills (H, W, 3) uint8 of B one-frame latents (B, C, 1, h, w)."""
    return [next(decode_frames(vae, one[None]))[0] for one in latents]


@torch.inference_mode()
def decode_preview(vae: AutoencoderKLWan, latents: torch.Tensor) -> np.ndarray:
    """A small picture (H, W, 3) uint8 of the first frame of latents (B, C, T, h, w), fast."""
    first = latents[:1, :, 0]
    if (width := first.shape[-1]) > PREVIEW_CELLS:
        first = torch.nn.functional.interpolate(first, scale_factor=PREVIEW_CELLS / width)
    return next(decode_frames(vae, first[:, :, None]))[0]


def as_uint8(video: torch.Tensor) -> np.ndarray:
    """Video (1, 3, T, H, W) in [-1, 1] as frames (T, H, W, 3) uint8.

    >>> as_uint8(torch.tensor([-1.0, 0.0, 9.0]).view(1, 3, 1, 1, 1)).flatten().tolist()
    [0, 128, 255]
    """
    frames = video[0].float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    return frames.permute(1, 2, 3, 0).cpu().numpy()
