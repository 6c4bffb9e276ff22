"""How long a scenario's stages take: by our pipeline as its plan says, and by plain diffusers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import torch
from diffusers import (
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanVACEPipeline,
)
from PIL import Image

from benchmarks.ceilings import Clock, synchronize
from benchmarks.random_models import random_transformer, random_vae
from benchmarks.scenarios import Scenario
from ourvidz.domain.catalog import family
from ourvidz.domain.family import ComponentName
from ourvidz.pipeline.budget import Plan
from ourvidz.pipeline.compiled import is_compiled, make_compilable
from ourvidz.pipeline.control import Control, Given, encode_control
from ourvidz.pipeline.decode import decode_frames
from ourvidz.pipeline.denoise import Denoiser, Steps, Watch, denoise
from ourvidz.pipeline.encode import Condition, encode_condition
from ourvidz.pipeline.hasten import attention_of, hastened
from ourvidz.pipeline.interleaved import InterleavedVACETransformer
from ourvidz.pipeline.loading import load_models
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.schedulers import make_scheduler
from ourvidz.pipeline.streaming import stream

Names = dict[ComponentName, str]


@dataclass(frozen=True, kw_only=True)
class Paces:
    """Seconds: of one forward, of encoding the given frames (0 for none), of decoding (None before
    that). attention, compiled: what ran. *_bytes: the peaks of these stages on a card.
    """

    forward_s: float
    encode_s: float
    decode_s: float | None = None
    attention: str = ""
    compiled: bool = False
    denoise_bytes: int | None = None
    decode_bytes: int | None = None


def load(scenario: Scenario, manager: ModelManager, plan: Plan) -> Names:
    """The scenario's components in the manager: real ones of the starter, else random ones."""
    if not scenario.family.needs:
        reporter = Reporter(lambda progress: None)
        return load_models(manager, scenario.family, scenario.ability, reporter, plan=plan)
    checkpoint = scenario.checkpoint
    kind = InterleavedVACETransformer if checkpoint.transformer.vace_layers else None

    def transformer() -> Any:
        module = random_transformer(checkpoint, kind, plan.choices.precision, manager.device)
        make_compilable(module)
        return module

    source = next(part.source for part in checkpoint.components if part.name == "transformer")
    where = f"{source.name}/{source.folder}/{plan.choices.precision}"
    names: Names = {
        "transformer": f"{scenario.model}/transformer/{where}",
        "vae": f"{scenario.model}/vae/random",
    }
    if names["transformer"] not in manager.names:
        manager.evict()
    manager.component(names["transformer"], transformer)
    manager.component(names["vae"], partial(random_vae, checkpoint))
    return names


def ours(
    scenario: Scenario,
    manager: ModelManager,
    names: Names,
    num_steps: int,
    on_tick: Callable[[], None] = lambda: None,
) -> Iterator[Paces]:
    """The stages as the product runs them: what is known after denoising, then after decoding.

    on_tick: called when the steps that are timed begin, and at the end of each.
    """
    device = manager.device
    with manager.on_gpu(names["vae"]) as vae:
        condition, encode_s = _timed(lambda: _condition(scenario, vae), device)
    clock = Clock(device, on_tick)
    _forget_peak(device)
    latents, attention, is_on = _denoised(scenario, manager, names, num_steps, clock, condition)
    per_step = 2 if scenario.family.profiles[scenario.profile].guidance_scale > 1 else 1
    paces = Paces(
        forward_s=clock.median() / per_step,
        encode_s=encode_s,
        attention=attention,
        compiled=is_on,
        denoise_bytes=_peak(device),
    )
    yield paces
    _forget_peak(device)
    with manager.on_gpu(names["vae"]) as vae:
        _, decode_s = _timed(lambda: sum(1 for _ in decode_frames(vae, latents)), device)
    yield replace(paces, decode_s=decode_s, decode_bytes=_peak(device))


