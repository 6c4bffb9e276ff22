"""What VACE is given: known frames, where they are known, and pictures to take identity from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLWan

from ourvidz.pipeline.encode import Condition, encode_video, known_mask, pixels
from ourvidz.pipeline.images import resized


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a clip of `num_frames` = 4 k + 1 frames at `size` = (width, height) px must show.

    first_frames: (n, H, W, 3) uint8, or None. last_frame: (H, W, 3) uint8, or None. references:
    pictures (h, w, 3) uint8 of any size, letterboxed on white.
    """

    size: tuple[int, int]
    num_frames: int
    first_frames: np.ndarray | None = None
    last_frame: np.ndarray | None = None
    references: Sequence[np.ndarray] = ()

    def video(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Known frames (1, 3, T, H, W) in [-1, 1], grey elsewhere; and (T,), 1 where known."""
        width, height = self.size
        video = torch.zeros(1, 3, self.num_frames, height, width)
        known = torch.zeros(self.num_frames)
        if self.first_frames is not None:
            count = len(self.first_frames)
            video[0, :, :count], known[:count] = pixels(self.first_frames), 1
        if self.last_frame is not None:
            video[0, :, -1:], known[-1] = pixels(self.last_frame[None]), 1
        return video, known


@dataclass(frozen=True, kw_only=True)
class Control:
    """The input of VACE's control branch, for a video of T latent frames and n references.

    latents: (1, 2 C, n + T, h, w): the references and the known part, beside the unknown part.
    mask: (1, s * s, n + T, h, w), 1 where frames shall be made; s is the VAE's spatial factor.
    condition: the known frames, as for models that are told them otherwise.
    """

    latents: torch.Tensor
    mask: torch.Tensor
    condition: Condition

    @property
    def num_references(self) -> int:
        """n, the latent frames before the video."""
        return self.latents.shape[2] - self.condition.latents.shape[2]

    def shown(self, latents: torch.Tensor) -> torch.Tensor:
        """The video's part (B, C, T, h, w) of latents (B, C, n + T, h, w)."""
        return latents[:, :, self.num_references :]

    def pin(self, latents: torch.Tensor) -> torch.Tensor:
        """The video's part with every wholly known latent frame put in."""
        return self.condition.pin(self.shown(latents))


@torch.inference_mode()
def encode_control(
    vae: AutoencoderKLWan, given: Given, nothing: torch.Tensor | None = None
) -> Control:
    """The control of a clip; with nothing given, that of a video from words alone.

    nothing: what `encode_nothing` made for this size and length; None makes it again.
    """
    video, known = given.video()
    nothing = encode_nothing(vae, given) if nothing is None else nothing.to(vae.device)
    seen = encode_video(vae, video) if bool(known.any()) else nothing
    side = _spatial_factor(vae)
    mask = _mask(known, seen.shape, side * side).to(seen.device)
    parts = [torch.cat([seen, nothing], dim=1)]
    for picture in given.references:  # each one goes before those there are
        reference = encode_video(vae, letterboxed(picture, given.size))
        parts.insert(0, torch.cat([reference, torch.zeros_like(reference)], dim=1))
    return Control(
        latents=torch.cat(parts, dim=2),
        mask=F.pad(mask, (0, 0, 0, 0, len(given.references), 0)),
        condition=Condition(latents=seen, mask=known_mask(known, seen)),
    )


def encode_nothing(vae: AutoencoderKLWan, given: Given) -> torch.Tensor:
    """Latents (1, C, T, h, w) of a grey video: half of every control, and always the same."""
    width, height = given.size
    return encode_video(vae, torch.zeros(1, 3, given.num_frames, height, width))


def letterboxed(picture: np.ndarray, size: tuple[int, int]) -> torch.Tensor:
    """A picture (h, w, 3) uint8 as (1, 3, 1, H, W) in [-1, 1], whole, on white.

    >>> letterboxed(np.zeros((2, 2, 3), np.uint8), (4, 2))[0, 0, 0].tolist()
    [[1.0, -1.0, -1.0, 1.0], [1.0, -1.0, -1.0, 1.0]]
    """
    (width, height), (rows, columns) = size, picture.shape[:2]
    scale = min(height / rows, width / columns)
    inner = (max(1, int(columns * scale)), max(1, int(rows * scale)))
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    canvas = np.full((1, height, width, 3), 255, np.uint8)
    canvas[0, top : top + inner[1], left : left + inner[0]] = resized(picture, inner)
    return pixels(canvas)[None]


def _mask(known: torch.Tensor, shape: torch.Size, channels: int) -> torch.Tensor:
    """(1, channels, T, h, w): the model's own way from frames to latent frames."""
    unknown = F.interpolate(1 - known[None, None], size=(shape[2],), mode="nearest-exact")
    return unknown.view(1, 1, -1, 1, 1).expand(1, channels, *shape[2:])


def _spatial_factor(vae: AutoencoderKLWan) -> int:
    config: Any = vae.config
    return config.scale_factor_spatial
