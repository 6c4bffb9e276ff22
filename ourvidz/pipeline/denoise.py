"""Stage 2: noise becomes latents, by diffusers' own pipelines around our components."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
    WanVACEPipeline,
    WanVACETransformer3DModel,
)
from diffusers.utils.torch_utils import randn_tensor

from ourvidz.pipeline.control import Control
from ourvidz.pipeline.encode import Condition
from ourvidz.pipeline.finite import finite
from ourvidz.pipeline.resume import Resumable, StepState
from ourvidz.pipeline.schedulers import StepDistillScheduler


@dataclass(frozen=True, kw_only=True)
class Denoiser:
    """The components of one run; the scheduler is its own, so nothing of a run outlives it."""

    transformer: WanTransformer3DModel | WanVACETransformer3DModel
    vae: AutoencoderKLWan
    scheduler: Any

    @property
    def expand_timesteps(self) -> bool:
        """Whether the transformer knows given frames by their timestep, not by more channels."""
        config: Any = self.transformer.config
        return config.in_channels == config.out_channels


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How to sample: size in px, num_frames = 4 k + 1, one seed per video of the batch.

    start: where an earlier run of the same stopped, None for the beginning.
    """

    width: int
    height: int
    num_frames: int
    num_inference_steps: int
    guidance_scale: float
    seeds: Sequence[int]
    start: StepState | None = None


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who looks on, and may raise `Cancelled` at either moment.

    on_step(step, clean): after each of the steps, counted from 1; clean is the estimate of the
    finished latents (B, C, T, h, w). on_block(): before each transformer block. on_state(state):
    after each step but the last, before on_step: with it the run can be taken up again.
    """

    on_step: Callable[[int, torch.Tensor], None]
    on_block: Callable[[], None]
    on_state: Callable[[StepState], None] | None = None


class PlainPipeline(Resumable, WanPipeline):
    """`WanPipeline` that can start after its first steps."""

    def prepare_latents(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Noise, or the latents of the last step that was done."""
        return self.taken_up(super().prepare_latents(*args, **kwargs))


class ConditionedPipeline(Resumable, WanImageToVideoPipeline):
    """`WanImageToVideoPipeline` that is given its condition encoded instead of encoding it.

    So first frame, first + last frame and extension by k frames are one case, and the VAE
    encoder and the transformer never need the GPU at the same time.
    """

    condition: Condition

    def prepare_latents(self, image: Any, batch_size: int, *args: Any, **kwargs: Any) -> Any:
        """Noise and the condition, in the form that the transformer's loop expects."""
        _, _, _, _, dtype, device, generator, *_ = args
        known, mask = (t.to(device, dtype) for t in (self.condition.latents, self.condition.mask))
        shape = (batch_size, *known.shape[1:])
        noise = randn_tensor(shape, generator=generator, device=device, dtype=dtype)
        noise = self.taken_up(noise)
        if self.config.expand_timesteps:  # type: ignore[attr-defined]
            return noise, known, 1 - mask.amin(dim=1, keepdim=True)
        return noise, torch.cat([mask, known], dim=1).repeat(batch_size, 1, 1, 1, 1)

    def encode_image(self, image: Any, device: Any = None) -> Any:
        """What CLIP sees in the given pictures, encoded beforehand like the rest."""
        return self.condition.image_embeds


class ControlledPipeline(Resumable, WanVACEPipeline):
    """`WanVACEPipeline` that is given its control encoded, for one video or a batch of one prompt.

    References lie before the video in time, here as in the latents that it returns.
    """

    control: Control

    def preprocess_conditions(self, *args: Any, **kwargs: Any) -> Any:
        """No video and no mask any more, and as many references as the control has."""
        return None, None, [[None] * self.control.num_references]

    def prepare_video_latents(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """What is known, once for each video of the batch."""
        return self.control.latents.repeat(len(self.generators), 1, 1, 1, 1)

    def prepare_masks(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Where frames shall be made, once for each video of the batch."""
        return self.control.mask.repeat(len(self.generators), 1, 1, 1, 1)

    def prepare_latents(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Noise, or the latents of the last step that was done."""
        return self.taken_up(super().prepare_latents(*args, **kwargs))


def denoise(
    denoiser: Denoiser,
    embeds: torch.Tensor,
    negative_embeds: torch.Tensor | None,
    steps: Steps,
    watch: Watch,
    condition: Condition | Control | None = None,
) -> torch.Tensor:
    """Normalised latents (B, C, T, h, w) float32 for B = len(steps.seeds) videos of one prompt.

    embeds, negative_embeds: (1, L, D); the negative ones are needed when guidance_scale > 1.
    condition: a Control for a VACE transformer, else a Condition or None.
    The noise of each video depends on its seed alone, not on the device or the batch. Started
    from a state, the result is that of one whole run.

    Raises Unavailable after a step that gave numbers which are not finite.
    """
    count = len(steps.seeds)
    device = denoiser.transformer.device
    pipe, image = _pipeline(denoiser, condition)

    generators = [torch.Generator().manual_seed(seed) for seed in steps.seeds]

    def on_step_end(pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        finite(tensors["latents"], "the transformer")
        if watch.on_state and step + 1 < steps.num_inference_steps:
            watch.on_state(StepState.of(pipe.scheduler, step + 1, tensors["latents"], generators))
        clean = pipe.scheduler.model_outputs[-1]
        watch.on_step(step + 1, condition.shown(clean) if condition else clean)
        return tensors

    pipe.state, pipe.generators = steps.start, generators
    if isinstance(denoiser.scheduler, StepDistillScheduler):
        denoiser.scheduler.generators = generators
    negative = None
    if negative_embeds is not None and steps.guidance_scale > 1:
        negative = negative_embeds.to(device).repeat(count, 1, 1)
    try:
        with watched(denoiser.transformer, watch.on_block):
            latents = pipe(
                **image,
                prompt_embeds=embeds.to(device).repeat(count, 1, 1),
                negative_prompt_embeds=negative,
                width=steps.width,
                height=steps.height,
                num_frames=steps.num_frames,
                num_inference_steps=steps.num_inference_steps,
                guidance_scale=steps.guidance_scale,
                generator=generators,
                callback_on_step_end=on_step_end,
                output_type="latent",
            ).frames
    finally:
        pipe.maybe_free_model_hooks()  # a step cache must not carry a cancelled run over
    return condition.pin(latents) if condition else latents


def _pipeline(
    denoiser: Denoiser, condition: Condition | Control | None
) -> tuple[Any, dict[str, Any]]:
    """The pipeline and its image argument. Constructed, never `from_pipe`, which casts."""
    parts: dict[str, Any] = {"tokenizer": None, "text_encoder": None, **vars(denoiser)}
    image: dict[str, Any] = {}
    pipe: Any
    if isinstance(condition, Control):
        pipe = ControlledPipeline(**parts)
        pipe.control = condition
    elif condition is not None:
        pipe = ConditionedPipeline(**parts, expand_timesteps=denoiser.expand_timesteps)
        pipe.condition = condition
        # The loop insists on an image although the condition has taken its place.
        image = {"image": torch.zeros(1, 3, 16, 16)}
    else:
        pipe = PlainPipeline(**parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe, image


@contextmanager
def watched(transformer: torch.nn.Module, on_block: Callable[[], None]) -> Iterator[None]:
    """`on_block()` is called before every transformer block while this context is open."""
    blocks: Any = transformer.blocks
    hooks = [block.register_forward_pre_hook(lambda *_: on_block()) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
