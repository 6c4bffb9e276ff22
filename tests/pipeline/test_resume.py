"""A run that stopped inside denoising goes on at that step, and gives the frames of a whole run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ourvidz.domain.errors import Cancelled
from ourvidz.domain.progress import Progress, ignore_progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import machine_named, plan
from ourvidz.pipeline.denoise import Denoiser, Steps, Watch, denoise
from ourvidz.pipeline.encode import encode_condition
from ourvidz.pipeline.export import read_frames
from ourvidz.pipeline.forecast import Schedule, Track, forecasting
from ourvidz.pipeline.generate import extend, generate_clip, preview
from ourvidz.pipeline.images import load_image
from ourvidz.pipeline.loading import load_models
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.resume import Halfway, StepState
from ourvidz.pipeline.schedulers import SchedulerKind, make_scheduler
from ourvidz.pipeline.scratch import Scratch
from ourvidz.pipeline.shot import sample, shot_of
from tests.tiny import TEXT_DIM, tiny_transformer, tiny_vae

STEPS = Steps(
    width=96, height=64, num_frames=9, num_inference_steps=6, guidance_scale=4.0, seeds=[5, 9]
)
FACTS = {"what": "these steps"}
REQUEST = VideoRequest(
    prompt="a red sailboat at sunset", seed=7, num_frames=8, num_inference_steps=5,
    width=96, height=64, output_size=(96, 64),
)  # fmt: skip


class Sampler:
    """Runs of one model; every one has a scheduler of its own."""

    def __init__(self, kind: SchedulerKind, *, conditioned: bool) -> None:
        self._kind: SchedulerKind = kind
        self._vae = tiny_vae()
        self.transformer = tiny_transformer(conditioned=conditioned)
        picture = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3), np.uint8)
        self._condition = encode_condition(self._vae, picture, None, 9) if conditioned else None
        source = torch.Generator().manual_seed(1)
        self._embeds = [torch.randn(1, 16, TEXT_DIM, generator=source) for _ in range(2)]
        self.forwards = 0

    def run(self, steps: Steps, watch: Watch) -> torch.Tensor:
        scheduler = make_scheduler(self._kind, flow_shift=3.0)
        model = Denoiser(transformer=self.transformer, vae=self._vae, scheduler=scheduler)
        return denoise(model, *self._embeds, steps, watch, self._condition)

    def watch(self, halfway: Halfway | None = None, stop_after: int = 99) -> Watch:
        def on_step(step: int, clean: torch.Tensor) -> None:
            self.forwards += 1
            if step == stop_after:
                raise Cancelled

        keep = halfway.keep if halfway else None
        return Watch(on_step=on_step, on_block=lambda: None, on_state=keep)


@pytest.mark.parametrize("stop_after", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", ["unipc", "step-distill"])
@pytest.mark.parametrize("conditioned", [False, True], ids=["words", "picture"])
def test_the_rest_of_the_steps_gives_the_latents_of_a_whole_run(
    tmp_path: Path, kind: SchedulerKind, conditioned: bool, stop_after: int
) -> None:
    sampler = Sampler(kind, conditioned=conditioned)
    whole = sampler.run(STEPS, sampler.watch())
    halfway = Halfway(Scratch(tmp_path, every_s=0), FACTS)
    with pytest.raises(Cancelled):
        sampler.run(STEPS, sampler.watch(halfway, stop_after))
    found = Halfway(Scratch(tmp_path, every_s=0), FACTS).find()
    assert found is not None and found.step == stop_after
    sampler.forwards = 0
    rest = sampler.run(replace(STEPS, start=found), sampler.watch())
    assert sampler.forwards == 6 - stop_after
    assert torch.equal(rest, whole)


def test_a_run_may_stop_more_than_once(tmp_path: Path) -> None:
    sampler = Sampler("unipc", conditioned=False)
    whole = sampler.run(STEPS, sampler.watch())
    halfway = Halfway(Scratch(tmp_path, every_s=0), FACTS)
    for stop_after in (2, 4):
        with pytest.raises(Cancelled):
            sampler.run(replace(STEPS, start=halfway.find()), sampler.watch(halfway, stop_after))
    rest = sampler.run(replace(STEPS, start=halfway.find()), sampler.watch(halfway))
    assert torch.equal(rest, whole)


@pytest.mark.parametrize("stop_after", [3, 6, 7, 9, 11])
@pytest.mark.parametrize("tolerance", [1e9, 0.0], ids=["forecast", "given up"])
def test_what_is_forecast_goes_on_as_well(
    tmp_path: Path, tolerance: float, stop_after: int
) -> None:
    steps = replace(STEPS, num_inference_steps=12)
    schedule = Schedule(num_steps=12, tolerance=tolerance)
    sampler = Sampler("unipc", conditioned=False)
    with forecasting(sampler.transformer, schedule) as tally:
        whole = sampler.run(steps, sampler.watch())
    assert (tally.forecast > 0) == (tolerance > 0)
    halfway = Halfway(Scratch(tmp_path, every_s=0), FACTS)
    first = Track()
    with pytest.raises(Cancelled), forecasting(sampler.transformer, schedule, first):
        watch = sampler.watch(halfway, stop_after)

        def keep(state: StepState) -> None:
            halfway.keep(replace(state, tensors={**state.tensors, **first.kept()}))

        sampler.run(steps, replace(watch, on_state=keep))
    found = halfway.find()
    assert found is not None
    track = Track.of(found.tensors, torch.device("cpu"), found.step)
    with forecasting(sampler.transformer, schedule, track) as rest_tally:
        rest = sampler.run(replace(steps, start=found), sampler.watch())
    assert torch.equal(rest, whole)
    assert rest_tally.computed + rest_tally.forecast == 2 * (12 - stop_after)


def test_a_state_from_before_forecasts_were_kept_begins_anew_at_its_step() -> None:
    assert Track.of({}, torch.device("cpu"), 7) == Track(step=6)
    assert Track().kept() == {}


def test_a_clip_on_a_card_goes_on_with_its_forecasts(
    manager: ModelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a plan for a card that wants a step cache, followed on the CPU."""
    shot = shot_of(REQUEST.replace(num_inference_steps=200))
    names = load_models(manager, shot.family, shot.ability, Reporter(ignore_progress))
    made = plan(shot.request, machine_named("RTX 4090"))
    assert made.cache
    monkeypatch.setattr(manager, "plan", replace(made, compile=False))
    reporter = Reporter(ignore_progress)
    whole = sample(shot, names, manager, reporter)
    assert reporter.spared > 0, "nothing was forecast, so this test would prove nothing"
    scratch = Scratch(tmp_path, every_s=0)
    for stop_after in (9, 120):
        with pytest.raises(Cancelled):
            sample(shot, names, manager, Reporter(Stopper(stop_after)), scratch)
    assert torch.equal(sample(shot, names, manager, Reporter(ignore_progress), scratch), whole)


