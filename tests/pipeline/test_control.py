"""VACE makes through our pipeline what it makes through the stock one, for every ability."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanVACEPipeline
from PIL import Image

from ourvidz.pipeline.control import Given, encode_control, letterboxed
from ourvidz.pipeline.denoise import Denoiser, Steps, Watch, denoise
from ourvidz.pipeline.schedulers import make_scheduler
from tests.vace import TEXT_DIM, tiny_vace, tiny_wan_vae

SIZE = (96, 64)
STEPS = Steps(
    width=96, height=64, num_frames=9, num_inference_steps=3, guidance_scale=4.0, seeds=[5]
)
NOBODY = Watch(on_step=lambda step, clean: None, on_block=lambda: None)


@pytest.fixture(scope="module")
def model() -> Denoiser:
    return Denoiser(
        transformer=tiny_vace(), vae=tiny_wan_vae(), scheduler=make_scheduler("unipc", 3.0)
    )


def embeds(seed: int) -> torch.Tensor:
    return torch.randn(1, 16, TEXT_DIM, generator=torch.Generator().manual_seed(seed))


def pictures(count: int, side: int = 96) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 64, side, 3), np.uint8)


def run(model: Denoiser, given: Given, steps: Steps = STEPS, watch: Watch = NOBODY) -> torch.Tensor:
    model = replace(model, scheduler=make_scheduler("unipc", 3.0))
    control = encode_control(model.vae, given)
    return denoise(model, embeds(1), embeds(2), steps, watch, control)


def stock(model: Denoiser, given: Given) -> torch.Tensor:
    """What plain diffusers makes of the same, without the references' latent frames."""
    pipe = WanVACEPipeline(
        tokenizer=None,  # type: ignore[arg-type]
        text_encoder=None,  # type: ignore[arg-type]
        vae=model.vae,
        scheduler=make_scheduler("unipc", 3.0),  # type: ignore[arg-type]
        transformer=model.transformer,  # type: ignore[arg-type]
    )
    pipe.set_progress_bar_config(disable=True)
    video, known = given.video()
    frames = (video[0].transpose(0, 1) + 1) / 2  # (T, 3, H, W) in [0, 1]
    mask = (1 - known).view(-1, 1, 1, 1).expand_as(frames)
    result: Any = pipe(
        video=frames[None],  # type: ignore[arg-type]
        mask=mask[None],  # type: ignore[arg-type]
        reference_images=[Image.fromarray(one) for one in given.references] or None,  # type: ignore[arg-type]
        prompt_embeds=embeds(1),
        negative_prompt_embeds=embeds(2),
        width=96,
        height=64,
        num_frames=given.num_frames,
        num_inference_steps=3,
        guidance_scale=4.0,
        generator=torch.Generator().manual_seed(5),
        output_type="latent",
    )
    return result.frames[:, :, len(given.references) :]


ABILITIES = {
    "text_to_video": Given(size=SIZE, num_frames=9),
    "first_frame": Given(size=SIZE, num_frames=9, first_frames=pictures(1)),
    "first_last_frame": Given(
        size=SIZE, num_frames=9, first_frames=pictures(1), last_frame=pictures(2)[1]
    ),
    "extension": Given(size=SIZE, num_frames=9, first_frames=pictures(5)),
    "reference": Given(size=SIZE, num_frames=9, references=tuple(pictures(2, side=64))),
    "both": Given(
        size=SIZE, num_frames=9, first_frames=pictures(1), references=tuple(pictures(1, side=48))
    ),
}


@pytest.mark.parametrize("ability", ABILITIES)
def test_the_result_is_the_stock_pipelines_but_for_the_pinned_frames(
    model: Denoiser, ability: str
) -> None:
    given = ABILITIES[ability]
    expected, ours = stock(model, given), run(model, given)
    pinned = 0 if given.first_frames is None else (len(given.first_frames) + 3) // 4
    assert ours.shape == expected.shape == (1, 16, 3, 8, 12)
    assert torch.allclose(ours[:, :, pinned:], expected[:, :, pinned:], atol=2e-5)
    known = encode_control(model.vae, given).condition.latents
    assert torch.equal(ours[:, :, :pinned], known[:, :, :pinned])


def test_an_image_with_a_reference_is_one_frame(model: Denoiser) -> None:
    given = Given(size=SIZE, num_frames=1, references=tuple(pictures(1, side=64)))
    made = run(model, given, replace(STEPS, num_frames=1))
    assert made.shape == (1, 16, 1, 8, 12)
    assert torch.allclose(made, stock(model, given), atol=2e-5)


def test_each_image_of_a_batch_is_that_of_its_seed(model: Denoiser) -> None:
    given = Given(size=SIZE, num_frames=1)
    batch = run(model, given, replace(STEPS, num_frames=1, seeds=[5, 6]))
    alone = run(model, given, replace(STEPS, num_frames=1, seeds=[6]))
    assert torch.allclose(batch[1:], alone, atol=1e-4)


def test_the_live_picture_shows_the_video_and_no_reference(model: Denoiser) -> None:
    seen: list[torch.Tensor] = []
    watch = Watch(on_step=lambda step, clean: seen.append(clean), on_block=lambda: None)
    run(model, ABILITIES["reference"], watch=watch)
    assert [one.shape[2] for one in seen] == [3, 3, 3]


def test_a_reference_is_seen_whole_on_white() -> None:
    canvas = letterboxed(np.zeros((100, 50, 3), np.uint8), (96, 64))
    assert canvas.shape == (1, 3, 1, 64, 96)
    dark = canvas[0, 0, 0] < 0
    assert dark.any(dim=0).nonzero().flatten().tolist() == list(range(32, 64))
    assert bool(dark.any(dim=1).all())
