"""Several processes give what one gives, and a failure of one ends all with its reason."""

from __future__ import annotations

import multiprocessing
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.distributed import distributed_c10d

from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.domain.progress import Progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, render
from ourvidz.pipeline.crew import check, crewed
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.parallel import joined, take_card
from ourvidz.pipeline.shot import Shot, shot_of
from tests.shares import compare
from tests.tiny import save_tiny_starter

REQUEST = VideoRequest(
    prompt="a red sailboat", seed=7, width=96, height=64, num_frames=5, num_inference_steps=2,
    guidance_scale=4.0, output_size=(96, 64),
)  # fmt: skip


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ModelManager]:
    torch.set_num_threads(1)
    yield ModelManager(models_dir=save_tiny_starter(tmp_path / "models"), device="cpu")
    assert not multiprocessing.active_children()


def test_two_processes_make_the_clip_of_one(manager: ModelManager, tmp_path: Path) -> None:
    alone = read_frames(render(REQUEST, manager, out_dir=tmp_path).path).astype(int)
    seen: list[str] = []
    with crewed(manager, REQUEST, 2):
        assert manager.share
        name = next(name for name in manager.names if "/transformer" in name)
        shapes: list[torch.Size] = []
        block = manager.get(name).blocks[1]
        hook = block.register_forward_pre_hook(lambda _, args: shapes.append(args[0].shape))
        clip = render(REQUEST, manager, lambda p: seen.append(p.stage), tmp_path)
        hook.remove()
    assert {tuple(shape) for shape in shapes} == {(1, 6, 24)}  # half of 12 tokens
    assert {"denoise", "decode", "export"} <= {*seen}
    assert abs(read_frames(clip.path).astype(int) - alone).max() <= 2
    again = read_frames(render(REQUEST, manager, out_dir=tmp_path).path)
    assert (again == alone).all(), "nothing of a crew is left"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there are cards")
@pytest.mark.parametrize(("name", "number"), [("cuda", 0), ("cuda:1", 1)])
def test_every_process_has_a_card_of_its_own(
    name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its number: torch's own function refuses a device that has none."""
    chosen: list[int] = []
    monkeypatch.setattr(torch._C, "_cuda_setDevice", chosen.append, raising=False)
    take_card(torch.device(name))
    assert chosen == [number]


def test_a_group_that_did_not_start_is_an_error_at_once_and_the_next_one_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By that name helpers, which are new processes, look for it; else they wait ten minutes."""
    names: list[str] = []

    def start(*_: object, **__: object) -> None:
        names.append(distributed_c10d._process_group_name([], use_hashed_name=False))
        raise torch.distributed.DistStoreError("nobody came\nException raised from get")

    monkeypatch.setattr(torch.distributed, "init_process_group", start)
    try:
        for _ in range(2):
            text = r"several GPUs: .*\(nobody came\); leave --gpus out"
            work = joined(0, 2, torch.device("cpu"), tmp_path / "meeting")
            with pytest.raises(Unavailable, match=text), work:
                pass
    finally:
        distributed_c10d._world.group_count = 0
    assert names == ["0", "0"]


def test_every_way_to_run_can_be_divided(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(compare, args=(2, tmp_path), nprocs=2)
    for rank in range(2):
        errors = literal_eval((tmp_path / f"{rank}.txt").read_text())
        assert {*errors} == {"plain", "int8", "streamed", "forecast"}
        assert max(errors.values()) < 1e-5, errors


def test_a_picture_may_begin_it(manager: ModelManager, tmp_path: Path) -> None:
    first = render(REQUEST, manager, out_dir=tmp_path).thumbnail
    request = REQUEST.replace(image=first)
    alone = read_frames(render(request, manager, out_dir=tmp_path).path).astype(int)
    with crewed(manager, request, 2):
        together = read_frames(render(request, manager, out_dir=tmp_path).path).astype(int)
    assert abs(together - alone).max() <= 2


def test_a_helper_that_fails_says_why_and_nobody_waits(
    manager: ModelManager, tmp_path: Path
) -> None:
    render(REQUEST, manager, out_dir=tmp_path)  # ours is loaded, the helper's is damaged
    assert manager.models_dir
    weights = manager.models_dir / "ourvidz.starter/weights/text_to_video/transformer"
    (weights / "diffusion_pytorch_model.safetensors").unlink()  # ours is a page of it
    with (
        pytest.raises(Unavailable, match=r"another GPU: weights of starter: .*can not be loaded"),
        crewed(manager, REQUEST, 2),
    ):
        render(REQUEST, manager, out_dir=tmp_path)
    assert manager.share is None


def test_a_cancel_ends_all(manager: ModelManager, tmp_path: Path) -> None:
    def cancel(progress: Progress) -> None:
        if progress.stage == "denoise" and progress.step:
            raise Cancelled

    with pytest.raises(Cancelled), crewed(manager, REQUEST, 2):
        render(REQUEST, manager, cancel, tmp_path)
    assert not [*tmp_path.glob("*.mp4")]


def test_what_can_not_be_shared_is_refused() -> None:
    shot = shot_of(REQUEST)
    with pytest.raises(InvalidRequest, match="gpus: 3 can not share this clip; it can be 2, 4"):
        check(shot, 3)
    large = replace(REQUEST, model="wan2.1-14b", width=1280, height=720, num_frames=81)
    for count in (2, 4, 5, 8):
        check(Shot(request=large, ability="text_to_video"), count)
    with pytest.raises(InvalidRequest, match="gpus: 7 can not"):
        check(Shot(request=large, ability="text_to_video"), 7)
    vace = Shot(request=large.replace(model="wan2.1-vace-14b"), ability="text_to_video")
    with pytest.raises(InvalidRequest, match="runs on one only"):
        check(vace, 2)
