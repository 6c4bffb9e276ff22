"""The main job on tiny models: exact frames, repeatable, and nothing left after a failure."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ourvidz.domain.clip import Clip
from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.domain.progress import Progress, Stage
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, extend, generate_clip, preview, render
from ourvidz.pipeline.decode import decode_frames
from ourvidz.pipeline.encode import encode_condition
from ourvidz.pipeline.export import read_frames, read_metadata
from ourvidz.pipeline.images import load_image
from tests.tiny import save_tiny_starter

REQUEST = VideoRequest(
    prompt="a red sailboat at sunset",
    seed=7,
    width=96,
    height=64,
    num_frames=8,
    num_inference_steps=3,
    output_size=(96, 64),
)


def same_file(a: Clip, b: Clip) -> bool:
    return np.array_equal(read_frames(a.path), read_frames(b.path))


def picture(path: Path, seed: int = 0) -> Path:
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    Image.fromarray(blocks).resize((96, 64), Image.Resampling.BICUBIC).save(path)
    return path


def cancel_in(stage: Stage, step: int) -> Callable[[Progress], None]:
    def on_progress(progress: Progress) -> None:
        if progress.stage == stage and progress.step >= step:
            raise Cancelled

    return on_progress


def test_the_same_seed_gives_the_same_frames(manager: ModelManager, tmp_path: Path) -> None:
    first = render(REQUEST, manager, out_dir=tmp_path)
    assert same_file(first, render(REQUEST, manager, out_dir=tmp_path))
    assert not same_file(first, render(REQUEST.replace(seed=8), manager, out_dir=tmp_path))


def test_a_second_manager_gives_the_same_frames(manager: ModelManager, tmp_path: Path) -> None:
    other = ModelManager(models_dir=manager.models_dir, device="cpu")
    assert same_file(
        render(REQUEST, manager, out_dir=tmp_path), render(REQUEST, other, out_dir=tmp_path)
    )


def test_a_missing_seed_is_drawn_and_told(manager: ModelManager, tmp_path: Path) -> None:
    clip = render(REQUEST.replace(seed=None), manager, out_dir=tmp_path)
    again = render(REQUEST.replace(seed=clip.seed), manager, out_dir=tmp_path)
    assert same_file(clip, again)


def test_eighty_frames_of_eighty_one_are_delivered(manager: ModelManager, tmp_path: Path) -> None:
    request = REQUEST.replace(num_frames=80, num_inference_steps=1, output_size=(48, 32))
    clip = render(request, manager, out_dir=tmp_path)
    assert clip.num_frames == len(read_frames(clip.path)) == 80
    assert clip.seconds == 5.0
    assert clip.metadata["sampled_frames"] == "81"


def test_size_and_delivery_size_come_from_the_catalog(
    manager: ModelManager, tmp_path: Path
) -> None:
    request = VideoRequest(prompt="a cat", seed=1, num_frames=1, num_inference_steps=1)
    (still,) = preview(request, manager, out_dir=tmp_path, num_images=1)
    assert (still.width, still.height) == load_image(still.path).shape[1::-1] == (1280, 720)
    assert (still.metadata["width"], still.metadata["height"]) == ("224", "128")


def test_the_file_tells_how_to_make_it_again(manager: ModelManager, tmp_path: Path) -> None:
    request = REQUEST.replace(enhanced_prompt="A red sailboat. Golden hour.", guidance_scale=2.5)
    clip = render(request, manager, out_dir=tmp_path)
    inside = read_metadata(clip.path)
    assert inside == clip.metadata
    expected = {
        "prompt": "a red sailboat at sunset",
        "enhanced_prompt": "A red sailboat. Golden hour.",
        "model": "starter",
        "seed": "7",
        "num_inference_steps": "3",
        "guidance_scale": "2.5",
    }
    assert {key: inside[key] for key in expected} == expected
    assert [len(digest) for digest in inside["revision"].split("+")] == [12, 12]


def test_the_enhanced_prompt_is_what_the_model_reads(manager: ModelManager, tmp_path: Path) -> None:
    plain = render(REQUEST, manager, out_dir=tmp_path)
    enhanced = render(REQUEST.replace(enhanced_prompt="a storm"), manager, out_dir=tmp_path)
    assert not same_file(plain, enhanced)


def test_previews_are_counted_upward_from_the_seed(manager: ModelManager, tmp_path: Path) -> None:
    stills = preview(REQUEST, manager, out_dir=tmp_path, num_images=3)
    assert [still.seed for still in stills] == [7, 8, 9]
    (alone,) = preview(REQUEST.replace(seed=8), manager, out_dir=tmp_path, num_images=1)
    in_batch, by_itself = (load_image(still.path).astype(int) for still in (stills[1], alone))
    assert np.abs(in_batch - by_itself).mean() < 1
    assert read_metadata(stills[2].path)["seed"] == "9"


@pytest.mark.parametrize("num_images", [0, 5])
def test_one_to_four_previews_can_be_asked_for(
    manager: ModelManager, tmp_path: Path, num_images: int
) -> None:
    with pytest.raises(InvalidRequest, match="num_images: must be 1 to 4"):
        preview(REQUEST, manager, out_dir=tmp_path, num_images=num_images)


@pytest.mark.parametrize("seed", [7, 8])
def test_the_approved_picture_is_the_first_frame(
    manager: ModelManager, tmp_path: Path, seed: int
) -> None:
    image = picture(tmp_path / "image.png")
    clip = render(REQUEST.replace(image=image, seed=seed), manager, out_dir=tmp_path)
    with manager.on_gpu("starter/vae") as vae:
        known = encode_condition(vae, load_image(image)[None], None, num_frames=5).latents
        expected = next(decode_frames(vae, known))[0]
    # In brightness only: of a random model's noise H.264 keeps no colour.
    difference = (read_frames(clip.path)[0].astype(float) - expected) @ [0.2126, 0.7152, 0.0722]
    assert np.abs(difference).mean() < 4


def test_a_last_picture_changes_the_end(manager: ModelManager, tmp_path: Path) -> None:
    request = REQUEST.replace(image=picture(tmp_path / "a.png"))
    open_end = render(request, manager, out_dir=tmp_path)
    closed = render(
        request.replace(last_image=picture(tmp_path / "b.png", seed=1)), manager, out_dir=tmp_path
    )
    assert closed.metadata["ability"] == "first_last_frame"
    assert not same_file(open_end, closed)


def test_an_extension_starts_after_its_overlap(manager: ModelManager, tmp_path: Path) -> None:
    clip = render(REQUEST, manager, out_dir=tmp_path)
    longer = extend(clip.path, REQUEST, manager, out_dir=tmp_path)
    assert len(read_frames(longer.path)) == 8
    assert longer.metadata["overlap_frames"] == "5"
    assert longer.metadata["sampled_frames"] == "13"


def test_a_model_that_knows_first_frames_only_extends_by_one(
    manager: ModelManager, tmp_path: Path
) -> None:
    clip = render(REQUEST, manager, out_dir=tmp_path)
    longer = extend(clip.path, REQUEST, manager, out_dir=tmp_path, overlap_frames=1)
    assert longer.metadata["ability"] == "first_frame"
    assert longer.num_frames == len(read_frames(longer.path)) == 8


@pytest.mark.parametrize("overlap_frames", [0, 4, 37])
def test_an_overlap_off_the_rhythm_is_refused(
    manager: ModelManager, tmp_path: Path, overlap_frames: int
) -> None:
    with pytest.raises(InvalidRequest, match="overlap_frames: must be 1, 5, 9"):
        extend(tmp_path / "a.mp4", REQUEST, manager, overlap_frames=overlap_frames)


def test_an_extension_depends_on_the_clip_before(manager: ModelManager, tmp_path: Path) -> None:
    longer = [
        extend(render(request, manager, out_dir=tmp_path).path, REQUEST, manager, out_dir=tmp_path)
        for request in (REQUEST, REQUEST.replace(seed=8))
    ]
    assert not same_file(*longer)


def test_a_clip_shorter_than_the_overlap_can_not_be_extended(
    manager: ModelManager, tmp_path: Path
) -> None:
    clip = render(REQUEST.replace(num_frames=4), manager, out_dir=tmp_path)
    with pytest.raises(InvalidRequest, match="fewer than 5 frames"):
        extend(clip.path, REQUEST, manager, out_dir=tmp_path)


def test_progress_goes_forward_and_is_complete(manager: ModelManager, tmp_path: Path) -> None:
    seen: list[Progress] = []
    clip = generate_clip(REQUEST, manager, seen.append, tmp_path)
    order = ["load", "encode", "denoise", "decode", "export"]
    positions = [(order.index(p.stage), p.step) for p in seen]
    assert positions == sorted(positions)
    assert {p.stage for p in seen if p.step == p.total} == set(order) == set(clip.seconds_by_stage)
    assert seen[-1].stage == "export" and seen[-1].eta_s == 0


def test_a_live_picture_comes_with_the_denoising(manager: ModelManager, tmp_path: Path) -> None:
    seen: list[Progress] = []
    render(REQUEST, manager, seen.append, tmp_path)
    shapes = {p.preview_frame.shape for p in seen if p.preview_frame is not None}
    assert shapes == {(64, 96, 3)}


def test_the_time_left_of_a_second_run_counts_all_stages(tmp_path: Path) -> None:
    manager = ModelManager(models_dir=save_tiny_starter(tmp_path / "models"), device="cpu")
    clip = render(REQUEST, manager, out_dir=tmp_path)
    seen: list[Progress] = []
    render(REQUEST, manager, seen.append, tmp_path)
    before_denoising = next(p for p in seen if p.stage == "denoise" and p.step == 0)
    seconds = clip.seconds_by_stage
    assert before_denoising.eta_s == pytest.approx(
        seconds["denoise"] + seconds["decode"] + seconds["export"], rel=0.5
    )


@pytest.mark.parametrize(
    ("stage", "step"),
    [("load", 1), ("encode", 1), ("denoise", 2), ("decode", 2), ("export", 0)],
)
def test_a_cancelled_job_leaves_no_file_and_no_trace(
    manager: ModelManager, tmp_path: Path, stage: Stage, step: int
) -> None:
    expected = render(REQUEST, manager, out_dir=tmp_path / "a")
    folder = tmp_path / "b"
    with pytest.raises(Cancelled):
        render(REQUEST, manager, cancel_in(stage, step), folder)
    assert list(folder.iterdir()) == []
    assert same_file(render(REQUEST, manager, out_dir=folder), expected)


def test_a_cancelled_preview_leaves_none_of_its_pictures(
    manager: ModelManager, tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        preview(REQUEST, manager, cancel_in("export", 2), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_results_never_overwrite_each_other(manager: ModelManager, tmp_path: Path) -> None:
    clips = [render(REQUEST, manager, out_dir=tmp_path) for _ in range(2)]
    assert len({clip.path for clip in clips} | {clip.thumbnail for clip in clips}) == 4
    assert all(clip.path.is_file() and clip.thumbnail.is_file() for clip in clips)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"output_size": (97, 64)}, "output_size"),
        ({"image": Path("no-such-file.png")}, "image"),
        ({"model": "sora"}, "model"),
        ({"num_frames": 82}, "num_frames"),
        ({"width": 100}, "width"),
    ],
)
def test_bad_input_is_told_before_any_work(
    manager: ModelManager, tmp_path: Path, changes: dict[str, object], field: str
) -> None:
    seen: list[Progress] = []
    with pytest.raises(InvalidRequest) as refused:
        render(REQUEST.replace(**changes), manager, seen.append, tmp_path)
    assert refused.value.field == field
    assert seen == [] and list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_any_work(
    manager: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10, 10, 5_000_000))
    seen: list[Progress] = []
    with pytest.raises(Unavailable, match="4 MB free and 128 MB are needed"):
        render(REQUEST, manager, seen.append, tmp_path / "new" / "folder")
    assert seen == [] and list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_unavailable(manager: ModelManager, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(Unavailable, match="choose another folder"):
        render(REQUEST, manager, out_dir=tmp_path / "taken")


def test_a_model_that_needs_a_gpu_says_so(manager: ModelManager, tmp_path: Path) -> None:
    request = REQUEST.replace(model="wan2.1-14b")
    with pytest.raises(Unavailable, match=r"wan2\.1-14b: needs .*; use the model 'starter'"):
        render(request, manager, out_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
