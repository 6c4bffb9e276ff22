"""Quantized weights are made once, and what was kept of them is what making them gives."""

from __future__ import annotations

import json
import resource
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import save_file
from transformers import UMT5Config, UMT5EncoderModel

from ourvidz.domain import catalog
from ourvidz.domain.family import Component, Family, Lora, Precision, Source
from ourvidz.pipeline.loading import load_component
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.quantize import format_of
from ourvidz.pipeline.weights.manifest import Manifest
from ourvidz.pipeline.weights.quantized import kept
from tests.pipeline.test_placing import inputs
from tests.vace import tiny_vace

REPOSITORY = "nobody/tiny"
ADAPTER = Lora(source=Source(kind="hub", name="nobody/adapter"), file="a.safetensors")
FAMILY = catalog.FAMILIES["wan2.1-vace-1.3b"]
#: UMT5 of the real size is quantized too, so its parts say how large they are.
TEXT = FAMILY.checkpoints[0].component("text_encoder")


def part(name: str) -> Component:
    source = Source(kind="hub", name=REPOSITORY, folder=name)
    assert TEXT
    if name == "text_encoder":
        return replace(TEXT, source=source)
    return Component(name="transformer", source=source)


TRANSFORMER = part("transformer")


@pytest.fixture
def manager(tmp_path: Path) -> ModelManager:
    """With a tiny transformer in bf16, a text encoder and an adapter."""
    torch.set_num_threads(1)
    folder = tmp_path / REPOSITORY
    tiny_vace().save_pretrained(folder / "transformer")
    config = folder / "transformer" / "config.json"
    published = json.loads(config.read_text()) | {"_class_name": "WanVACETransformer3DModel"}
    config.write_text(json.dumps(published))
    torch.manual_seed(0)
    small = UMT5Config(
        vocab_size=64, d_model=256, d_kv=64, d_ff=256, num_layers=1, num_heads=4,
        feed_forward_proj="gated-gelu", is_encoder_decoder=False,
    )  # fmt: skip
    UMT5EncoderModel(small).save_pretrained(folder / "text_encoder")
    for one in ("transformer", "text_encoder"):
        manifest = Manifest(repository=REPOSITORY, revision="first", precision="bf16")
        manifest.write(folder / one)
    weights = {
        "diffusion_model.blocks.1.self_attn.q.lora_down.weight": torch.randn(2, 24),
        "diffusion_model.blocks.1.self_attn.q.lora_up.weight": torch.randn(24, 2),
    }
    (tmp_path / ADAPTER.source.name).mkdir()
    save_file(weights, tmp_path / ADAPTER.source.name / ADAPTER.file)
    return ModelManager(models_dir=tmp_path, device="cpu")


def load(
    manager: ModelManager,
    precision: Precision = "int8",
    lora: Lora | None = None,
    part: Component = TRANSFORMER,
) -> torch.nn.Module:
    family: Family = FAMILY
    return load_component(manager, family, part, lora, precision)


def everything(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What is saved of a module and what is not."""
    return {**module.state_dict(), **dict(module.named_buffers())}


def assert_same(one: torch.nn.Module, other: torch.nn.Module) -> None:
    a, b = everything(one), everything(other)
    assert a.keys() == b.keys()
    for name, tensor in a.items():
        assert tensor.dtype == b[name].dtype, name
        assert torch.equal(tensor.view(torch.uint8), b[name].view(torch.uint8)), name


def files(manager: ModelManager) -> tuple[Path, ...]:
    assert manager.models_dir
    return kept(TRANSFORMER.source, manager.models_dir)


@pytest.mark.parametrize("precision", ["fp8", "int8", "nf4"])
@pytest.mark.parametrize("lora", [None, ADAPTER])
@torch.inference_mode()
def test_what_was_kept_is_what_quantizing_gives_without_the_original(
    manager: ModelManager, precision: Precision, lora: Lora | None
) -> None:
    made = load(manager, precision, lora)
    assert manager.models_dir and len(files(manager)) == 1
    for original in (manager.models_dir / REPOSITORY / "transformer").glob("*.safetensors"):
        original.unlink()
    found = load(manager, precision, lora)
    assert format_of(found) == precision and found.dtype == made.dtype
    assert_same(found, made)
    if precision == "nf4":  # its kernels on a CPU take no layers as narrow as these
        return
    given = {
        key: value.bfloat16() if value.is_floating_point() else value
        for key, value in inputs(made).items()
        if isinstance(value, torch.Tensor)
    }
    assert torch.equal(found(**given)[0], made(**given)[0])


@torch.inference_mode()
def test_a_text_encoder_whose_embedding_has_two_names_is_kept_too(manager: ModelManager) -> None:
    words = torch.tensor([[3, 4, 5, 1]])
    made, found = (load(manager, "nf4", part=part("text_encoder")) for _ in range(2))
    assert_same(found, made)
    assert found.shared.weight is found.encoder.embed_tokens.weight
    assert torch.equal(found(words).last_hidden_state, made(words).last_hidden_state)


@pytest.mark.parametrize("damage", ["bit", "cut", "empty"])
def test_a_damaged_file_is_made_anew(manager: ModelManager, damage: str) -> None:
    made = load(manager)
    (file,) = files(manager)
    right = file.read_bytes()
    wrong = {"bit": right[:-1] + bytes([right[-1] ^ 1]), "cut": right[:-9], "empty": b""}
    file.write_bytes(wrong[damage])
    assert_same(load(manager), made)
    assert files(manager) == (file,) and file.read_bytes() == right


def test_a_half_written_file_is_never_read_and_goes(manager: ModelManager) -> None:
    load(manager)
    (file,) = files(manager)
    part = file.with_name("int8-0123.1.part")
    file.rename(part)
    load(manager)
    assert files(manager) == (file,) and not part.exists()


def test_newer_weights_take_the_place_of_older_ones(manager: ModelManager) -> None:
    load(manager)
    load(manager, lora=ADAPTER)
    load(manager, "fp8")
    before = files(manager)
    assert len(before) == 3 and manager.models_dir
    folder = manager.models_dir / REPOSITORY / "transformer"
    tiny_vace(seed=1).save_pretrained(folder.with_name("other"))
    name = "diffusion_pytorch_model.safetensors"
    (folder.with_name("other") / name).replace(folder / name)
    Manifest(repository=REPOSITORY, revision="second", precision="bf16").write(folder)
    newer = load(manager)
    after = files(manager)
    assert len(after) == 3 and len({*before} & {*after}) == 2
    assert_same(load(manager), newer)


def test_weights_of_unknown_origin_are_not_kept(
    manager: ModelManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert manager.models_dir
    (manager.models_dir / REPOSITORY / "transformer" / "manifest.json").unlink()
    monkeypatch.setattr("ourvidz.pipeline.finding._FINGERPRINTED_BYTES", 10)
    load(manager)
    assert files(manager) == ()


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_does_not_stop_a_load(
    manager: ModelManager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 10**6))
    assert format_of(load(manager)) == "int8"
    assert files(manager) == ()
    assert "GiB are needed" in caplog.text


def test_a_disk_that_fills_while_writing_is_left_as_it_was(
    manager: ModelManager, caplog: pytest.LogCaptureFixture
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        assert format_of(load(manager)) == "int8"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "can not be written" in caplog.text
    assert manager.models_dir
    assert not [one for one in (manager.models_dir / ".quantized").rglob("*") if one.is_file()]


def test_whole_formats_and_a_manager_without_a_folder_keep_nothing(manager: ModelManager) -> None:
    load(manager, "bf16")
    assert files(manager) == ()
