"""What a model family is: plain values that say what it can do and where its files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ourvidz.domain.dims import TransformerDims, VaeDims
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import Profile

Ability = Literal[
    "image",
    "text_to_video",
    "first_frame",
    "first_last_frame",
    "extension",
    "reference",
]
ComponentName = Literal["tokenizer", "text_encoder", "transformer", "vae", "image_encoder"]
Precision = Literal["fp32", "bf16", "int8", "fp8", "q8_0", "q5_k_m", "q4_k_s", "nf4"]
Size = tuple[int, int]

ABILITIES: tuple[Ability, ...] = get_args(Ability)

#: Formats that this program makes of 16-bit weights when it loads them.
MADE_HERE: tuple[Precision, ...] = ("fp8", "int8", "nf4")
#: Formats of GGUF files, which a user brings along.
IN_FILES: tuple[Precision, ...] = ("q4_k_s", "q5_k_m", "q8_0")

#: Difference of aspect ratio up to which a file may stretch what was sampled.
_MAX_STRETCH = 0.03
#: The shortest side that a file can have.
_LEAST_PX = 16

#: Bits of one quantized weight. nf4 with double quantization; files of GGUF as they are published:
#: they mix formats, and a few small tensors in them have 16 or 32 bits.
BITS: Mapping[Precision, float] = {
    "fp32": 32, "bf16": 16, "int8": 8, "fp8": 8, "q8_0": 8.65, "q5_k_m": 6.11, "q4_k_s": 5.0,
    "nf4": 4.127,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Source:
    """A folder with files of a model: inside an installed Python package or a hub repository.

    name: import name of the package, or "owner/repository". folder: with slashes, "" is the top.
    revision: commit of the repository; None for packages (their version is pinned instead) and
    where no commit has been checked yet.
    """

    kind: Literal["package", "hub"]
    name: str
    folder: str = ""
    revision: str | None = None


@dataclass(frozen=True, kw_only=True)
class Component:
    """One part of a checkpoint. A tokenizer has no parameters.

    quantizable: parameters that the quantizers reach (Linear layers); the rest stays in bf16.
    """

    name: ComponentName
    source: Source
    parameters: int = 0
    quantizable: int = 0

    def weights_bytes(self, precision: Precision) -> int:
        """Memory of the weights alone.

        >>> umt5 = Component(name="text_encoder", source=Source(kind="hub", name="a/b"),
        ...                  parameters=5_680_910_336, quantizable=3_623_878_656)
        >>> [round(umt5.weights_bytes(p) / 2**30, 1) for p in ("fp32", "bf16", "nf4")]
        [21.2, 10.6, 5.6]
        """
        if precision in ("fp32", "bf16"):
            return self.parameters * int(BITS[precision]) // 8
        rest = self.parameters - self.quantizable
        return round(self.quantizable * BITS[precision] / 8) + rest * 2


@dataclass(frozen=True, kw_only=True)
class Lora:
    """An adapter with which a checkpoint samples in few steps without guidance."""

    source: Source
    file: str
    licence: str = "Apache-2.0"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights that were trained together and what they can do.

    sizes: (width, height) px it was trained at, the default first. lora: its step-distilled
    adapter, where one was published. prediction_type: what the transformer predicts, velocities
    or the clean latents themselves, in the words of diffusers' schedulers. transformer, vae: the
    shapes that memory and time follow from.
    """

    abilities: tuple[Ability, ...]
    components: tuple[Component, ...]
    sizes: tuple[Size, ...]
    transformer: TransformerDims
    vae: VaeDims
    lora: Lora | None = None
    prediction_type: Literal["flow_prediction", "sample"] = "flow_prediction"
    licence: str = "Apache-2.0"

    def component(self, name: ComponentName) -> Component | None:
        """The part called `name`, or None where this checkpoint has none."""
        return next((part for part in self.components if part.name == name), None)

    def weights_bytes(self, precision: Precision) -> int:
        """All components: what can be quantized in `precision`, the rest in bf16."""
        return sum(
            part.weights_bytes(precision if part.quantizable else "bf16")
            for part in self.components
        )


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a profile samples.

    distilled: with the checkpoint's adapter and the sampler it was distilled for, unguided.
    """

    num_inference_steps: int
    guidance_scale: float
    flow_shift: float
    distilled: bool = False

    @property
    def forwards(self) -> int:
        """Transformer passes of one clip: two per step with guidance, one without.

        >>> Sampling(num_inference_steps=20, guidance_scale=4.0, flow_shift=3.0).forwards
        40
        """
        return self.num_inference_steps * (2 if self.guidance_scale > 1 else 1)


@dataclass(frozen=True, kw_only=True)
class Family:
    """A model that users choose by name.

    size_multiple: width and height must be multiples of it. max_frames: longest it was trained
    for. delivery_size: (width, height) px of a landscape file, in the proportions of the sizes it
    was trained at. precisions: formats its large components may be held in, best first. needs:
    what a machine must have, "" for nothing. draws_first: clips from words are better when they
    start from a preview of their own. plain_colours: it reads the plainest names of colours only,
    see `domain.colours`.
    """

    name: str
    summary: str
    checkpoints: tuple[Checkpoint, ...]
    profiles: Mapping[Profile, Sampling]
    size_multiple: int = 16
    max_frames: int = 81
    max_sequence_length: int = 512
    delivery_size: Size = (1280, 720)
    precisions: tuple[Precision, ...] = (
        "bf16", "fp8", "int8", "q8_0", "q5_k_m", "q4_k_s", "nf4",
    )  # fmt: skip
    needs: str = ""
    draws_first: bool = False
    plain_colours: bool = False

    @property
    def sizes(self) -> tuple[Size, ...]:
        """(width, height) px it was trained at, the default first."""
        return self.checkpoints[0].sizes

    @property
    def abilities(self) -> tuple[Ability, ...]:
        """All that some checkpoint of it can do."""
        able = {ability for checkpoint in self.checkpoints for ability in checkpoint.abilities}
        return tuple(ability for ability in ABILITIES if ability in able)

    def checkpoint(self, ability: Ability) -> Checkpoint:
        """The checkpoint to load for `ability`.

        Raises InvalidRequest("model", ...) when the family can not do it.
        """
        for checkpoint in self.checkpoints:
            if ability in checkpoint.abilities:
                return checkpoint
        raise InvalidRequest(
            "model",
            f"{self.name} can not do {ability}; it can do {', '.join(self.abilities)}",
        )

    def sampling(self, profile: Profile, ability: Ability) -> Sampling:
        """How `profile` samples here; raises InvalidRequest when `ability` has no such profile."""
        sampling = self.profiles[profile]
        if sampling.distilled and self.checkpoint(ability).lora is None:
            raise InvalidRequest(
                "profile",
                f"{self.name} has no {profile} version for {ability}; use balanced",
            )
        return sampling

    def check_size(self, width: int, height: int) -> None:
        """Raise InvalidRequest for a size in px that the model's grid does not allow."""
        for field, px in (("width", width), ("height", height)):
            if px < self.size_multiple or px % self.size_multiple:
                near = max(1, round(px / self.size_multiple)) * self.size_multiple
                raise InvalidRequest(
                    field, f"{px} is not a multiple of {self.size_multiple}; use {near}"
                )

    def delivered_size(self, width: int, height: int) -> Size:
        """Size in px of the file made from a model size: portrait stays portrait.

        What the delivery size would stretch by more than 3 % is as large as fits into it.

        >>> model = Family(name="any", summary="", checkpoints=(), profiles={})
        >>> model.delivered_size(832, 480), model.delivered_size(512, 512)
        ((1280, 720), (720, 720))
        """
        long, short = self.delivery_size
        box = (long, short) if width >= height else (short, long)
        if abs(box[0] * height / (box[1] * width) - 1) <= _MAX_STRETCH:
            return box
        scale = min(box[0] / width, box[1] / height)
        across, down = (max(_LEAST_PX, round(side * scale / 2) * 2) for side in (width, height))
        return across, down


@dataclass(frozen=True, kw_only=True)
class Enhancer:
    """A language model that makes a prompt cinematic. file: the one to load when not the folder."""

    name: str
    source: Source
    parameters: int
    quantizable: int = 0
    precision: Precision = "bf16"
    file: str = ""
    licence: str = "Apache-2.0"
    needs: str = ""
