"""Write trained models in diffusers' folder layout, bf16, no file above 16 MiB.

text_to_video/ is loadable by `WanPipeline.from_pretrained`, image_to_video/ by
`WanImageToVideoPipeline.from_pretrained`, given vae, tokenizer and text_encoder.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import UniPCMultistepScheduler, WanTransformer3DModel

from ourvidz.starter.train import transformer as recipe
from ourvidz.starter.train import vae as vae_recipe

_SHARD = "15MB"


def export(folder: Path, weights: Path, vae: Path | None = None) -> None:
    """Write the averaged models of the checkpoints in `folder` to `weights`.

    vae: where the autoencoder lies, if not in `folder`: a checkpoint's folder or exported weights.
    """
    statistics = json.loads((folder / "transformer" / "latents.json").read_text())
    export_vae(vae_recipe.load(vae or folder / "vae_clips"), statistics, weights)
    model = WanTransformer3DModel(**recipe.CONFIG)
    state = torch.load(folder / "transformer" / "checkpoint.pt", weights_only=True)
    kept = {name: part for name, part in state["average"].items() if name.split(".")[0] != "reader"}
    model.load_state_dict(kept)
    _export_pipeline(model, "WanImageToVideoPipeline", weights / "image_to_video")
    _export_pipeline(without_condition(model), "WanPipeline", weights / "text_to_video")


def export_vae(vae: Any, statistics: dict[str, list[float]], weights: Path) -> None:
    """Write the VAE with the mean and std of its latents in its configuration."""
    vae.register_to_config(
        latents_mean=statistics["latents_mean"], latents_std=statistics["latents_std"]
    )
    _fresh(weights / "vae")
    vae.to(torch.bfloat16).save_pretrained(weights / "vae", max_shard_size=_SHARD)


def without_condition(model: WanTransformer3DModel) -> WanTransformer3DModel:
    """The same network for noisy latents alone: a zero condition adds exactly nothing."""
    channels = recipe.CONFIG["out_channels"]
    plain = WanTransformer3DModel(**(recipe.CONFIG | {"in_channels": channels}))
    state = model.state_dict()
    state["patch_embedding.weight"] = state["patch_embedding.weight"][:, :channels]
    plain.load_state_dict(state)
    return plain


def _export_pipeline(model: WanTransformer3DModel, kind: str, folder: Path) -> None:
    _fresh(folder)
    _to_bf16(model).save_pretrained(folder / "transformer", max_shard_size=_SHARD)
    scheduler = UniPCMultistepScheduler(
        prediction_type="sample", use_flow_sigmas=True, flow_shift=3.0
    )
    scheduler.save_pretrained(folder / "scheduler")
    index = {
        "_class_name": kind,
        "_diffusers_version": diffusers.__version__,
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "text_encoder": ["transformers", "BertModel"],
        "tokenizer": ["transformers", "BertTokenizerFast"],
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLWan"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


def _to_bf16(model: WanTransformer3DModel) -> WanTransformer3DModel:
    """Cast in place, except what diffusers keeps in fp32 when it loads."""
    keep = model._keep_in_fp32_modules or []
    for name, parameter in model.named_parameters():
        if not any(part in name.split(".") for part in keep):
            parameter.data = parameter.data.to(torch.bfloat16)
    return model


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
