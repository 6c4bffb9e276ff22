"""What a plan is: every choice, what it needs, and the rungs below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ourvidz.domain.family import Ability, ComponentName, Precision
from ourvidz.domain.progress import Stage
from ourvidz.domain.request import Profile
from ourvidz.pipeline.budget.machines import Machine

Placement = Literal["resident", "streamed", "freed after use"]
Change = Literal[
    "free_text", "tile_vae", "one_by_one", "free_vae", "free_transformer", "stream", "quantize",
    "stream_text", "quantize_text",
]  # fmt: skip
GpuStage = Literal["encode", "denoise", "decode"]
Calibrated = Literal["measured here", "published"]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is to be made, with nothing left open.

    width, height: px that the model samples. num_frames: sampled, 4 k + 1. num_videos: of one
    prompt. num_references: reference pictures, one latent frame each. forwards: passes of the
    transformer for one video. distilled: with the few-step adapter. enhanced: the process has
    made the prompt cinematic, and a CPU still holds the model that did. transformer_bytes: of its
    weights, where they are not the catalog's.
    """

    family: str
    ability: Ability
    profile: Profile
    width: int
    height: int
    num_frames: int
    num_videos: int = 1
    num_references: int = 0
    num_inference_steps: int
    forwards: int
    distilled: bool = False
    enhanced: bool = False
    transformer_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Everything that is decided; a rung of the ladder is another one of these.

    precision: the transformer's; text_precision: the text encoder's. transformer, text_encoder,
    vae: where they lie. "resident" stays on the device through all stages and between jobs,
    "freed after use" is there for its own stages only, of "streamed" a few blocks are there at a
    time. text_parked: a text encoder off the device is kept in host memory, not read again.
    vae_tiling: the VAE works by spatial tiles. interleaved: VACE's control blocks run just
    before the block they guide. batch: videos in one pass of the transformer.
    """

    precision: Precision
    text_precision: Precision
    transformer: Placement = "resident"
    text_encoder: Placement = "resident"
    vae: Placement = "resident"
    text_parked: bool = True
    vae_tiling: bool = False
    interleaved: bool = False
    batch: int = 1


@dataclass(frozen=True, kw_only=True)
class ComponentPlan:
    """One component: its format, where it lies, and its bytes on the device and in host memory.

    device_bytes: the most of it that is on the device at once. host_bytes: what is kept in host
    memory, pinned where it is streamed from.
    """

    name: ComponentName
    precision: Precision
    placement: Placement
    device_bytes: int
    host_bytes: int


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """One stage: the most that lies on the device, and its seconds, None where nobody knows."""

    stage: Stage
    peak_bytes: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A change after memory ran out, on top of those before it.

    choices: all choices with the change. peak_bytes, host_bytes: of the whole job then.
    """

    change: Change
    reason: str
    choices: Choices
    peak_bytes: int
    host_bytes: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the components of a family lie while it renders, and what that takes.

    weights_bytes: all components in their formats. working_bytes: the largest stage's tensors
    beside the weights. peak_bytes: the largest stage; on a card what its allocator hands out,
    without `headroom_bytes` for the driver's context and fragments; on a CPU the whole process.
    host_bytes: host memory held beside the process itself. seconds: of one job with the models
    on this machine's disk cache, without queue and load; None when nobody measured such a card.
    formats: of the transformer, those that may be used, best first. changes: the steps from the
    most comfortable choices down to these. attention: backends to try, best first; the first
    that works and is exact enough is taken. compile: whether the blocks run compiled.
    cache: the step cache, None for none. ladder: what to do when memory runs out after all.
    """

    workload: Workload
    machine: Machine
    formats: tuple[Precision, ...]
    choices: Choices
    changes: tuple[Change, ...]
    components: tuple[ComponentPlan, ...]
    attention: tuple[str, ...]
    compile: bool
    cache: str | None
    stages: tuple[StagePlan, ...]
    weights_bytes: int
    working_bytes: int
    peak_bytes: int
    headroom_bytes: int
    host_bytes: int
    seconds: float | None
    calibrated: Calibrated | None
    ladder: tuple[Rung, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """Name of the models."""
        return self.workload.family

    @property
    def device(self) -> str:
        """ "cpu" or "cuda"."""
        return self.machine.device

    @property
    def width(self) -> int:
        """Px that the model samples."""
        return self.workload.width

    @property
    def height(self) -> int:
        """Px that the model samples."""
        return self.workload.height

    @property
    def num_frames(self) -> int:
        """Frames that the model samples, 4 k + 1."""
        return self.workload.num_frames

    @property
    def placement(self) -> Placement:
        """Where the transformer lies."""
        return self.component("transformer").placement

    @property
    def quantization(self) -> Precision:
        """The transformer's format."""
        return self.choices.precision

    @property
    def vae_tiling(self) -> bool:
        """Whether the VAE works by spatial tiles."""
        return self.choices.vae_tiling

    @property
    def interleaved(self) -> bool:
        """Whether VACE's control blocks run just before the block they guide."""
        return self.choices.interleaved

    def component(self, name: ComponentName) -> ComponentPlan:
        """The component called `name`; raises KeyError where the checkpoint has none."""
        for part in self.components:
            if part.name == name:
                return part
        raise KeyError(name)