class Stopper:
    """Stops a job after `step` steps of denoising; remembers the steps that were reported."""

    def __init__(self, step: int | None = None) -> None:
        self.steps: list[int] = []
        self._step = step

    def __call__(self, progress: Progress) -> None:
        if progress.stage == "denoise":
            self.steps.append(progress.step)
            if progress.step == self._step:
                raise Cancelled


def test_a_cancelled_clip_goes_on_at_its_step_and_leaves_no_state(
    manager: ModelManager, tmp_path: Path
) -> None:
    whole = generate_clip(REQUEST, manager, ignore_progress, tmp_path / "whole")
    scratch = Scratch(tmp_path / "stages", every_s=0)
    with pytest.raises(Cancelled):
        generate_clip(REQUEST, manager, Stopper(3), tmp_path / "one", scratch=scratch)
    assert len([*scratch_files(scratch, "denoise")]) == 1
    second = Stopper()
    clip = generate_clip(REQUEST, manager, second, tmp_path / "two", scratch=scratch)
    assert min(second.steps) == 3 and max(second.steps) == 5
    assert np.array_equal(read_frames(clip.path), read_frames(whole.path))
    assert scratch_files(scratch, "denoise") == []
    assert len(scratch_files(scratch, "latents")) == 1


def test_a_cancelled_extension_goes_on_at_its_step(manager: ModelManager, tmp_path: Path) -> None:
    before = generate_clip(REQUEST, manager, ignore_progress, tmp_path / "before").path
    whole = extend(before, REQUEST, manager, out_dir=tmp_path / "whole")
    scratch = Scratch(tmp_path / "stages", every_s=0)
    with pytest.raises(Cancelled):
        extend(before, REQUEST, manager, Stopper(3), tmp_path / "one", scratch=scratch)
    second = Stopper()
    clip = extend(before, REQUEST, manager, second, tmp_path / "two", scratch=scratch)
    assert min(second.steps) == 3
    assert np.array_equal(read_frames(clip.path), read_frames(whole.path))


