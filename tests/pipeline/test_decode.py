"""Decoding streams: the same frames as the whole, in constant memory."""

from __future__ import annotations

import numpy as np
import torch

from ourvidz.pipeline.decode import as_uint8, decode_frames, decode_preview, decode_stills
from ourvidz.pipeline.encode import latent_statistics
from tests.tiny import Z_DIM, tiny_vae


def latents(batch: int = 1, frames: int = 6) -> torch.Tensor:
    return torch.randn(batch, Z_DIM, frames, 4, 6, generator=torch.Generator().manual_seed(3))


def test_streamed_frames_equal_the_whole_decode() -> None:
    vae = tiny_vae()
    mean, std = latent_statistics(vae)
    with torch.inference_mode():
        whole = vae.decode(latents() * std + mean, return_dict=False)[0]
    streamed = np.concatenate(list(decode_frames(vae, latents())))
    assert streamed.shape == (21, 64, 96, 3)
    difference = np.abs(streamed.astype(int) - as_uint8(whole).astype(int))
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 0.001


def test_frames_come_in_the_rhythm_of_the_vae() -> None:
    chunks = decode_frames(tiny_vae(), latents())
    assert [len(chunk) for chunk in chunks] == [1, 4, 4, 4, 4, 4]


def test_two_streams_may_be_decoded_in_turns() -> None:
    vae = tiny_vae()
    alone = list(decode_frames(vae, latents()))
    turns = zip(decode_frames(vae, latents()), decode_frames(vae, -latents()), strict=True)
    assert all(np.array_equal(a, b) for a, (b, _) in zip(alone, turns, strict=True))


def test_stills_of_a_batch_equal_stills_one_by_one() -> None:
    vae = tiny_vae()
    batch = latents(batch=3, frames=1)
    stills = decode_stills(vae, batch)
    assert [still.shape for still in stills] == [(64, 96, 3)] * 3
    assert np.array_equal(stills[2], decode_stills(vae, batch[2:])[0])


def test_a_preview_is_the_first_frame_and_small() -> None:
    vae = tiny_vae()
    first = next(decode_frames(vae, latents()))[0]
    assert np.array_equal(decode_preview(vae, latents()), first)
    wide = torch.zeros(1, Z_DIM, 3, 45, 80)
    assert decode_preview(vae, wide).shape == (352, 640, 3)
