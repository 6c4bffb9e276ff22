"""A transformer as a GGUF file, with the names that Wan's own code gives its tensors."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import torch
from diffusers import WanTransformer3DModel
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

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
#: Where in a block of 256 weights its scales lie, of 16 bits each. The package `gguf` unpacks these
#: formats and packs none.
_SCALES = {
    GGMLQuantizationType.Q2_K: (80, 82), GGMLQuantizationType.Q3_K: (108,),
    GGMLQuantizationType.Q4_K: (0, 2), GGMLQuantizationType.Q5_K: (0, 2),
    GGMLQuantizationType.Q6_K: (208,), GGMLQuantizationType.IQ4_XS: (0,),
}  # fmt: skip


def wide_transformer(
    seed: int = 0, *, head_dim: int = 32, ffn_dim: int = 96
) -> WanTransformer3DModel:
    """The starter's text-to-video class, wide enough for blocks of 32 weights."""
    torch.manual_seed(seed)
    return WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=head_dim,
        in_channels=Z_DIM, out_channels=Z_DIM, text_dim=TEXT_DIM, freq_dim=32, ffn_dim=ffn_dim,
        num_layers=2, rope_max_seq_len=64,
    ).eval()  # fmt: skip


def wider_transformer() -> WanTransformer3DModel:
    """The same, wide enough for blocks of 256."""
    return wide_transformer(head_dim=128, ffn_dim=512)


def write_gguf(
    module: torch.nn.Module, path: Path, kind: GGMLQuantizationType = GGMLQuantizationType.Q8_0
) -> Path:
    """Linear layers packed as `kind` where their width allows it, everything else in fp32.

    BF16 counts as packed here, and is for all but vectors. In formats that nothing here packs they
    are random bits, and `module` gets their values.
    """
    writer = gguf.GGUFWriter(path, "wan")
    for name, tensor in module.state_dict().items():
        values = tensor.float().numpy()
        is_linear = tensor.ndim == 2 and name != "proj_out.weight" and "time_embedder" not in name
        is_packed = is_linear and tensor.shape[1] % GGML_QUANT_SIZES[kind][0] == 0
        is_packed |= tensor.ndim >= 2 and kind is GGMLQuantizationType.BF16
        packed = values
        if is_packed and kind in _SCALES:
            packed = _random_bits(tensor.shape, kind)
            tensor.copy_(torch.from_numpy(gguf.quants.dequantize(packed, kind)))
        elif is_packed:
            packed = gguf.quants.quantize(values, kind)
        writer.add_tensor(_original(name), packed, raw_dtype=kind if is_packed else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _random_bits(shape: torch.Size, kind: GGMLQuantizationType) -> np.ndarray:
    """As many whole blocks, with scales that make weights of a usual size."""
    weights, size = GGML_QUANT_SIZES[kind]
    source = np.random.default_rng(0)
    blocks = source.integers(0, 256, (shape[0], shape[1] // weights, size), np.uint8)
    for at in _SCALES[kind]:
        scales = source.uniform(2e-5, 1e-4, (*blocks.shape[:2], 1)).astype(np.float16)
        blocks[:, :, at : at + 2] = scales.view(np.uint8)
    return blocks.reshape(shape[0], -1)


def _original(name: str) -> str:
    if name == "scale_shift_table":
        return "head.modulation"
    if name.startswith("proj_out"):
        return name.replace("proj_out", "head.head")
    for ours, theirs in _NAMES:
        if ours in name:
            return name.replace(ours, theirs)
    return name.replace("scale_shift_table", "modulation")
