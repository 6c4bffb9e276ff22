"""Weights that compute NaN: found at once, and nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.progress import Progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, preview, render
from tests.tiny import save_tiny_starter

REQUEST = VideoRequest(
    prompt="a cat", seed=7, width=96, height=64, num_frames=8, num_inference_steps=3
)


@pytest.mark.parametrize(
    ("file", "part"),
    [("vae", "the decoder"), ("text_to_video/transformer", "the transformer")],
)
def test_weights_that_give_no_picture_give_no_file(tmp_path: Path, file: str, part: str) -> None:
    models = save_tiny_starter(tmp_path / "models")
    (weights,) = (models / "ourvidz.starter/weights" / file).glob("*.safetensors")
    nothing = {name: torch.full_like(one, torch.nan) for name, one in load_file(weights).items()}
    save_file(nothing, weights)
    manager = ModelManager(models_dir=models, device="cpu")
    steps: list[Progress] = []
    for make in (render, preview):
        with pytest.raises(Unavailable, match=f"{part} computed numbers that are no picture"):
            make(REQUEST, manager, steps.append, tmp_path / "out")
    if part == "the transformer":  # told at the first step, not after the last
        assert max(one.step for one in steps if one.stage == "denoise") == 0
    assert list((tmp_path / "out").iterdir()) == []
