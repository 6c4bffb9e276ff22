"""A transformer as a GGUF file, with the names that Wan's own code gives its tensors."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch
from diffusers import WanTransformer3DModel
from gguf import GGMLQuantizationType

from tests.tiny import TEXT_DIM, Z_DIM

_NAMES = (
    ("attn1.to_out.0", "self_attn.o"), ("attn1.to_", "self_attn."), ("attn1", "self_attn"),
    ("attn2.to_out.0", "cross_attn.o"), ("attn2.to_", "cross_attn."), ("attn2", "cross_attn"),
    ("ffn.net.0.proj", "ffn.0"), ("ffn.net.2", "ffn.2"), ("norm2", "norm3"),
    ("condition_embedder.time_embedder.linear_1", "time_embedding.0"),
    ("condition_embedder.time_embedder.linear_2", "time_embedding.2"),
    ("condition_embedder.text_embedder.linear_1", "text_embedding.0"),
    ("condition_embedder.text_embedder.linear_2", "text_embedding.2"),
    ("condition_embedder.time_proj", "time_projection.1"),
)  # fmt: skip


def wide_transformer(seed: int = 0) -> WanTransformer3DModel:
    """The starter's text-to-video class, wide enough for blocks of 32 weights."""
    torch.manual_seed(seed)
    return WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=32, in_channels=Z_DIM,
        out_channels=Z_DIM, text_dim=TEXT_DIM, freq_dim=32, ffn_dim=96, num_layers=2,
        rope_max_seq_len=64,
    ).eval()  # fmt: skip


def write_gguf(
    module: torch.nn.Module, path: Path, kind: GGMLQuantizationType = GGMLQuantizationType.Q8_0
) -> Path:
    """Linear layers of the blocks packed as `kind`, everything else in fp32."""
    writer = gguf.GGUFWriter(path, "wan")
    for name, tensor in module.state_dict().items():
        values = tensor.float().numpy()
        is_packed = tensor.ndim == 2 and "blocks." in name
        packed = gguf.quants.quantize(values, kind) if is_packed else values
        writer.add_tensor(_original(name), packed, raw_dtype=kind if is_packed else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _original(name: str) -> str:
    if name == "scale_shift_table":
        return "head.modulation"
    if name.startswith("proj_out"):
        return name.replace("proj_out", "head.head")
    for ours, theirs in _NAMES:
        if ours in name:
            return name.replace(ours, theirs)
    return name.replace("scale_shift_table", "modulation")
