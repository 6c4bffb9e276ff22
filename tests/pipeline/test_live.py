"""Live pictures come at once and then only now and then."""

from __future__ import annotations

import torch

from ourvidz.pipeline.live import LivePreview
from tests.tiny import Z_DIM, tiny_vae


def test_the_first_step_is_seen_at_once_and_the_next_has_to_wait() -> None:
    live = LivePreview(tiny_vae())
    latents = torch.zeros(2, Z_DIM, 3, 4, 6)
    first = live.frame(latents)
    assert first is not None and first.shape == (64, 96, 3)
    assert live.frame(latents) is None
