"""What lies in memory: weights by format and placement, and the tensors of each stage.

The constants follow from the real classes, run on tensors without content;
`tests/pipeline/budget/test_memory.py` runs them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ourvidz.domain.dims import TransformerDims
from ourvidz.domain.family import IN_FILES, Component, ComponentName, Precision
from ourvidz.pipeline.budget.plans import Choices, ComponentPlan, Placement, Workload
from ourvidz.pipeline.budget.work import TILE_PX, checkpoint_of, encodings, tokens

_MIB = 2**20
#: Smaller components are kept in fp32, which costs nothing there.
_SMALL_BYTES = 2**30
#: Streaming keeps the block that runs and the one that comes.
_BLOCKS_AT_ONCE = 2
#: UMT5-XXL at work on 512 tokens; its embedding, which does not stream; one of its 24 blocks.
_TEXT_WORKING_BYTES = 320 * _MIB
_SMALL_TEXT_WORKING_BYTES = 16 * _MIB
_TEXT_EMBEDDING_PARAMETERS = 256_384 * 4_096
_TEXT_BLOCKS = 24
#: Of whole frames that tiles are blended into, in copies of (3, T, H, W) fp32.
_BLENDED_COPIES = 3.3
_RGB_BYTES = 12
#: Rows that an int8 product takes at once: its 32-bit sums would fill gigabytes. Each of those
#: rows holds ten bytes for every number that comes out of it, the others two.
INT8_ROWS = 4096
_INT8_ROW_BYTES, _ROW_BYTES = 10, 2
#: Of each weight of a layer while it is unpacked to 16 bits, in files by way of whole numbers: the
#: most of the formats that a file of such a size is in (IQ4 alone takes more). bf16: of a file.
_UNPACKING_BYTES: Mapping[Precision, float] = MappingProxyType(
    {"nf4": 2.0, "q8_0": 4.0, "q5_k_m": 10.0, "q4_k_s": 7.25, "bf16": 8.0}
)


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Device bytes of each stage, weights and all, and what is kept in host memory."""

    components: tuple[ComponentPlan, ...]
    encode_bytes: int
    denoise_bytes: int
    decode_bytes: int
    working_bytes: int

    @property
    def peak_bytes(self) -> int:
        """Of the largest stage."""
        return max(self.encode_bytes, self.denoise_bytes, self.decode_bytes)

    @property
    def host_bytes(self) -> int:
        """All copies in host memory."""
        return sum(part.host_bytes for part in self.components)

    @property
    def weights_bytes(self) -> int:
        """All components, wherever they are."""
        return sum(max(part.device_bytes, part.host_bytes) for part in self.components)


def needs(workload: Workload, choices: Choices) -> Needs:
    """What `workload` takes on a card when these choices are made."""
    parts = tuple(placed(part, workload, choices) for part in checkpoint_of(workload).components)
    on = {part.name: part.device_bytes for part in parts}
    stays = sum(part.device_bytes for part in parts if part.placement == "resident")

    def beside(name: ComponentName) -> int:
        """What is on the device while `name` works: itself and all that stays."""
        resident = any(part.name == name and part.placement == "resident" for part in parts)
        return stays + (0 if resident else on.get(name, 0))

    condition = vae_bytes(workload, choices, "encode") if encodings(workload) else 0
    denoise = denoise_bytes(workload, choices)
    decode = vae_bytes(workload, choices, "decode")
    texts = _TEXT_WORKING_BYTES if _is_large(workload) else _SMALL_TEXT_WORKING_BYTES
    return Needs(
        components=parts,
        encode_bytes=max(
            beside("text_encoder") + texts, beside("vae") + condition, beside("image_encoder")
        ),
        denoise_bytes=beside("transformer") + denoise,
        decode_bytes=beside("vae") + decode,
        working_bytes=max(texts, condition, denoise, decode),
    )


def placed(part: Component, workload: Workload, choices: Choices) -> ComponentPlan:
    """The format and the place of one component."""
    precision, placement = _choice(part, choices)
    whole = part.weights_bytes(precision)
    if part.name == "transformer" and workload.transformer_bytes:
        whole = workload.transformer_bytes
    device = whole if placement != "streamed" else _streamed_bytes(part, whole, workload)
    parked = part.name not in ("text_encoder", "image_encoder") or choices.text_parked
    return ComponentPlan(
        name=part.name,
        precision=precision,
        placement=placement,
        device_bytes=device,
        host_bytes=whole if placement != "resident" and parked else 0,
    )


def _choice(part: Component, choices: Choices) -> tuple[Precision, Placement]:
    small = part.weights_bytes("fp32") <= _SMALL_BYTES
    if part.name == "transformer":
        return choices.precision, choices.transformer
    if part.name == "text_encoder":
        return "fp32" if small else choices.text_precision, choices.text_encoder
    if part.name == "image_encoder":  # small, and used beside the text encoder
        return "bf16", "resident" if choices.text_encoder == "resident" else "freed after use"
    return "fp32", choices.vae


