"""One run of a model, from words and pictures to latents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers import WanVACETransformer3DModel

from ourvidz.domain.catalog import family
from ourvidz.domain.colours import plainly
from ourvidz.domain.family import Ability, Checkpoint, ComponentName, Family, Sampling
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.control import Control, Given, encode_control, encode_nothing
from ourvidz.pipeline.denoise import Denoiser, Steps, Watch, denoise
from ourvidz.pipeline.encode import Condition, encode_condition, encode_images, encode_prompts
from ourvidz.pipeline.forecast import Track
from ourvidz.pipeline.hasten import hastened
from ourvidz.pipeline.images import load_image
from ourvidz.pipeline.live import LivePreview
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.profiles import ability_of, resolve
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.resume import Halfway, StepState
from ourvidz.pipeline.schedulers import make_scheduler
from ourvidz.pipeline.scratch import Scratch, latents_facts, model_facts

Names = Mapping[ComponentName, str]


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What one run makes: a request without open values and the frames that are given.

    first_frames: (n, H, W, 3) uint8 at model size, or None. last_frame: (H, W, 3) uint8 or None.
    references: pictures (h, w, 3) uint8 of any size, to take identity from. overlap: how many of
    the sampled frames, at the start, belong to the clip before this one. leads_on: the next clip
    starts with last_frame, so it comes after this one's frames; else it is the last of them.
    num_videos: videos of one batch, with seeds from request.seed upward.
    """

    request: VideoRequest
    ability: Ability
    first_frames: np.ndarray | None = None
    last_frame: np.ndarray | None = None
    references: tuple[np.ndarray, ...] = ()
    overlap: int = 0
    leads_on: bool = False
    num_videos: int = 1

    @property
    def family(self) -> Family:
        """The catalog's entry of the request's model."""
        return family(self.request.model)

    @property
    def checkpoint(self) -> Checkpoint:
        """The weights that can make this shot."""
        return self.family.checkpoint(self.ability)

    @property
    def sampling(self) -> Sampling:
        """The profile's way to sample; the request's own numbers go before it."""
        return self.family.profiles[self.request.profile]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) px that the model samples at."""
        return self.request.width or 0, self.request.height or 0

    @property
    def output_size(self) -> tuple[int, int]:
        """(width, height) px of the file."""
        return self.request.output_size or self.size

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed per video of the batch."""
        seed = self.request.seed or 0
        return tuple((seed + i) % 2**63 for i in range(self.num_videos))

    @property
    def sampled_frames(self) -> int:
        """Frames the model makes, 4 k + 1, with the overlap."""
        frames = self.request.num_frames + self.overlap
        return self.request.replace(num_frames=frames).sampled_frames

    @property
    def spare_frames(self) -> int:
        """Sampled frames that are left out on the way to the last picture, to end with it."""
        return 0 if self.leads_on else self.sampled_frames - self.request.num_frames

    @property
    def shape(self) -> tuple[Any, ...]:
        """Shots of one shape take the same time."""
        r = self.request
        steps = (r.num_inference_steps, r.guidance_scale)
        count = (self.sampled_frames, self.num_videos, len(self.references))
        return (r.model, self.ability, self.size, *count, steps)


def shot_of(request: VideoRequest) -> Shot:
    """The shot of a clip, with the pictures that the request names."""
    request = resolve(request)
    seen = pictures_of(request)
    shot = Shot(request=request, ability=ability_of(request), references=seen)
    if request.image:
        shot = replace(shot, first_frames=load_image(request.image, size=shot.size)[None])
    if request.last_image:
        shot = replace(shot, last_frame=load_image(request.last_image, size=shot.size))
    return shot


def pictures_of(request: VideoRequest) -> tuple[np.ndarray, ...]:
    """The reference pictures, as large as they are."""
    return tuple(load_image(path) for path in request.reference_images)


def sample(
    shot: Shot,
    names: Names,
    manager: ModelManager,
    reporter: Reporter,
    scratch: Scratch | None = None,
) -> torch.Tensor:
    """Stages encode and denoise: normalised latents (B, C, T, h, w) float32.

    names: the manager's names of the loaded components. scratch: where an earlier attempt at the
    same shot left what it had finished, and where this one leaves it; those stages are skipped.
    """
    if scratch is None or scratch.folder is None:
        return _sampled(shot, names, manager, reporter, Scratch())
    facts = latents_facts(shot, names, manager)
    latents = scratch.tensor("latents", facts)
    if latents is not None:
        reporter.skip("encode", "denoise")
        return latents.to(manager.device)
    halfway = Halfway(scratch, facts)
    latents = _sampled(shot, names, manager, reporter, scratch, halfway)
    scratch.keep_tensor("latents", facts, latents)
    halfway.forget()
    return latents