def test_a_batch_of_previews_goes_on_too(manager: ModelManager, tmp_path: Path) -> None:
    request = REQUEST.replace(num_frames=1)
    whole = preview(request, manager, out_dir=tmp_path / "whole", num_images=2)
    scratch = Scratch(tmp_path / "stages", every_s=0)
    with pytest.raises(Cancelled):
        preview(request, manager, Stopper(2), tmp_path / "one", num_images=2, scratch=scratch)
    second = Stopper()
    stills = preview(request, manager, second, tmp_path / "two", num_images=2, scratch=scratch)
    assert min(second.steps) == 2
    for one, other in zip(stills, whole, strict=True):
        assert np.array_equal(load_image(one.path), load_image(other.path))


def test_another_request_does_not_go_on_there(manager: ModelManager, tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "stages", every_s=0)
    with pytest.raises(Cancelled):
        generate_clip(REQUEST, manager, Stopper(3), tmp_path, scratch=scratch)
    other = Stopper()
    generate_clip(REQUEST.replace(seed=8), manager, other, tmp_path, scratch=scratch)
    assert min(other.steps) == 0


def without_its_end(content: bytes) -> bytes:
    """As a machine that lost its power may leave a file: all of its length, not all it held."""
    half = len(content) // 2
    return content[:half] + bytes(len(content) - half)


@pytest.mark.parametrize(
    "damaged",
    [lambda _: b"", lambda _: b"no tensors", without_its_end],
    ids=["empty", "foreign", "without its end"],
)
def test_a_damaged_state_starts_from_the_first_step(
    manager: ModelManager, tmp_path: Path, damaged: Callable[[bytes], bytes]
) -> None:
    scratch = Scratch(tmp_path / "stages", every_s=0)
    with pytest.raises(Cancelled):
        generate_clip(REQUEST, manager, Stopper(3), tmp_path, scratch=scratch)
    (kept,) = scratch_files(scratch, "denoise")
    kept.write_bytes(damaged(kept.read_bytes()))
    second = Stopper()
    generate_clip(REQUEST, manager, second, tmp_path, scratch=scratch)
    assert min(second.steps) == 0


def test_a_young_state_is_not_replaced(tmp_path: Path) -> None:
    halfway = Halfway(Scratch(tmp_path, every_s=1000), FACTS)
    halfway.keep(StepState(step=1, latents=torch.zeros(1), tensors={}, numbers={}))
    assert halfway.find() is None


def test_without_a_folder_nothing_is_kept() -> None:
    halfway = Halfway(Scratch(every_s=0), FACTS)
    halfway.keep(StepState(step=1, latents=torch.zeros(1), tensors={}, numbers={}))
    assert halfway.find() is None
    halfway.forget()


def scratch_files(scratch: Scratch, stage: str) -> list[Path]:
    """Files of one stage."""
    assert scratch.folder is not None
    return sorted(scratch.folder.glob(f"{stage}-*"))
