"""When memory runs out a job goes on with less of it, tells so, and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ourvidz.domain.errors import OutOfMemory
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, preview, render
from ourvidz.pipeline.export import read_frames, read_metadata
from ourvidz.pipeline.images import load_image
from ourvidz.pipeline.ladder import plan_of
from ourvidz.pipeline.profiles import resolve
from ourvidz.pipeline.shot import Shot

#: Wider than a tile of 256 px.
WIDE = VideoRequest(
    prompt="a red sailboat", seed=7, width=320, height=64, num_frames=5, num_inference_steps=2,
    output_size=(320, 64),
)  # fmt: skip


@contextmanager
def with_room_for(
    module: torch.nn.Module, fits: Callable[[torch.Tensor], bool]
) -> Iterator[list[int]]:
    """A module that runs out of memory for inputs that do not fit; counts how often."""
    times: list[int] = []

    def forward(_: Any, args: Any, kwargs: dict[str, Any]) -> None:
        given = kwargs.get("hidden_states", args[0] if args else None)
        if not fits(given):
            times.append(1)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.")

    hook = module.register_forward_pre_hook(forward, with_kwargs=True)
    try:
        yield times
    finally:
        hook.remove()


def test_a_picture_too_large_for_the_vae_is_decoded_by_tiles(
    manager: ModelManager, tmp_path: Path
) -> None:
    whole = render(WIDE, manager, out_dir=tmp_path)
    decoder = manager.get("starter/vae").decoder
    with with_room_for(decoder, lambda latents: latents.shape[-1] <= 16) as times:
        clip = render(WIDE, manager, out_dir=tmp_path)
    assert len(times) == 2  # the live picture, which a job can do without, and the clip
    assert clip.metadata["out_of_memory"] == "decode: tile_vae"
    assert clip.metadata["plan"].endswith("by tiles")
    assert read_metadata(clip.path) == clip.metadata
    assert "out_of_memory" not in whole.metadata
    a, b = (read_frames(one.path).astype(int) for one in (whole, clip))
    assert a.shape == b.shape
    # Outside of the seam the pictures are the same, but for the video's compression.
    assert np.abs(a[:, :, :128] - b[:, :, :128]).mean() < 8


@pytest.mark.parametrize(("overlap", "sampled"), [(5, 85), (33, 113)])
def test_an_extension_is_planned_with_all_the_frames_that_it_samples(
    manager: ModelManager, overlap: int, sampled: int
) -> None:
    request = resolve(WIDE.replace(num_frames=80))
    clip = plan_of(Shot(request=request, ability="first_frame"), manager)
    longer = plan_of(Shot(request=request, ability="extension", overlap=overlap), manager)
    assert (clip.workload.num_frames, longer.workload.num_frames) == (81, sampled)
    assert longer.peak_bytes > clip.peak_bytes


def test_the_next_job_begins_with_the_best_plan_again(
    manager: ModelManager, tmp_path: Path
) -> None:
    decoder = manager.get("starter/vae").decoder
    with with_room_for(decoder, lambda latents: latents.shape[-1] <= 16):
        render(WIDE, manager, out_dir=tmp_path)
    assert not render(WIDE, manager, out_dir=tmp_path).metadata["plan"].endswith("by tiles")


def test_pictures_that_do_not_fit_at_once_are_made_one_by_one(
    manager: ModelManager, tmp_path: Path
) -> None:
    together = preview(WIDE, manager, out_dir=tmp_path, num_images=3)
    name = next(n for n in manager.names if "text_to_video/transformer" in n)
    with with_room_for(manager.get(name), lambda latents: len(latents) == 1) as times:
        alone = preview(WIDE, manager, out_dir=tmp_path, num_images=3)
    assert len(times) == 1
    assert [still.seed for still in alone] == [7, 8, 9]
    assert alone[0].metadata["out_of_memory"] == "denoise: one_by_one"
    for a, b in zip(together, alone, strict=True):
        assert np.abs(load_image(a.path).astype(int) - load_image(b.path)).mean() < 1


def test_without_a_rung_the_job_fails_and_the_manager_lives(
    manager: ModelManager, tmp_path: Path
) -> None:
    expected = render(WIDE, manager, out_dir=tmp_path / "a")
    folder = tmp_path / "b"
    decoder = manager.get("starter/vae").decoder
    with with_room_for(decoder, lambda latents: False) as times, pytest.raises(OutOfMemory) as full:
        render(WIDE, manager, out_dir=folder)
    assert full.value.stage == "decode" and full.value.need_bytes > 0
    assert len(times) == 3  # the live picture; then the clip as planned, and by tiles
    assert list(folder.iterdir()) == []
    again = render(WIDE, manager, out_dir=folder)
    assert np.array_equal(read_frames(again.path), read_frames(expected.path))
