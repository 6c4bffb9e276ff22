"""What a stage holds is what the real classes hold, followed tensor by tensor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d
from transformers import UMT5Config, UMT5EncoderModel

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.dims import TransformerDims
from ourvidz.domain.family import Precision
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import Choices, workload_of
from ourvidz.pipeline.budget.memory import (
    blocks_bytes,
    denoise_bytes,
    needs,
    token_bytes,
    vae_bytes,
)
from ourvidz.pipeline.quantize import quantize
from tests.pipeline.budget import real

GIB = 2**30
LARGE, FROM_IMAGE = (one.transformer for one in FAMILIES["wan2.1-14b"].checkpoints[:2])
SMALL = FAMILIES["wan2.1-1.3b"].checkpoints[0].transformer
MIDDLE = FAMILIES["wan2.2-ti2v-5b"].checkpoints[0].transformer


def held_bytes(
    dims: TransformerDims,
    size: tuple[int, int, int],
    *,
    timed: bool = False,
    precision: Precision = "bf16",
) -> int:
    """Peak of one pass over latents of (T, h, w); `timed`: a timestep for each token."""
    t, h, w = size
    with real.without_content():
        module: Any = real.in_bf16(real.transformer(dims))
        quantize(module, precision, torch.device("cpu"))
        given = [
            torch.empty(1, dims.in_channels, t, h, w, dtype=torch.bfloat16),
            torch.empty(1, t * h * w // 4) if timed else torch.empty(1),
            torch.empty(1, dims.text_tokens, dims.text_dim, dtype=torch.bfloat16),
        ]
        more: dict[str, torch.Tensor] = {}
        if dims.image_dim:
            more["encoder_hidden_states_image"] = torch.empty(1, 257, 1280, dtype=torch.bfloat16)
        if dims.vace_layers:
            more["control_hidden_states"] = torch.empty(
                1, dims.vace_channels, t, h, w, dtype=torch.bfloat16
            )
        return real.peak_bytes(module, lambda: module(*given, **more), *given, *more.values())


@pytest.mark.parametrize(
    ("dims", "size", "timed"),
    [
        (LARGE, (21, 90, 160), False),
        (LARGE, (21, 60, 104), False),
        (FROM_IMAGE, (21, 90, 160), False),
        (SMALL, (21, 60, 104), False),
        (MIDDLE, (21, 44, 80), False),
        (MIDDLE, (21, 44, 80), True),
        (replace(SMALL, vace_layers=1, vace_channels=96), (22, 60, 104), False),
        (replace(SMALL, vace_layers=2, vace_channels=96), (22, 60, 104), False),
    ],
    ids=["14b", "14b-480p", "14b-from-image", "1.3b", "5b", "5b-from-image", "vace-1", "vace-2"],
)
def test_a_pass_holds_what_the_plan_says(
    dims: TransformerDims, size: tuple[int, int, int], timed: bool
) -> None:
    """Two blocks: what a pass holds at once does not depend on how many there are."""
    measured = held_bytes(replace(dims, num_layers=2), size, timed=timed)
    token = token_bytes(dims, "bf16", interleaved=False, per_token_time=timed)
    tokens = size[0] * size[1] * size[2] // 4
    assert measured <= tokens * token + 8 * dims.text_tokens * dims.dim <= 1.1 * measured


@pytest.mark.parametrize("precision", ["fp8", "int8"])
@pytest.mark.parametrize(
    ("family", "size"),
    [
        ("wan2.1-14b", (1280, 720, 81)),
        ("wan2.1-14b", (1280, 720, 1)),
        ("wan2.1-1.3b", (832, 480, 81)),
        ("wan2.1-1.3b", (832, 480, 17)),
        ("wan2.2-ti2v-5b", (1280, 704, 81)),
    ],
)
def test_a_pass_in_8_bits_holds_what_the_plan_says(
    family: str, size: tuple[int, int, int], precision: Precision
) -> None:
    """What rounds to 8 bits holds both for a while, and whole numbers have sums of 32 bits."""
    width, height, frames = size
    request = VideoRequest(prompt="a", model=family, width=width, height=height, num_frames=frames)
    checkpoint = FAMILIES[family].checkpoints[0]
    dims, side = checkpoint.transformer, checkpoint.vae.spatial_factor
    latents = ((frames - 1) // 4 + 1, height // side, width // side)
    measured = held_bytes(replace(dims, num_layers=2), latents, precision=precision)
    choices = Choices(precision=precision, text_precision="bf16")
    assert measured <= denoise_bytes(workload_of(request), choices) <= 1.15 * measured


@pytest.mark.parametrize("family", [name for name, one in FAMILIES.items() if one.needs])
def test_of_a_streamed_transformer_the_blocks_come_with_every_pass(family: str) -> None:
    """By the real class: as much as the plan's seconds count with."""
    for checkpoint in FAMILIES[family].checkpoints:
        with torch.device("meta"):
            module = real.transformer(checkpoint.transformer)
        count = {name: one.numel() for name, one in module.named_parameters()}
        blocks = sum(one for name, one in count.items() if "blocks." in name)
        work = workload_of(
            VideoRequest(prompt="a", model=family, num_frames=81), checkpoint.abilities[0]
        )
        assert blocks_bytes(work, 2 * sum(count.values())) == 2 * blocks


