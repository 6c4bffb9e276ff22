"""A second attempt goes on where the first one stopped, and never with something else's stages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ourvidz.domain.errors import Cancelled
from ourvidz.domain.progress import Progress, Stage, ignore_progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.generate import generate_clip, preview
from ourvidz.pipeline.images import load_image
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.scratch import Scratch

REQUEST = VideoRequest(
    prompt="a red sailboat at sunset", seed=7, num_frames=8, num_inference_steps=3,
    width=96, height=64, output_size=(96, 64),
)  # fmt: skip


class Watcher:
    """Counts steps by stage, and stops the job at the first report of `until`."""

    def __init__(self, until: Stage | None = None) -> None:
        self.steps: dict[str, int] = {}
        self._until = until

    def __call__(self, progress: Progress) -> None:
        if progress.stage == self._until:
            raise Cancelled
        self.steps[progress.stage] = max(progress.step, self.steps.get(progress.stage, 0))


def attempt(
    manager: ModelManager, folder: Path, request: VideoRequest = REQUEST, until: Stage | None = None
) -> dict[str, int]:
    """Steps by stage of one attempt with the scratch folder `folder`."""
    watcher = Watcher(until)
    try:
        generate_clip(request, manager, watcher, folder / "out", scratch=Scratch(folder))
    except Cancelled:
        assert until
    return watcher.steps


def test_what_was_denoised_is_not_denoised_again(manager: ModelManager, tmp_path: Path) -> None:
    whole = generate_clip(REQUEST, manager, ignore_progress, tmp_path / "whole")
    first = attempt(manager, tmp_path, until="decode")
    assert first["denoise"] == 3
    watcher = Watcher()
    clip = generate_clip(REQUEST, manager, watcher, tmp_path, scratch=Scratch(tmp_path))
    assert "denoise" not in watcher.steps and "encode" not in watcher.steps
    assert np.array_equal(read_frames(clip.path), read_frames(whole.path))


def test_a_preview_resumes_too(manager: ModelManager, tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    request = REQUEST.replace(num_frames=1)
    first = preview(request, manager, out_dir=tmp_path / "a", num_images=2, scratch=scratch)
    watcher = Watcher()
    again = preview(request, manager, watcher, tmp_path / "b", num_images=2, scratch=scratch)
    assert "denoise" not in watcher.steps
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(load_image(one.path), load_image(two.path))


def test_embeds_are_kept_when_denoising_did_not_end(manager: ModelManager, tmp_path: Path) -> None:
    request = REQUEST.replace(prompt="a prompt that no test before this one has used")
    attempt(manager, tmp_path, request, until="denoise")
    kept = sorted(path.name.partition("-")[0] for path in tmp_path.glob("*.safetensors"))
    assert kept == ["embeds"] * len(kept) and kept
    fresh = ModelManager(models_dir=manager.models_dir, device="cpu")
    watcher = Watcher()
    clip = generate_clip(request, fresh, watcher, tmp_path / "out", scratch=Scratch(tmp_path))
    assert watcher.steps["denoise"] == 3
    whole = generate_clip(request, manager, ignore_progress, tmp_path / "whole")
    assert np.array_equal(read_frames(clip.path), read_frames(whole.path))


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 8},
        {"prompt": "a blue sailboat"},
        {"enhanced_prompt": "A red sailboat. Golden hour."},
        {"negative_prompt": "waves"},
        {"num_frames": 12},
        {"num_inference_steps": 4},
        {"guidance_scale": 1.0},
        {"flow_shift": 5.0},
        {"width": 64},
    ],
    ids=str,
)
def test_another_request_is_denoised_afresh(
    manager: ModelManager, tmp_path: Path, changes: dict[str, object]
) -> None:
    attempt(manager, tmp_path)
    assert attempt(manager, tmp_path, REQUEST.replace(**changes))["denoise"] >= 3


@pytest.mark.parametrize("damage", [b"", b"not a tensor", None], ids=["empty", "foreign", "cut"])
def test_a_damaged_file_is_made_again(
    manager: ModelManager, tmp_path: Path, damage: bytes | None
) -> None:
    attempt(manager, tmp_path)
    (kept,) = tmp_path.glob("latents-*.safetensors")
    kept.write_bytes(kept.read_bytes()[:-100] if damage is None else damage)
    assert attempt(manager, tmp_path)["denoise"] == 3
    assert "denoise" not in attempt(manager, tmp_path)


def test_a_file_under_a_wrong_name_is_not_believed(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.keep_tensor("latents", {"seed": 1}, torch.ones(2))
    (one,) = tmp_path.iterdir()
    scratch.keep_tensor("latents", {"seed": 2}, torch.zeros(2))
    (two,) = set(tmp_path.iterdir()) - {one}
    two.write_bytes(one.read_bytes())
    assert scratch.tensor("latents", {"seed": 2}) is None


def test_a_folder_that_can_not_be_written_stops_no_job(
    manager: ModelManager, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("")
    scratch = Scratch(tmp_path / "taken" / "folder")
    generate_clip(REQUEST, manager, ignore_progress, tmp_path, scratch=scratch)
    assert "is not kept for another attempt" in caplog.text
    assert not list(tmp_path.glob("*.part"))


def test_texts_are_kept_by_what_they_were_made_of(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.keep_words("enhancement", {"prompt": "a cat"}, {"enhanced": "A cat. Golden hour."})
    assert scratch.words("enhancement", {"prompt": "a cat"}) == {"enhanced": "A cat. Golden hour."}
    assert scratch.words("enhancement", {"prompt": "a dog"}) is None
    assert Scratch().words("enhancement", {"prompt": "a cat"}) is None