def _is_large(workload: Workload) -> bool:
    """Whether the text encoder is a language model's."""
    part = checkpoint_of(workload).component("text_encoder")
    return part is not None and part.weights_bytes("fp32") > _SMALL_BYTES


def _streamed_bytes(part: Component, whole: int, workload: Workload) -> int:
    """The blocks that are there at once, and all that is no block."""
    if part.name == "text_encoder":
        if not _is_large(workload):
            return whole
        still, blocks = _TEXT_EMBEDDING_PARAMETERS * 2, _TEXT_BLOCKS
        return still + (whole - still) // blocks * _BLOCKS_AT_ONCE
    dims = checkpoint_of(workload).transformer
    blocks = dims.num_layers + dims.vace_layers
    still = (part.parameters - blocks * dims.block_parameters) * 2
    return still + (whole - still) // blocks * _BLOCKS_AT_ONCE


def blocks_bytes(workload: Workload, whole: int) -> int:
    """Of a transformer of `whole` bytes those in blocks. Streamed, they come anew for every pass;
    the rest comes once and stays.
    """
    checkpoint = checkpoint_of(workload)
    dims, part = checkpoint.transformer, checkpoint.component("transformer")
    count = (dims.num_layers + dims.vace_layers) * dims.block_parameters
    if dims.vace_layers:  # each gives a hint, and the first one takes the tokens in
        count += (dims.vace_layers + 1) * dims.dim * (dims.dim + 1)
    return round(whole * count / part.parameters) if part else whole


def denoise_bytes(workload: Workload, choices: Choices) -> int:
    """The transformer's tensors in one pass, beside its weights."""
    dims, count = checkpoint_of(workload).transformer, tokens(workload)
    token = token_bytes(
        dims,
        choices.precision,
        interleaved=choices.interleaved,
        per_token_time=dims.per_token_time and encodings(workload) > 0,
    )
    texts = 6 * (dims.text_tokens + dims.image_tokens) * dims.dim
    beside = 0
    if choices.precision == "int8":
        rows = choices.batch * count
        sums = _INT8_ROW_BYTES * min(rows, INT8_ROWS) - _ROW_BYTES * rows
        beside = max(0, sums) * dims.ffn_dim
    elif choices.precision in ("nf4", *IN_FILES) or workload.transformer_bytes:
        beside = unpacked_bytes(dims, choices.precision, choices.batch * count)
    return choices.batch * (count * token + texts) + beside


def unpacked_bytes(dims: TransformerDims, precision: Precision, rows: int) -> int:
    """What unpacking adds to a pass over so many rows: a layer's weights in 16 bits, or more while
    they are made: in the feed-forward, where one of its tensors is gone by then, or of the layer
    that makes six vectors of the time, which is the largest and runs before there are any others.
    """
    d, f = dims.dim, dims.ffn_dim
    each = _UNPACKING_BYTES[precision]
    inside, ahead = each * d * f - 2 * rows * f, each * 6 * d * d - 18 * rows * d
    return round(max(2 * d * f, inside, ahead))


def token_bytes(
    dims: TransformerDims,
    precision: Precision,
    *,
    interleaved: bool = True,
    per_token_time: bool = False,
) -> int:
    """Of one token, where a pass holds most: in the rotation of self-attention or in the
    feed-forward; beside that, what VACE has to keep for the blocks to come.

    >>> large = TransformerDims(num_layers=40, dim=5120, ffn_dim=13824)
    >>> round(token_bytes(large, "bf16") * 75_600 / 2**30, 1)
    8.1
    """
    d, f = dims.dim, dims.ffn_dim
    inside = 5 * f if precision == "fp8" else 4 * f  # an fp8 product holds its factor as well
    rotation = 2 * dims.head_dim * 8
    total = rotation + max(22 * d, inside + 8 * d)
    if dims.vace_layers:
        total += 2 * d * (1 + (1 if interleaved else dims.vace_layers))
    return total + (38 * d if per_token_time else 0)


def vae_bytes(workload: Workload, choices: Choices, work: Literal["encode", "decode"]) -> int:
    """The VAE's fp32 tensors while it encodes the condition or decodes the clip."""
    vae = checkpoint_of(workload).vae
    px = workload.width * workload.height
    each = vae.encode_bytes if work == "encode" else vae.decode_bytes
    if workload.num_frames == 1:
        each = min(each, vae.still_bytes)
    if not choices.vae_tiling:
        return px * each
    # The encoder is given patches, and its tiles are so many of them.
    side = TILE_PX * (vae.patch if work == "encode" else 1)
    tile = min(side, workload.width) * min(side, workload.height)
    blended = 0 if work == "encode" else px * workload.num_frames * _RGB_BYTES * _BLENDED_COPIES
    return min(px * each, tile * each + round(blended))
