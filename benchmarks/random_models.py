"""The real architectures with random weights: what they cost does not depend on what they know.

A transformer is filled where it is wanted and lands on the CPU, as loading does, in the formats
that loading gives: bf16, and fp32 for what the class keeps in fp32.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel, WanVACETransformer3DModel
from torch import nn

from ourvidz.domain.family import Checkpoint, Precision
from ourvidz.pipeline.quantize import quantize

_SPREAD = 0.02
_CPU = torch.device("cpu")
#: The second generation's autoencoder, in the words of its class; the first one's are defaults.
_WAN22_VAE: dict[str, Any] = {
    "base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "is_residual": True, "patch_size": 2,
    "in_channels": 12, "out_channels": 12, "scale_factor_spatial": 16,
    "temperal_downsample": [False, True, True], "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}  # fmt: skip


def random_transformer(
    checkpoint: Checkpoint,
    kind: Any = None,
    precision: Precision = "bf16",
    device: torch.device | None = None,
) -> Any:
    """The checkpoint's transformer; `kind` is a subclass of its class to build instead.

    precision: of its linear layers, which are quantized on `device` block by block, before they
    come to the CPU: half of the way for the bytes, and never the whole in 16 bits.
    """
    dims = checkpoint.transformer
    stock = WanVACETransformer3DModel if dims.vace_layers else WanTransformer3DModel
    with torch.device("meta"):
        model = (kind or stock)(**dims.config)
    model.rope = type(model.rope)(**_rope(model))  # buffers, computed and not random
    kept = set(stock._keep_in_fp32_modules or ())
    for part in (*model.blocks, *getattr(model, "vace_blocks", ()), model):
        _fill(part, kept)
        quantize(part, precision, device or _CPU)
        nn.Module.to(part, _CPU)
    return model.eval()


def _fill(part: nn.Module, kept: set[str]) -> None:
    """Numbers for all parameters that have none yet. kept: names of what stays in fp32."""
    for name, module in part.named_modules():
        for leaf, parameter in list(module.named_parameters(recurse=False)):
            if parameter.is_meta:
                is_kept = kept & {*f"{name}.{leaf}".split(".")}
                dtype = torch.float32 if is_kept else torch.bfloat16
                setattr(module, leaf, nn.Parameter(_filled(parameter.shape, dtype), False))


def random_vae(checkpoint: Checkpoint) -> AutoencoderKLWan:
    """The checkpoint's autoencoder in fp32, as it runs."""
    config = _WAN22_VAE if checkpoint.vae.spatial_factor == 16 else {}
    return AutoencoderKLWan(**config).eval()


def _rope(model: Any) -> dict[str, Any]:
    config = model.config
    return {
        "attention_head_dim": config.attention_head_dim,
        "patch_size": config.patch_size,
        "max_seq_len": config.rope_max_seq_len,
    }


def _filled(shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
    """Filled on a GPU where there is one: a CPU alone takes minutes for billions of numbers."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.empty(shape, dtype=dtype, device=device).uniform_(-_SPREAD, _SPREAD)
