"""Denoising repeats by seed, obeys its condition, and leaves nothing behind when stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline, WanTransformer3DModel
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModel

from ourvidz.domain.errors import Cancelled
from ourvidz.pipeline.denoise import Denoiser, Steps, Watch, denoise
from ourvidz.pipeline.encode import encode_condition, encode_images
from ourvidz.pipeline.schedulers import SchedulerKind, make_scheduler
from tests.tiny import TEXT_DIM, tiny_transformer, tiny_vae

STEPS = Steps(
    width=96, height=64, num_frames=9, num_inference_steps=3, guidance_scale=4.0, seeds=[5]
)
NOBODY = Watch(on_step=lambda step, clean: None, on_block=lambda: None)


def embeds(seed: int) -> torch.Tensor:
    return torch.randn(1, 16, TEXT_DIM, generator=torch.Generator().manual_seed(seed))


def denoiser(*, conditioned: bool = False, kind: SchedulerKind = "unipc") -> Denoiser:
    return Denoiser(
        transformer=tiny_transformer(conditioned=conditioned),
        vae=tiny_vae(),
        scheduler=make_scheduler(kind, flow_shift=3.0),
    )


def run(model: Denoiser, steps: Steps = STEPS, watch: Watch = NOBODY) -> torch.Tensor:
    model = replace(model, scheduler=type(model.scheduler).from_config(model.scheduler.config))
    return denoise(model, embeds(1), embeds(2), steps, watch)


def picture(seed: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 64, 96, 3), np.uint8)


@pytest.mark.parametrize("kind", ["unipc", "step-distill"])
def test_the_seed_decides_everything(kind: SchedulerKind) -> None:
    model = denoiser(kind=kind)
    first = run(model)
    torch.manual_seed(99)
    assert torch.equal(run(model), first)
    assert not torch.equal(run(model, replace(STEPS, seeds=[6])), first)


def test_the_callers_random_source_is_left_alone() -> None:
    model = denoiser(kind="step-distill")
    before = torch.random.get_rng_state()
    run(model)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("kind", ["unipc", "step-distill"])
def test_a_video_of_a_batch_is_the_video_of_its_seed(kind: SchedulerKind) -> None:
    model = denoiser(kind=kind)
    batch = run(model, replace(STEPS, seeds=[5, 6]))
    assert torch.allclose(batch[1:], run(model, replace(STEPS, seeds=[6])), atol=1e-4)


def stock(
    kind: Any, model: Denoiser, words: Sequence[torch.Tensor] = (), **inputs: Any
) -> torch.Tensor:
    """What a plain diffusers pipeline makes of the same models, prompt and seed."""
    positive, negative = words or (embeds(1), embeds(2))
    encoders = {name: inputs.pop(name) for name in tuple(inputs) if name.startswith("image_")}
    pipe = kind(
        tokenizer=None,
        text_encoder=None,
        vae=model.vae,
        scheduler=make_scheduler("unipc", flow_shift=3.0),
        transformer=model.transformer,
        **encoders,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        **inputs,
        prompt_embeds=positive,
        negative_prompt_embeds=negative,
        width=96,
        height=64,
        num_frames=9,
        num_inference_steps=3,
        guidance_scale=4.0,
        generator=torch.Generator().manual_seed(5),
        output_type="latent",
    ).frames


def test_plain_text_to_video_equals_the_stock_pipeline() -> None:
    model = denoiser()
    assert torch.equal(run(model), stock(WanPipeline, model))


def test_the_vae_may_be_elsewhere_meanwhile() -> None:
    model = denoiser()
    expected = run(model)
    away = replace(model, vae=tiny_vae().to("meta"))
    assert torch.equal(run(away), expected)


def test_first_and_last_frame_equal_the_stock_pipeline_but_for_the_pinned_picture() -> None:
    model = denoiser(conditioned=True)
    first, last = picture(0), picture(1)[0]
    expected = stock(
        WanImageToVideoPipeline,
        model,
        image=Image.fromarray(first[0]),
        last_image=Image.fromarray(last),
    )
    condition = encode_condition(model.vae, first, last, num_frames=9)
    ours = denoise(model, embeds(1), embeds(2), STEPS, NOBODY, condition)
    assert torch.equal(ours[:, :, 1:], expected[:, :, 1:])
    assert torch.equal(ours[:, :, :1], condition.latents[:, :, :1])


def test_a_model_that_knows_frames_by_their_timestep_takes_the_same_condition() -> None:
    model = denoiser(conditioned=False)
    condition = encode_condition(model.vae, picture(0), None, num_frames=9)
    ours = denoise(model, embeds(1), embeds(2), STEPS, NOBODY, condition)
    assert torch.equal(ours[:, :, :1], condition.latents[:, :, :1])


@pytest.mark.parametrize("kind", ["unipc", "step-distill"])
def test_the_last_clean_estimate_is_the_result(kind: SchedulerKind) -> None:
    seen: list[torch.Tensor] = []
    steps: list[int] = []

    def on_step(step: int, clean: torch.Tensor) -> None:
        steps.append(step)
        seen.append(clean)

    result = run(denoiser(kind=kind), watch=Watch(on_step=on_step, on_block=lambda: None))
    assert steps == [1, 2, 3]
    assert torch.allclose(seen[-1], result, atol=1e-4)


def test_every_block_of_every_forward_is_a_chance_to_cancel() -> None:
    blocks: list[int] = []
    run(denoiser(), watch=Watch(on_step=lambda *_: None, on_block=lambda: blocks.append(1)))
    assert len(blocks) == 3 * 2 * 2  # steps, with and without the prompt, blocks


def test_after_a_cancel_inside_a_step_the_next_run_is_identical() -> None:
    model = denoiser()
    expected = run(model)
    calls: list[int] = []

    def cancel_in_the_second_step() -> None:
        calls.append(1)
        if len(calls) == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(model, watch=Watch(on_step=lambda *_: None, on_block=cancel_in_the_second_step))
    assert len(calls) == 6
    assert torch.equal(run(model), expected)
    assert len(calls) == 6


def test_a_transformer_with_clip_equals_the_stock_pipeline() -> None:
    torch.manual_seed(0)
    clip = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=16,
            num_hidden_layers=3,
            num_attention_heads=2,
            image_size=32,
            intermediate_size=16,
            patch_size=8,
        )
    ).eval()
    plain = denoiser(conditioned=True)
    config: dict[str, Any] = {**plain.transformer.config, "image_dim": 16, "added_kv_proj_dim": 24}
    model = replace(plain, transformer=WanTransformer3DModel(**config).eval())
    words = [torch.randn(1, 512, TEXT_DIM) for _ in range(2)]  # with CLIP, L is always 512
    first = picture(0)
    expected = stock(
        WanImageToVideoPipeline,
        model,
        words,
        image=Image.fromarray(first[0]),
        image_encoder=clip,
        image_processor=CLIPImageProcessorPil(size=32, crop_size=32),
    )
    condition = replace(
        encode_condition(model.vae, first, None, num_frames=9),
        image_embeds=encode_images([first[0]], clip),
    )
    ours = denoise(model, words[0], words[1], STEPS, NOBODY, condition)
    assert torch.equal(ours[:, :, 1:], expected[:, :, 1:])
