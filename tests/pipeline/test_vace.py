"""The VACE family through the same door as every other: words, pictures and references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Component, Family, Lora, Source
from ourvidz.domain.progress import Progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, extend, preview, render
from ourvidz.pipeline.budget import Plan, machine_named, plan
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.images import load_image
from ourvidz.pipeline.interleaved import InterleavedVACETransformer
from ourvidz.pipeline.ladder import Ladder
from ourvidz.pipeline.loading import load_component
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.shot import Shot, sample
from ourvidz.pipeline.streaming import is_streamed
from tests.vace import tiny_vace, tiny_wan_vae

REQUEST = VideoRequest(
    prompt="a red sailboat", model="tiny-vace", seed=7, width=96, height=64, num_frames=5,
    num_inference_steps=2, flow_shift=3.0, guidance_scale=5.0, output_size=(96, 64),
)  # fmt: skip


@pytest.fixture(scope="module")
def family() -> Family:
    """VACE 1.3B with tiny weights, which needs no card, and MiniLM for its words."""
    real = catalog.FAMILIES["wan2.1-vace-1.3b"]
    starter = catalog.FAMILIES["starter"].checkpoints[0].components
    words = [one for one in starter if one.name in ("tokenizer", "text_encoder")]
    own = [
        Component(name=name, source=Source(kind="hub", name="nobody/tiny-vace", folder=name))
        for name in ("transformer", "vae")
    ]
    checkpoint = replace(real.checkpoints[0], components=(*words, *own), sizes=((96, 64),))
    return replace(
        real, name="tiny-vace", checkpoints=(checkpoint,), needs="", max_sequence_length=16
    )


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> ModelManager:
    torch.set_num_threads(1)
    models_dir = tmp_path_factory.mktemp("models")
    folder = models_dir / "nobody" / "tiny-vace"
    tiny_wan_vae().save_pretrained(folder / "vae")
    tiny_vace().save_pretrained(folder / "transformer")
    config = folder / "transformer" / "config.json"  # as it is published
    config.write_text(
        config.read_text()
        .replace("InterleavedVACE", "WanVACE")
        .replace("WanVACETransformer", "WanVACETransformer3DModel")
    )
    made = ModelManager(models_dir=models_dir, device="cpu")
    made._dtypes["matmul"] = torch.float32  # whatever this processor is faster in
    return made


@pytest.fixture(autouse=True)
def known(family: Family, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalog has one more family while these tests run."""
    monkeypatch.setattr(catalog, "FAMILIES", {**catalog.FAMILIES, family.name: family})
    yield


def picture(path: Path, seed: int, size: tuple[int, int] = (96, 64)) -> Path:
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def frames(request: VideoRequest, manager: ModelManager, folder: Path) -> np.ndarray:
    return read_frames(render(request, manager, out_dir=folder).path).astype(int)


def test_every_given_picture_changes_the_clip(manager: ModelManager, tmp_path: Path) -> None:
    first, last, who = (picture(tmp_path / f"{n}.png", n) for n in range(3))
    requests = [
        REQUEST,
        REQUEST.replace(image=first),
        REQUEST.replace(image=first, last_image=last),
        REQUEST.replace(reference_images=(who,)),
        REQUEST.replace(reference_images=(who, last)),
        REQUEST.replace(image=first, reference_images=(who,)),
    ]
    clips = [render(request, manager, out_dir=tmp_path) for request in requests]
    assert [clip.metadata["ability"] for clip in clips] == [
        "text_to_video", "first_frame", "first_last_frame", "reference", "reference",
        "first_frame",
    ]  # fmt: skip
    made = [read_frames(clip.path) for clip in clips]
    assert all(one.shape == (5, 64, 96, 3) for one in made)
    assert len({one.tobytes() for one in made}) == len(made)
    assert len(clips[4].metadata["references_sha256"]) == 64
    name = next(n for n in manager.names if "/transformer" in n)
    assert isinstance(manager.get(name), InterleavedVACETransformer)


def test_the_approved_picture_is_the_first_frame(manager: ModelManager, tmp_path: Path) -> None:
    image = picture(tmp_path / "image.png", 0)
    others = [frames(REQUEST.replace(image=image, seed=seed), manager, tmp_path) for seed in (7, 8)]
    assert np.abs(others[0][0] - others[1][0]).mean() < 4
    assert not np.array_equal(*others)


def test_a_character_is_in_the_preview_too(manager: ModelManager, tmp_path: Path) -> None:
    who = picture(tmp_path / "who.png", 3, size=(40, 80))
    plain = preview(REQUEST, manager, out_dir=tmp_path, num_images=2)
    shown = preview(
        REQUEST.replace(reference_images=(who,)), manager, out_dir=tmp_path, num_images=2
    )
    a, b = (load_image(stills[1].path) for stills in (plain, shown))
    assert a.shape == b.shape == (64, 96, 3) and not np.array_equal(a, b)