def _sampled(
    shot: Shot,
    names: Names,
    manager: ModelManager,
    reporter: Reporter,
    scratch: Scratch,
    halfway: Halfway | None = None,
) -> torch.Tensor:
    request = shot.request
    with reporter.stage("encode", 3):
        positive = _embeds(request.model_prompt, shot, names, manager, scratch)
        reporter.step(1)
        negative = None
        if (request.guidance_scale or 1) > 1:
            negative = _embeds(request.negative_prompt, shot, names, manager, scratch)
        reporter.step(2)
        condition = _condition(shot, names, manager)
    steps = Steps(
        width=shot.size[0],
        height=shot.size[1],
        num_frames=shot.sampled_frames,
        num_inference_steps=request.num_inference_steps or 0,
        guidance_scale=request.guidance_scale or 1,
        seeds=shot.seeds,
        start=halfway.find() if halfway else None,
    )
    done = steps.start.step if steps.start else 0
    track = Track.of(steps.start.tensors if steps.start else {}, manager.device, done)
    with (
        reporter.stage("denoise", steps.num_inference_steps, done),
        manager.on_gpu(names["transformer"]) as transformer,
        _live(names, manager) as live,
        hastened(transformer, manager, track) as tally,
    ):
        watch = Watch(
            on_step=lambda step, clean: reporter.step(step, live and live.frame(clean)),
            on_block=reporter.tick,
            on_state=partial(_keep, halfway, track) if halfway else None,
        )
        denoiser = Denoiser(
            transformer=transformer,
            vae=manager.get(names["vae"]),
            scheduler=make_scheduler(
                "step-distill" if shot.sampling.distilled else "unipc",
                request.flow_shift or 1,
                shot.checkpoint.prediction_type,
            ),
        )
        latents = denoise(denoiser, positive, negative, steps, watch, condition)
    reporter.spared = tally.spared
    return latents


def _keep(halfway: Halfway, track: Track, state: StepState) -> None:
    """The state, and that of the step cache beside it."""
    halfway.keep(replace(state, tensors={**state.tensors, **track.kept()}))


@contextmanager
def _live(names: Names, manager: ModelManager) -> Iterator[LivePreview | None]:
    """Pictures on the way, where the VAE has room beside the transformer."""
    if not manager.stays(names["vae"]):
        yield None
        return
    with manager.on_gpu(names["vae"]) as vae:
        yield LivePreview(vae)


def _embeds(
    prompt: str, shot: Shot, names: Names, manager: ModelManager, scratch: Scratch
) -> torch.Tensor:
    """(1, L, D) embeds of one prompt, remembered by the manager."""
    if shot.family.plain_colours:
        prompt = plainly(prompt)
    length = shot.family.max_sequence_length

    def encode() -> torch.Tensor:
        if scratch.folder is None:
            return make()
        facts = {"prompt": prompt, "length": length, "torch": torch.__version__}
        facts["models"] = model_facts("text_encoder", shot, names, manager)
        embeds = scratch.tensor("embeds", facts)
        if embeds is None:
            embeds = make()
            scratch.keep_tensor("embeds", facts, embeds)
        return embeds

    def make() -> torch.Tensor:
        with manager.on_gpu(names["text_encoder"]) as text_encoder:
            tokenizer = manager.get(names["tokenizer"])
            return encode_prompts([prompt], tokenizer, text_encoder, length).cpu()

    return manager.embeds((names["text_encoder"], length, prompt), encode)


def _condition(shot: Shot, names: Names, manager: ModelManager) -> Condition | Control | None:
    if isinstance(manager.get(names["transformer"]), WanVACETransformer3DModel):
        given = Given(
            size=shot.size,
            num_frames=shot.sampled_frames,
            first_frames=shot.first_frames,
            last_frame=shot.last_frame,
            references=shot.references,
        )
        with manager.on_gpu(names["vae"]) as vae:
            grey = ("grey", names["vae"], vae.use_tiling, given.size, given.num_frames)
            nothing = manager.embeds(grey, lambda: encode_nothing(vae, given).cpu())
            return encode_control(vae, given, nothing)
    if shot.first_frames is None:
        return None
    with manager.on_gpu(names["vae"]) as vae:
        condition = encode_condition(vae, shot.first_frames, shot.last_frame, shot.sampled_frames)
    if "image_encoder" not in names:
        return condition
    seen = [shot.first_frames[0], *([] if shot.last_frame is None else [shot.last_frame])]
    with manager.on_gpu(names["image_encoder"]) as image_encoder:
        return replace(condition, image_embeds=encode_images(seen, image_encoder))
