"""Going on in the middle of denoising: what the finished steps left, and how the rest starts.

A step depends on the latents, on what the scheduler remembers of the steps before and, where it
draws noise, on its random source. All of that is kept, so the frames are those of one run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from time import perf_counter
from typing import Any

import torch
from diffusers import DiffusionPipeline

from ourvidz.pipeline.scratch import Facts, Scratch

#: What the schedulers remember from step to step: lists of tensors, tensors, and numbers.
_LISTS = ("model_outputs", "timestep_list")
_TENSORS = ("last_sample",)
_NUMBERS = ("lower_order_nums", "this_order", "_step_index")


@dataclass(frozen=True, kw_only=True)
class StepState:
    """All that the steps after `step` (counted from 1) depend on.

    latents: (B, C, T, h, w) float32. tensors: of the scheduler, and each video's random source.
    numbers: of the scheduler. Tensors are on any device.
    """

    step: int
    latents: torch.Tensor
    tensors: Mapping[str, torch.Tensor]
    numbers: Mapping[str, int]

    @classmethod
    def of(
        cls, scheduler: Any, step: int, latents: torch.Tensor, generators: Sequence[torch.Generator]
    ) -> StepState:
        """The state right after the scheduler's step number `step` gave `latents`."""
        found = vars(scheduler)
        tensors = {name: found[name] for name in _TENSORS if name in found}
        for name in _LISTS:
            tensors |= {f"{name}.{i}": one for i, one in enumerate(found.get(name, ()))}
        tensors |= {f"generator.{i}": one.get_state() for i, one in enumerate(generators)}
        return cls(
            step=step,
            latents=latents,
            tensors={name: one for name, one in tensors.items() if one is not None},
            numbers={name: found[name] for name in _NUMBERS if found.get(name) is not None},
        )

    def restore(
        self, scheduler: Any, generators: Sequence[torch.Generator], device: torch.device
    ) -> torch.Tensor:
        """Give `scheduler`, whose timesteps are set, and the generators this state.

        Returns the latents on `device`.
        """
        for name in _TENSORS:
            if name in self.tensors:
                setattr(scheduler, name, self.tensors[name].to(device))
        for name in _LISTS:
            for i in range(len(getattr(scheduler, name, ()))):
                one = self.tensors.get(f"{name}.{i}")
                getattr(scheduler, name)[i] = None if one is None else one.to(device)
        for name, number in self.numbers.items():
            setattr(scheduler, name, number)
        for i, generator in enumerate(generators):
            generator.set_state(self.tensors[f"generator.{i}"])
        return self.latents.to(device)


class Resumable(DiffusionPipeline):
    """A Wan pipeline that can start after the first steps of its loop.

    state, generators: where to go on, and the videos' random sources; without a state it starts
    at the first step.
    """

    state: StepState | None = None
    generators: Sequence[torch.Generator] = ()
    _is_done: Iterator[bool] = repeat(False)

    @property
    def _execution_device(self) -> torch.device:
        """Where the transformer computes, wherever the other components lie meanwhile."""
        return self.transformer.device  # type: ignore[attr-defined]

    @property
    def interrupt(self) -> bool:
        """Asked by the loop once before every step: whether to pass over it."""
        return next(self._is_done)

    def taken_up(self, noise: torch.Tensor) -> torch.Tensor:
        """`noise` at a first start, else the latents of the last step that was done.

        Called when the scheduler's timesteps are set and the noise is drawn.
        """
        if self.state is None:
            return noise
        self._is_done = chain(repeat(True, self.state.step), repeat(False))
        scheduler: Any = self.scheduler  # type: ignore[attr-defined]
        return self.state.restore(scheduler, self.generators, noise.device)


class Halfway:
    """Keeps the state of one job's denoising in its scratch folder, at most every so often.

    A stopped job loses one step, or `scratch.every_s` of quick ones, which spend little on files.
    facts: all that the latents depend on.
    """

    def __init__(self, scratch: Scratch, facts: Facts) -> None:
        self._scratch = scratch
        self._facts = facts
        self._kept_at = perf_counter()

    def find(self) -> StepState | None:
        """What an earlier attempt kept last, or None."""
        found = self._scratch.kept("denoise", self._facts)
        if found is None:
            return None
        tensors, words = found
        if "latents" not in tensors or "step" not in words:
            return None
        numbers = {name: int(number) for name, number in words.items()}
        step, latents = numbers.pop("step"), tensors.pop("latents")
        return StepState(step=step, latents=latents, tensors=tensors, numbers=numbers)

    def keep(self, state: StepState) -> None:
        """Keep `state` in place of the one before, unless that is too young; never fails."""
        if perf_counter() - self._kept_at < self._scratch.every_s:
            return
        numbers = {"step": state.step, **state.numbers}
        tensors = {"latents": state.latents, **state.tensors}
        words = {name: str(number) for name, number in numbers.items()}
        self._scratch.keep("denoise", self._facts, tensors, words)
        self._kept_at = perf_counter()

    def forget(self) -> None:
        """Delete what was kept: the whole is finished."""
        self._scratch.forget("denoise", self._facts)
