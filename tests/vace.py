"""Tiny random-weight models of the VACE family's exact classes."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKLWan

from ourvidz.pipeline.interleaved import InterleavedVACETransformer

TEXT_DIM = 384


def tiny_vace(seed: int = 0) -> InterleavedVACETransformer:
    """Four blocks of width 24, two of them guided."""
    torch.manual_seed(seed)
    return InterleavedVACETransformer(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=16,
        out_channels=16,
        text_dim=TEXT_DIM,
        freq_dim=32,
        ffn_dim=32,
        num_layers=4,
        rope_max_seq_len=64,
        vace_layers=[0, 2],
        vace_in_channels=96,
    ).eval()


def tiny_wan_vae(seed: int = 0) -> AutoencoderKLWan:
    """8x spatial and 4x temporal without patches, like that of Wan 2.1."""
    torch.manual_seed(seed)
    return AutoencoderKLWan(
        base_dim=3,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    ).eval()
