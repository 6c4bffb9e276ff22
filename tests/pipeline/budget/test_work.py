"""Sizes and operations are those of the real classes, and of what was counted on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionConfig, CLIPVisionModel, UMT5Config, UMT5EncoderModel

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.family import Ability, Checkpoint, Component
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import workload_of
from ourvidz.pipeline.budget.work import (
    checkpoint_of,
    decode_flops,
    forward_operations,
    tokens,
)
from tests.pipeline.budget import real

CHECKPOINTS = [
    pytest.param(checkpoint, id=f"{family.name}-{checkpoint.abilities[-1]}")
    for family in FAMILIES.values()
    for checkpoint in family.checkpoints
]


def counts(module: torch.nn.Module, *, without: str = "-") -> tuple[int, int]:
    """Parameters, and those of linear layers."""
    linear = [
        layer for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear) and not name.endswith(without)
    ]  # fmt: skip
    return (
        sum(one.numel() for one in module.parameters()),
        sum(layer.weight.numel() for layer in linear),
    )


def part(checkpoint: Checkpoint, name: str) -> Component:
    return next(one for one in checkpoint.components if one.name == name)


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_transformer_has_the_parameters_that_the_catalog_says(checkpoint: Checkpoint) -> None:
    with torch.device("meta"):
        module = real.transformer(checkpoint.transformer)
    entry, (parameters, linear) = part(checkpoint, "transformer"), counts(module)
    assert entry.parameters == parameters
    if entry.quantizable:
        assert entry.quantizable == pytest.approx(linear, rel=0.0005)
    block = sum(one.numel() for one in module.blocks[0].parameters())
    assert checkpoint.transformer.block_parameters == block


def test_the_encoders_and_vaes_have_the_parameters_that_the_catalog_says() -> None:
    large = FAMILIES["wan2.1-14b"]
    with torch.device("meta"):
        umt5 = UMT5EncoderModel(
            UMT5Config(
                vocab_size=256_384, d_model=4096, d_kv=64, d_ff=10_240, num_layers=24,
                num_heads=64, feed_forward_proj="gated-gelu", is_encoder_decoder=False,
            )
        )  # fmt: skip
        clip = CLIPVisionModel(
            CLIPVisionConfig(
                hidden_size=1280, projection_dim=1024, num_hidden_layers=32,
                num_attention_heads=16, image_size=224, intermediate_size=5120, patch_size=14,
            )
        )  # fmt: skip
    text = part(large.checkpoints[0], "text_encoder")
    assert (text.parameters, text.quantizable) == counts(umt5, without="wo")
    picture = part(large.checkpoints[1], "image_encoder")
    assert picture.parameters == counts(clip)[0]
    for family in ("wan2.1-14b", "wan2.2-ti2v-5b", "starter"):
        with torch.device("meta"):
            parameters, _ = counts(real.vae(family))
        assert part(FAMILIES[family].checkpoints[0], "vae").parameters == parameters


@dataclass(frozen=True)
class Counted:
    """One forward pass, counted on the real class: 1e15 operations of each kind."""

    model: str
    ability: Ability
    size: tuple[int, int]
    num_frames: int
    tokens: int
    linear: float
    own_attention: float
    total: float


HD, SD = (1280, 720), (832, 480)
COUNTED = [
    Counted("wan2.1-14b", "text_to_video", HD, 81, 75_600, 1.810, 4.682, 6.523),
    Counted("wan2.1-14b", "text_to_video", SD, 81, 32_760, 0.785, 0.879, 1.678),
    Counted("wan2.1-14b", "image", HD, 1, 3_600, 0.088, 0.011, 0.100),
    Counted("wan2.1-14b", "first_frame", HD, 81, 75_600, 1.811, 4.682, 6.541),
    Counted("wan2.1-14b", "first_frame", SD, 81, 32_760, 0.787, 0.879, 1.686),
    Counted("wan2.1-vace-14b", "reference", HD, 81, 79_200, 2.313, 6.166, 8.519),
    Counted("wan2.1-vace-14b", "reference", SD, 81, 34_320, 1.004, 1.158, 2.179),
    Counted("wan2.1-1.3b", "text_to_video", HD, 81, 75_600, 0.189, 1.054, 1.250),
    Counted("wan2.1-1.3b", "text_to_video", SD, 81, 32_760, 0.082, 0.198, 0.283),
    Counted("wan2.1-vace-1.3b", "reference", SD, 81, 34_320, 0.132, 0.326, 0.462),
]


@pytest.mark.parametrize("counted", COUNTED, ids=str)
def test_operations_are_those_that_were_counted(counted: Counted) -> None:
    width, height = counted.size
    request = VideoRequest(
        prompt="a", model=counted.model, width=width, height=height, num_frames=counted.num_frames
    )
    references = 1 if counted.ability == "reference" else 0
    work = workload_of(request, counted.ability, num_references=references)
    dims = checkpoint_of(work).transformer
    found = forward_operations(dims, tokens(work))
    own = 4 * counted.tokens**2 * dims.dim * (dims.num_layers + dims.vace_layers)
    assert tokens(work) == counted.tokens
    for value, expected in (
        (found.linear, counted.linear), (own, counted.own_attention), (found.total, counted.total),
    ):  # fmt: skip
        assert value / 1e15 == pytest.approx(expected, rel=0.01, abs=0.0006)


@pytest.mark.parametrize("model", ["starter", "wan2.2-ti2v-5b"])
def test_operations_of_shapes_that_nobody_counted_are_those_of_the_real_class(model: str) -> None:
    dims = replace(FAMILIES[model].checkpoints[0].transformer, num_layers=2, per_token_time=False)
    with real.without_content():
        module = real.transformer(dims)
        latents = torch.empty(1, dims.in_channels, 5, 16, 24)
        words = torch.empty(1, dims.text_tokens, dims.text_dim)
        with FlopCounterMode(display=False) as counter:  # which knows no attention on CPUs
            module(latents, torch.empty(1), words)
    found = forward_operations(dims, 5 * 16 * 24 // 4)
    assert found.linear == pytest.approx(counter.get_total_flops(), rel=0.01)


@pytest.mark.parametrize(("model", "size"), [("starter", (224, 128)), ("wan2.1-1.3b", (832, 480))])
def test_a_vae_computes_what_the_catalog_says(model: str, size: tuple[int, int]) -> None:
    request = VideoRequest(prompt="a", model=model, width=size[0], height=size[1], num_frames=5)
    work, vae = workload_of(request), FAMILIES[model].checkpoints[0].vae
    # The small one really computes: with so many layers that is quicker than to pretend.
    with torch.no_grad() if model == "starter" else real.without_content():
        module = real.vae(model)
        video = torch.zeros(1, 3, 5, size[1], size[0])
        with FlopCounterMode(display=False) as encoding:
            latents: Any = module.encode(video)
        with FlopCounterMode(display=False) as decoding:
            module.decode(latents.latent_dist.mode())
    px = size[0] * size[1] * 5
    # The first frame costs more than the others, which counts for less in a whole clip.
    assert vae.encode_flops * px == pytest.approx(encoding.get_total_flops(), rel=0.12)
    assert decode_flops(work, tiled=False) == pytest.approx(decoding.get_total_flops(), rel=0.12)
