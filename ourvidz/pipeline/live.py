"""Pictures of a video that is still being denoised, at a bounded share of the time."""

from __future__ import annotations

import logging
from math import inf
from time import perf_counter

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from ourvidz.pipeline.decode import decode_preview
from ourvidz.pipeline.hardware import ran_out

log = logging.getLogger(__name__)

#: A live picture at most this often, and so seldom that it takes at most this share of the time.
EVERY_S = 1.0
SHARE = 0.04


class LivePreview:
    """Decodes the clean estimate of a step when it is time for another look.

    Where there is no room for that, the video goes on without.
    """

    def __init__(self, vae: AutoencoderKLWan) -> None:
        self._vae = vae
        self._next_at = 0.0

    def frame(self, clean: torch.Tensor) -> np.ndarray | None:
        """The first frame (H, W, 3) uint8 of latents (B, C, T, h, w), or None: not yet."""
        start = perf_counter()
        if start < self._next_at:
            return None
        try:
            picture = decode_preview(self._vae, clean)
        except Exception as error:
            if not ran_out(error):
                raise
            log.info("no room for live pictures")
            self._next_at = inf
            return None
        cost = perf_counter() - start
        self._next_at = start + max(EVERY_S, cost / SHARE)
        return picture
