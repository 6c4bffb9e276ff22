"""Decoding by spatial tiles: the memory of one tile, whatever the size of the picture.

The VAE's decoder keeps two frames of every layer. Kept for all tiles at once that would be more
than the whole picture needs, so each tile is decoded through all frames before the next one.
Where tiles overlap they are blended exactly as `AutoencoderKLWan.tiled_decode` blends them, but
on the host, and only what is needed of them is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

#: Called with (tile, tiles) when one is done: a chance to report and to cancel.
OnTile = Callable[[int, int], None]
#: Frames (T, H, W, 3) uint8 of a video (1, 3, T, H, W) in [-1, 1].
AsFrames = Callable[[torch.Tensor], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Tiles in latent cells: their size, and how far they lie apart. scale: decoder px per cell."""

    height: int
    width: int
    stride_y: int
    stride_x: int
    scale: int

    @classmethod
    def of(cls, vae: AutoencoderKLWan) -> Grid:
        """The grid that the VAE's own tiling uses."""
        config: Any = vae.config
        cell = vae.spatial_compression_ratio or config.scale_factor_spatial
        stride_y, stride_x = int(vae.tile_sample_stride_height), int(vae.tile_sample_stride_width)
        return cls(
            height=vae.tile_sample_min_height // cell,
            width=vae.tile_sample_min_width // cell,
            stride_y=stride_y // cell,
            stride_x=stride_x // cell,
            scale=cell // (config.patch_size or 1),
        )

    def covers(self, latents: torch.Tensor) -> bool:
        """Whether one tile holds the whole picture."""
        return latents.shape[-2] <= self.height and latents.shape[-1] <= self.width


def decode_by_tiles(
    vae: AutoencoderKLWan,
    decode: Callable[[torch.Tensor], Iterator[torch.Tensor]],
    as_frames: AsFrames,
    latents: torch.Tensor,
    on_tile: OnTile = lambda tile, tiles: None,
) -> np.ndarray:
    """All frames (T, H, W, 3) uint8 of latents (1, C, t, h, w).

    decode: the decoder's output for one tile, chunk by chunk in time, not yet unpatchified.
    """
    grid, (height, width) = Grid.of(vae), latents.shape[-2:]
    config: Any = vae.config
    tops, lefts = range(0, height, grid.stride_y), range(0, width, grid.stride_x)
    tiles = len(tops) * len(lefts)
    canvas: list[np.ndarray] = []
    above: list[torch.Tensor] = []
    for i, top in enumerate(tops):
        row: list[torch.Tensor] = []
        for j, left in enumerate(lefts):
            cells = latents[:, :, :, top : top + grid.height, left : left + grid.width]
            tile = torch.cat([chunk.float().cpu() for chunk in decode(cells)], dim=2)
            if i:
                _blend(above[j], tile, 3, (grid.height - grid.stride_y) * grid.scale)
            if j:
                _blend(row[j - 1], tile, 4, (grid.width - grid.stride_x) * grid.scale)
            row.append(tile)
            on_tile(i * len(lefts) + j + 1, tiles)
        rows, columns = grid.stride_y * grid.scale, grid.stride_x * grid.scale
        strip = torch.cat([tile[:, :, :, :rows, :columns] for tile in row], dim=-1)
        canvas.append(as_frames(unpatchify(strip, config.patch_size or 1)))
        above = row
    px = grid.scale * (config.patch_size or 1)
    return np.concatenate(canvas, axis=1)[:, : height * px, : width * px]


def _blend(before: torch.Tensor, tile: torch.Tensor, dim: int, extent: int) -> None:
    """Let the start of `tile` along `dim` come out of the end of the tile before it."""
    extent = min(before.shape[dim], tile.shape[dim], extent)
    if extent == 0:
        return
    shape = [1] * tile.ndim
    shape[dim] = extent
    share = (torch.arange(extent) / extent).view(shape)
    start, end = tile.narrow(dim, 0, extent), before.narrow(dim, before.shape[dim] - extent, extent)
    start.copy_(end * (1 - share) + start * share)