def test_interleaved_control_blocks_need_two_thirds_of_stock_ones() -> None:
    vace = FAMILIES["wan2.1-vace-14b"].checkpoints[0].transformer
    stock, ours = (token_bytes(vace, "bf16", interleaved=one) * 79_200 for one in (False, True))
    assert stock / GIB == pytest.approx(15.2, abs=0.1)
    assert ours / GIB == pytest.approx(10.0, abs=0.1)


def decoded_bytes(family: str, size: tuple[int, int], latent_frames: int) -> int:
    """Peak of decoding one latent frame after the other, as `pipeline.decode` does."""
    with real.without_content():
        vae: Any = real.vae(family)
        side = vae.config.scale_factor_spatial
        latents = torch.empty(1, vae.config.z_dim, latent_frames, size[1] // side, size[0] // side)
        past = [None] * sum(isinstance(one, WanCausalConv3d) for one in vae.decoder.modules())

        def decode() -> None:
            for i in range(latent_frames):
                latent = vae.post_quant_conv(latents[:, :, i : i + 1])
                vae.decoder(latent, feat_cache=past, feat_idx=[0], first_chunk=i == 0)

        return real.peak_bytes(vae, decode, latents)


def of_vae(family: str, size: tuple[int, int], frames: int, work: Any) -> int:
    request = VideoRequest(
        prompt="a", model=family, width=size[0], height=size[1], num_frames=frames
    )
    return vae_bytes(workload_of(request), Choices(precision="bf16", text_precision="bf16"), work)


@pytest.mark.parametrize(
    ("family", "size"), [("wan2.1-14b", (832, 480)), ("wan2.2-ti2v-5b", (1280, 704))]
)
@pytest.mark.parametrize("latent_frames", [1, 3])
def test_a_vae_decodes_in_what_the_plan_says(
    family: str, size: tuple[int, int], latent_frames: int
) -> None:
    measured = decoded_bytes(family, size, latent_frames)
    assert measured <= of_vae(family, size, 4 * latent_frames - 3, "decode") <= 1.1 * measured


def test_a_vae_encodes_in_what_the_plan_says() -> None:
    with real.without_content():
        vae: Any = real.vae("wan2.1-14b")
        video = torch.empty(1, 3, 9, 480, 832)
        measured = real.peak_bytes(vae, lambda: vae.encode(video), video)
    planned = of_vae("wan2.1-14b", (832, 480), 9, "encode")
    assert measured <= planned <= 1.2 * measured  # planned for 81 frames, which are held as well


def test_the_text_encoder_reads_in_what_the_plan_says() -> None:
    config = UMT5Config(
        vocab_size=1000, d_model=4096, d_kv=64, d_ff=10_240, num_layers=2, num_heads=64,
        feed_forward_proj="gated-gelu", is_encoder_decoder=False,
    )  # fmt: skip
    with real.without_content():
        torch.set_default_dtype(torch.bfloat16)
        try:
            umt5 = UMT5EncoderModel(config)
        finally:
            torch.set_default_dtype(torch.float32)
        words = torch.empty(1, 512, dtype=torch.long)
        mask = torch.ones(1, 512, dtype=torch.long)
        measured = real.peak_bytes(umt5, lambda: umt5(words, attention_mask=mask), words, mask)
    work = workload_of(VideoRequest(prompt="a", model="wan2.1-14b", num_frames=1))
    choices = Choices(
        precision="bf16", text_precision="bf16", transformer="freed after use",
        text_encoder="freed after use", vae="freed after use",
    )  # fmt: skip
    need = needs(work, choices)
    text = next(part for part in need.components if part.name == "text_encoder")
    assert measured <= need.encode_bytes - text.device_bytes <= 1.1 * measured


def test_previews_take_less_than_clips_and_four_more_than_one() -> None:
    request = VideoRequest(prompt="a", model="wan2.1-14b", num_frames=1)
    choices = Choices(precision="fp8", text_precision="bf16")
    one = needs(workload_of(request), choices).denoise_bytes
    four = needs(workload_of(request, num_videos=4), replace(choices, batch=4)).denoise_bytes
    clip = needs(workload_of(request.replace(num_frames=81)), choices).denoise_bytes
    assert one < four < clip
