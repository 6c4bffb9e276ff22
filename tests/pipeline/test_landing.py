"""A clip with a last picture arrives at it; nothing before its last second is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ourvidz.domain.catalog import family
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, render
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.images import load_image
from ourvidz.pipeline.landing import as_drawn, landed
from ourvidz.pipeline.shot import shot_of
from tests.tiny import save_tiny_starter

NATIVE = family("starter").sizes[0]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 20), st.integers(0, 3))
def test_only_the_last_frames_change_and_the_last_one_is_the_picture(
    lengths: list[int], ease: int, spare: int
) -> None:
    spare = min(spare, sum(lengths) - 1)
    rng = np.random.default_rng(sum(lengths))
    frames = rng.integers(0, 256, (sum(lengths), 4, 6, 3), np.uint8)
    end = rng.integers(0, 256, (4, 6, 3), np.uint8)
    chunks = iter(np.split(frames, np.cumsum(lengths)[:-1]))
    out = np.concatenate(list(landed(chunks, end, len(frames), ease, spare)))
    assert len(out) == len(frames) - spare and out.dtype == np.uint8
    untouched = max(0, len(frames) - ease - spare)
    assert np.array_equal(out[:untouched], frames[:untouched])
    assert np.array_equal(out[-1], end)


@pytest.mark.parametrize(("num_frames", "spare"), [(2, 3), (5, 0), (6, 3), (7, 2), (8, 1)])
def test_a_clip_of_any_length_ends_with_its_picture(
    num_frames: int, spare: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    written: list[np.ndarray] = []
    monkeypatch.setattr(
        "ourvidz.pipeline.generate.write_clip",
        lambda chunks, *_, **__: written.append(np.concatenate([*chunks])),
    )
    manager = ModelManager(models_dir=save_tiny_starter(tmp_path / "models"), device="cpu")
    path, size = tmp_path / "end.png", (64, 64)
    Image.new("RGB", size, (200, 90, 30)).save(path)
    request = VideoRequest(
        prompt="the sky", seed=7, width=64, height=64, num_frames=num_frames,
        num_inference_steps=2, output_size=size, image=path, last_image=path,
    )  # fmt: skip
    render(request, manager, out_dir=tmp_path)
    end = as_drawn(manager.get("starter/vae"), load_image(path, size=size))
    assert len(written[0]) == num_frames and np.array_equal(written[0][-1], end)
    assert shot_of(request).spare_frames == spare
    # A clip that leads on to the next one leaves the picture to that one.
    assert replace(shot_of(request), leads_on=True).spare_frames == 0


def test_the_next_clip_starts_where_this_one_ends(tmp_path: Path) -> None:
    manager = ModelManager(device="cpu")  # the shipped weights: random ones draw all alike
    paths = []
    for name, colour in (("dusk", (60, 30, 90)), ("noon", (150, 210, 250))):
        paths.append(tmp_path / f"{name}.png")
        Image.new("RGB", NATIVE, colour).save(paths[-1])
    request = VideoRequest(
        prompt="the sky", seed=7, num_frames=17, num_inference_steps=2, output_size=NATIVE
    )
    first = render(request.replace(image=paths[0], last_image=paths[1]), manager, out_dir=tmp_path)
    after = render(request.replace(image=paths[1], num_frames=1), manager, out_dir=tmp_path)
    drawn = as_drawn(manager.get("starter/vae"), load_image(paths[1], size=NATIVE)).astype(float)
    frames = read_frames(first.path).astype(float)
    end, start = frames[-1], read_frames(after.path)[0].astype(float)
    assert abs(start - drawn).mean() < 2, "what encoding costs"
    assert abs(end - start).mean() < 2
    assert abs(end - frames[0]).mean() > 40, "it was somewhere else before"
