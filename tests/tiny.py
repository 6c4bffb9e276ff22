"""Tiny random-weight models of the starter's exact classes."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel

Z_DIM = 8
TEXT_DIM = 384  # what MiniLM gives


def tiny_vae(seed: int = 0) -> AutoencoderKLWan:
    """16x spatial by patches of 4, 4x temporal, like the starter's."""
    torch.manual_seed(seed)
    return AutoencoderKLWan(
        base_dim=8,
        decoder_base_dim=8,
        z_dim=Z_DIM,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[True, True],
        latents_mean=[0.1] * Z_DIM,
        latents_std=[0.5] * Z_DIM,
        is_residual=True,
        in_channels=48,
        out_channels=48,
        patch_size=4,
        scale_factor_temporal=4,
        scale_factor_spatial=16,
    ).eval()


def tiny_transformer(*, conditioned: bool = False, seed: int = 0) -> WanTransformer3DModel:
    """Two blocks of width 24; `conditioned` adds the channels of mask and known latents."""
    torch.manual_seed(seed)
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=2 * Z_DIM + 4 if conditioned else Z_DIM,
        out_channels=Z_DIM,
        text_dim=TEXT_DIM,
        freq_dim=32,
        ffn_dim=32,
        num_layers=2,
        rope_max_seq_len=64,
    ).eval()


def save_tiny_starter(models_dir: Path) -> Path:
    """Write tiny models where `ModelManager(models_dir=...)` looks for the starter's first."""
    weights = models_dir / "ourvidz.starter" / "weights"
    tiny_vae().save_pretrained(weights / "vae")
    for folder, conditioned in (("text_to_video", False), ("image_to_video", True)):
        transformer = tiny_transformer(conditioned=conditioned)
        transformer.save_pretrained(weights / folder / "transformer")
    return models_dir