def _denoised(
    scenario: Scenario,
    manager: ModelManager,
    names: Names,
    num_steps: int,
    clock: Clock,
    condition: Condition | Control | None,
) -> tuple[torch.Tensor, str, bool]:
    """Latents, the backend of attention, and whether the blocks ran compiled."""
    dims, request, work = scenario.checkpoint.transformer, scenario.request, scenario.workload
    sampling = scenario.family.profiles[scenario.profile]
    steps = Steps(
        width=work.width,
        height=work.height,
        num_frames=work.num_frames,
        num_inference_steps=num_steps,
        guidance_scale=sampling.guidance_scale,
        seeds=[request.seed or 0],
    )
    scheduler = make_scheduler(
        "step-distill" if work.distilled else "unipc",
        sampling.flow_shift,
        scenario.checkpoint.prediction_type,
    )
    embeds = torch.randn(2, 1, dims.text_tokens, dims.text_dim)
    watch = Watch(on_step=lambda step, clean: clock.tick(), on_block=lambda: None)
    with manager.on_gpu(names["transformer"]) as transformer, hastened(transformer, manager):
        denoiser = Denoiser(
            transformer=transformer, vae=manager.get(names["vae"]), scheduler=scheduler
        )
        positive, negative = embeds.to(transformer.dtype)
        latents = denoise(denoiser, positive, negative, steps, watch, condition)
        attention, plan = "", manager.plan
        if plan and plan.device == "cuda":
            attention = attention_of(transformer, manager, plan) or "torch's own"
        return latents, attention, is_compiled(transformer)


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def plain(
    scenario: Scenario, manager: ModelManager, names: Names, num_steps: int, room_bytes: int
) -> float:
    """Seconds of one forward by the library's own pipeline: bf16 or what the CPU loads, eager.

    Where the weights do not fit into `room_bytes`, blocks are streamed by the library's offload.
    The loaded components are used where they are what the library would load.
    """
    work, device = scenario.workload, manager.device
    sampling = scenario.family.profiles[scenario.profile]
    vae = manager.get(names["vae"])
    if scenario.family.needs:
        manager.evict()
        transformer: Any = random_transformer(scenario.checkpoint)
        size = sum(p.numel() * p.element_size() for p in transformer.parameters())
        if device.type == "cuda" and size > room_bytes:
            stream(transformer, device, kept=False)
        else:
            transformer.to(device)
        vae.to(device).enable_tiling()
    else:
        transformer = manager.get(names["transformer"])
    clock = Clock(device)

    def on_step_end(pipe: Any, step: int, at: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        clock.tick()
        return tensors

    pipe = _stock_pipeline(scenario, transformer, vae, sampling.flow_shift)
    pipe(
        **_stock_inputs(scenario, transformer, device),
        width=work.width,
        height=work.height,
        num_frames=work.num_frames,
        num_inference_steps=num_steps,
        guidance_scale=sampling.guidance_scale,
        generator=torch.Generator().manual_seed(7),
        callback_on_step_end=on_step_end,
        output_type="latent",
    )
    return clock.median() / (2 if sampling.guidance_scale > 1 else 1)


def export_s_per_mpx(num_frames: int = 33) -> float:
    """Seconds of scaling and encoding a million delivered pixels, of a drawn scene."""
    from ourvidz.pipeline.export import write_clip  # a lent machine may have neither library
    from ourvidz.starter.world import render_scene, sample_scene

    scene = sample_scene(random.Random(7))
    frames = render_scene(scene, frames=range(num_frames))
    width, height = family("starter").delivery_size
    with TemporaryDirectory() as folder:
        begin = perf_counter()
        write_clip(
            [frames],
            Path(folder) / "clip.mp4",
            num_frames=num_frames,
            size=(width, height),
            metadata={},
        )
        seconds = perf_counter() - begin
    return seconds / (width * height * num_frames / 1e6)


def _timed(work: Callable[[], Any], device: torch.device) -> tuple[Any, float]:
    synchronize(device)
    begin = perf_counter()
    made = work()
    synchronize(device)
    return made, perf_counter() - begin


def _picture(scenario: Scenario) -> np.ndarray:
    shape = (1, scenario.workload.height, scenario.workload.width, 3)
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def _condition(scenario: Scenario, vae: Any) -> Condition | Control | None:
    """What the transformer is given besides words, of a picture of noise."""
    dims, work = scenario.checkpoint.transformer, scenario.workload
    first = _picture(scenario) if scenario.ability == "first_frame" else None
    if dims.vace_layers:
        size = (work.width, work.height)
        return encode_control(vae, Given(size=size, num_frames=work.num_frames, first_frames=first))
    if first is None:
        return None
    condition = encode_condition(vae, first, None, work.num_frames)
    if not dims.image_dim:
        return condition
    seen = torch.randn(1, dims.image_tokens, dims.image_dim, device=vae.device)
    return Condition(latents=condition.latents, mask=condition.mask, image_embeds=seen)


def _stock_pipeline(scenario: Scenario, transformer: Any, vae: Any, flow_shift: float) -> Any:
    kind: Any = WanPipeline if scenario.ability != "first_frame" else WanImageToVideoPipeline
    dims = scenario.checkpoint.transformer
    if dims.vace_layers:
        kind = WanVACEPipeline
    scheduler = UniPCMultistepScheduler(
        prediction_type=scenario.checkpoint.prediction_type,
        use_flow_sigmas=True,
        flow_shift=flow_shift,
    )
    parts: dict[str, Any] = {"tokenizer": None, "text_encoder": None, "scheduler": scheduler}
    if dims.per_token_time:
        parts["expand_timesteps"] = True
    pipe = kind(transformer=transformer, vae=vae, **parts)
    if dims.image_dim:
        seen = torch.randn(1, dims.image_tokens, dims.image_dim).to(transformer.device)
        pipe.encode_image = lambda image, device=None: seen.to(device)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _stock_inputs(scenario: Scenario, transformer: Any, device: torch.device) -> dict[str, Any]:
    dims = scenario.checkpoint.transformer
    embeds = torch.randn(2, 1, dims.text_tokens, dims.text_dim).to(device, transformer.dtype)
    inputs: dict[str, Any] = {"prompt_embeds": embeds[0], "negative_prompt_embeds": embeds[1]}
    if scenario.ability == "first_frame" and not dims.vace_layers:
        inputs["image"] = Image.fromarray(_picture(scenario)[0])
    return inputs
