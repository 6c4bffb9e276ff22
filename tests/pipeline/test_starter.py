"""The trained starter model: what it promises, and that plain diffusers gives the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLWan, WanPipeline
from transformers import AutoTokenizer, BertModel

from ourvidz.domain.catalog import family
from ourvidz.domain.family import ComponentName
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, extend, preview, render
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.finding import locate
from ourvidz.pipeline.images import load_image
from ourvidz.pipeline.loading import load_models
from ourvidz.pipeline.profiles import resolve
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.shot import Shot, sample

REQUEST = VideoRequest(
    prompt="a red sailboat at sunset", seed=7, profile="fast", output_size=(224, 128)
)


def folder(name: ComponentName) -> Path | None:
    part = family("starter").checkpoints[0].component(name)
    return locate(part.source) if part else None


@pytest.fixture(scope="module")
def starter() -> Iterator[ModelManager]:
    manager = ModelManager(device="cpu")
    yield manager
    manager.evict()


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def test_the_approved_preview_is_the_first_frame(starter: ModelManager, tmp_path: Path) -> None:
    (still,) = preview(REQUEST.replace(output_size=None), starter, out_dir=tmp_path, num_images=1)
    clip = render(REQUEST.replace(image=still.path), starter, out_dir=tmp_path)
    frames = read_frames(clip.path)
    assert len(frames) == 80
    assert psnr(frames[0], load_image(still.path, size=(224, 128))) > 25


def test_an_extension_goes_on_where_the_clip_ended(starter: ModelManager, tmp_path: Path) -> None:
    clip = render(REQUEST.replace(num_frames=40), starter, out_dir=tmp_path)
    longer = extend(clip.path, REQUEST.replace(num_frames=36), starter, out_dir=tmp_path)
    before, after = read_frames(clip.path)[-1], read_frames(longer.path)
    assert len(after) == 36
    assert psnr(after[0], before) > psnr(after[0], before[:, ::-1])


def test_plain_diffusers_makes_the_same_latents(starter: ModelManager) -> None:
    request = resolve(REQUEST.replace(num_frames=5, num_inference_steps=4))
    shot = Shot(request=request, ability="text_to_video")
    reporter = Reporter(lambda progress: None)
    names = load_models(starter, shot.family, shot.ability, reporter)
    ours = sample(shot, names, starter, reporter)

    place, text, vae = folder("transformer"), folder("text_encoder"), folder("vae")
    assert place and text and vae
    dtype = starter.get(names["transformer"]).dtype
    stock: Any = WanPipeline
    pipe = stock.from_pretrained(
        place.parent,
        vae=AutoencoderKLWan.from_pretrained(vae),
        tokenizer=AutoTokenizer.from_pretrained(text),
        text_encoder=BertModel.from_pretrained(text),
        dtype=dtype,
    )
    pipe.set_progress_bar_config(disable=True)
    theirs = pipe(
        request.prompt,
        negative_prompt="",
        width=224,
        height=128,
        num_frames=5,
        num_inference_steps=4,
        guidance_scale=request.guidance_scale,
        max_sequence_length=64,
        generator=torch.Generator().manual_seed(7),
        output_type="latent",
    ).frames
    assert torch.allclose(ours, theirs, atol=1e-3)


def test_a_rare_colour_is_read_by_its_plain_name(starter: ModelManager, tmp_path: Path) -> None:
    pictures = []
    for color in ("plum", "purple", "brown"):
        asked = REQUEST.replace(prompt=f"a {color} car in a meadow")
        (still,) = preview(asked, starter, out_dir=tmp_path, num_images=1)
        assert still.metadata["prompt"] == asked.prompt  # the user's words stay
        pictures.append(load_image(still.path))
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