def test_it_goes_on_with_a_clip(manager: ModelManager, tmp_path: Path) -> None:
    clip = render(REQUEST, manager, out_dir=tmp_path)
    longer = extend(clip.path, REQUEST, manager, out_dir=tmp_path)
    assert longer.metadata["ability"] == "extension" and longer.num_frames == 5


def test_a_model_without_references_says_which_has_them(
    manager: ModelManager, tmp_path: Path
) -> None:
    request = REQUEST.replace(model="starter", reference_images=(picture(tmp_path / "a.png", 0),))
    with pytest.raises(InvalidRequest, match=r"reference_images: are not understood by starter"):
        render(request, manager, out_dir=tmp_path)


def test_where_the_plan_lays_the_parts_changes_no_bit(manager: ModelManager) -> None:
    shot = Shot(request=REQUEST, ability="text_to_video")
    latents: list[torch.Tensor] = []
    seen: list[Progress] = []
    reporter = Reporter(seen.append)
    for transformer, vae in (
        ("resident", "resident"), ("streamed", "freed after use"), ("freed after use", "resident")
    ):  # fmt: skip
        ladder = Ladder(shot, manager, reporter)
        parts = tuple(
            replace(part, placement={"transformer": transformer, "vae": vae}.get(part.name))
            if part.name in ("transformer", "vae")
            else part
            for part in ladder.plan.components
        )
        ladder.plan = replace(ladder.plan, components=parts)
        latents.append(ladder.climb(lambda names: sample(shot, names, manager, reporter)))
        name = next(n for n in manager.names if "/transformer" in n)
        assert is_streamed(manager.get(name)) == (transformer == "streamed")
    assert all(torch.equal(one, latents[0]) for one in latents)
    assert any(progress.preview_frame is not None for progress in seen)


@pytest.fixture(scope="module")
def adapter(manager: ModelManager) -> Lora:
    """Rank 2, on two layers of every main block."""
    weights = {}
    for block in range(4):
        for layer in ("self_attn.q", "cross_attn.o"):
            name = f"diffusion_model.blocks.{block}.{layer}"
            weights[f"{name}.lora_down.weight"] = torch.randn(2, 24)
            weights[f"{name}.lora_up.weight"] = torch.randn(24, 2)
    lora = Lora(source=Source(kind="hub", name="nobody/adapter"), file="a.safetensors")
    assert manager.models_dir is not None
    folder = manager.models_dir / "nobody" / "adapter"
    folder.mkdir()
    save_file(weights, folder / lora.file)
    return lora


def test_an_adapter_reaches_the_main_blocks_and_no_control_block(
    family: Family, manager: ModelManager, adapter: Lora
) -> None:
    part = family.checkpoints[0].component("transformer")
    assert part is not None
    plain, fused = (
        load_component(manager, family, part, added).state_dict() for added in (None, adapter)
    )
    changed = {name for name, value in plain.items() if not torch.equal(value, fused[name])}
    assert plain.keys() == fused.keys()
    assert changed == {
        f"blocks.{block}.{layer}.weight"
        for block in range(4)
        for layer in ("attn1.to_q", "attn2.to_out.0")
    }


def test_an_adapter_is_added_before_layers_are_quantized(
    family: Family, manager: ModelManager, adapter: Lora
) -> None:
    part = family.checkpoints[0].component("transformer")
    assert part is not None
    exact = load_component(manager, family, part, adapter).blocks[1].attn1.to_q
    eight = load_component(manager, family, part, adapter, "int8").blocks[1].attn1.to_q
    x = torch.randn(3, 24)
    with torch.inference_mode():
        assert float((eight(x) - exact(x)).norm() / exact(x).norm()) < 0.03


@pytest.mark.parametrize(("card", "precision"), [("RTX 4090", "fp8"), ("RTX 3060", "bf16")])
def test_the_plan_of_a_card_is_carried_out_to_the_last_choice(
    manager: ModelManager, card: str, precision: str
) -> None:
    """Every line that a card runs, but for the compiler and the copies between memories."""
    request = REQUEST.replace(num_inference_steps=20)
    shot = Shot(request=request, ability="text_to_video")
    reporter = Reporter(lambda progress: None)

    def sampled(made: Plan | None) -> torch.Tensor:
        ladder = Ladder(shot, manager, reporter)
        ladder.plan = made or ladder.plan
        return ladder.climb(lambda names: sample(shot, names, manager, reporter))

    exact = sampled(None)
    made = plan(request, machine_named(card), ability="text_to_video")
    streamed = tuple(
        replace(part, placement="streamed") if part.name == "transformer" else part
        for part in made.components
    )
    made = replace(made, compile=False, components=streamed)
    assert made.quantization == precision and made.cache
    found = sampled(made)
    name = next(n for n in manager.names if "/transformer" in n)
    assert manager.format(name) == {"fp8": "fp8"}.get(precision, "float32")
    # 8 bits change a little; of forecasts the guard lets through none that change much.
    error = float((found - exact).norm() / exact.norm())
    assert error < 0.2 and (error > 0) >= (precision == "fp8")
