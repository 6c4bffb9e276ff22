"""How much there is to compute: tokens and floating-point operations, from shapes alone.

A multiplication with its addition counts as two operations.
"""

from __future__ import annotations

from typing import NamedTuple

from ourvidz.domain import catalog
from ourvidz.domain.dims import TransformerDims
from ourvidz.domain.family import Checkpoint
from ourvidz.pipeline.budget.plans import Workload

#: Frames of video per latent frame after the first; latent cells of one token, per direction.
_FRAMES, _CELLS = 4, 2
#: A tile of 256 px overlaps its neighbours by 64, so every pixel is computed more than once.
TILE_PX, TILE_STRIDE_PX = 256, 192
#: Of UMT5-XXL for 512 tokens.
_TEXT_FLOPS = 4.85e12
_LARGE_TEXT_DIM = 4096


class Operations(NamedTuple):
    """Of one forward pass: in the linear layers and in attention."""

    linear: float
    attention: float

    @property
    def total(self) -> float:
        """Both."""
        return self.linear + self.attention


def checkpoint_of(workload: Workload) -> Checkpoint:
    """The weights that can do it."""
    return catalog.family(workload.family).checkpoint(workload.ability)


def latent_frames(workload: Workload) -> int:
    """Of the clip and of every reference picture."""
    return (workload.num_frames - 1) // _FRAMES + 1 + workload.num_references


def tokens(workload: Workload) -> int:
    """Tokens of one video."""
    side = checkpoint_of(workload).vae.spatial_factor * _CELLS
    return latent_frames(workload) * (workload.width // side) * (workload.height // side)


def forward_operations(dims: TransformerDims, count: int) -> Operations:
    """One forward pass over `count` tokens of one video.

    >>> large = TransformerDims(num_layers=40, dim=5120, ffn_dim=13824)
    >>> [round(part / 1e15, 3) for part in forward_operations(large, 75_600)]
    [1.81, 4.714]
    """
    d, text, image = dims.dim, dims.text_tokens, dims.image_tokens
    blocks = dims.num_layers + dims.vace_layers
    block = count * (6 * d * d + 2 * d * dims.ffn_dim) + 2 * (text + image) * d * d
    patch = (dims.in_channels + dims.out_channels + dims.vace_channels) * _CELLS**2 * d * count
    control = (dims.vace_layers + 1) * count * d * d if dims.vace_layers else 0
    ahead = text * (dims.text_dim * d + d * d) + image * dims.image_dim * (dims.image_dim + d)
    times = 6 * d * d * (count if dims.per_token_time else 1)
    seen = count * (count + text + image)
    return Operations(
        linear=2.0 * (blocks * block + patch + control + ahead + times),
        attention=4.0 * seen * d * blocks,
    )


def denoise_flops(workload: Workload) -> float:
    """All passes of all videos."""
    one = forward_operations(checkpoint_of(workload).transformer, tokens(workload)).total
    return one * workload.forwards * workload.num_videos


def encode_flops(workload: Workload) -> float:
    """Two prompts and, where frames are given, the VAE; VACE encodes what to keep and to make."""
    vae = checkpoint_of(workload).vae
    return words_flops(workload) + encodings(workload) * vae.encode_flops * _px_of_clip(workload)


def words_flops(workload: Workload) -> float:
    """Two prompts; those of the starter cost next to nothing."""
    is_large = checkpoint_of(workload).transformer.text_dim == _LARGE_TEXT_DIM
    return 2 * _TEXT_FLOPS if is_large else 0.0


def encodings(workload: Workload) -> int:
    """How often the VAE encodes the length of the clip."""
    if checkpoint_of(workload).transformer.vace_layers:
        return 2
    return 0 if workload.ability in ("image", "text_to_video") else 1


def decode_flops(workload: Workload, *, tiled: bool) -> float:
    """The VAE's decoder over all frames."""
    vae = checkpoint_of(workload).vae
    again = tiling_overhead(workload.width, workload.height) if tiled else 1.0
    return vae.decode_flops * _px_of_clip(workload) * again * workload.num_videos


def tiling_overhead(width: int, height: int) -> float:
    """How often a pixel is decoded on average when tiles overlap.

    >>> round(tiling_overhead(1280, 720), 2)
    1.65
    """
    total = 1.0
    for side in (width, height):
        starts = range(0, side, TILE_STRIDE_PX)
        total *= sum(min(TILE_PX, side - start) for start in starts) / side
    return total


def _px_of_clip(workload: Workload) -> int:
    return workload.width * workload.height * workload.num_frames
