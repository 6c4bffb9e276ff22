"""Pictures of a video that is still being denoised, at a bounded share of the time."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from ourvidz.pipeline.decode import decode_preview

#: A live picture at most this often, and so seldom that it takes at most this share of the time.
EVERY_S = 1.0
SHARE = 0.04


class LivePreview:
    """Decodes the clean estimate of a step when it is time for another look."""

    def __init__(self, vae: AutoencoderKLWan) -> None:
        self._vae = vae
        self._next_at = 0.0

    def frame(self, clean: torch.Tensor) -> np.ndarray | None:
        """The first frame (H, W, 3) uint8 of latents (B, C, T, h, w), or None: not yet."""
        start = perf_counter()
        if start < self._next_at:
            return None
        picture = decode_preview(self._vae, clean)
        cost = perf_counter() - start
        self._next_at = start + max(EVERY_S, cost / SHARE)
        return picture
