"""Which steps the denoiser takes: deterministic UniPC, or the sampler of step-distilled models.

Both keep the clean estimate of the last step in `model_outputs[-1]`, for the live preview.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

SchedulerKind = Literal["unipc", "step-distill"]
Prediction = Literal["flow_prediction", "sample"]


class StepDistillScheduler(FlowMatchEulerDiscreteScheduler):
    """Steps as the 4-step models were distilled: evenly spaced sigmas, fresh noise every step.

    Plain FlowMatchEuler ends its few-step schedule far too low (0.024 instead of 0.626).
    generators: one per video, where the noise comes from. The pipelines hand none to `step`, and
    noise from torch's global source would not depend on the seed.
    """

    generators: list[torch.Generator] | None = None

    def set_timesteps(
        self, num_inference_steps: int | None = None, device: Any = None, *_: Any, **__: Any
    ) -> None:
        """Sigmas 1, (n-1)/n, ..., 1/n before the shift."""
        count = num_inference_steps or 4
        super().set_timesteps(sigmas=[1 - i / count for i in range(count)], device=device)
        self.model_outputs: list[Any] = [None]

    def step(self, model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
        """One step; remembers the clean estimate x0 = x - sigma * v."""
        if self.step_index is None:
            self._init_step_index(timestep)
        sigmas: Any = self.sigmas
        self.model_outputs = [sample - sigmas[self.step_index] * model_output]
        kwargs.setdefault("generator", self.generators)
        return super().step(model_output, timestep, sample, *args, **kwargs)


def make_scheduler(
    kind: SchedulerKind, flow_shift: float, prediction_type: Prediction = "flow_prediction"
) -> UniPCMultistepScheduler | StepDistillScheduler:
    """A fresh scheduler for a transformer that predicts `prediction_type`.

    Made from scratch and not from the checkpoint's configuration: some Wan repositories list
    another scheduler there.

    >>> unipc = make_scheduler("unipc", flow_shift=5.0)
    >>> unipc.set_timesteps(4)
    >>> [round(sigma, 3) for sigma in unipc.sigmas.tolist()]
    [1.0, 0.938, 0.834, 0.626, 0.0]
    """
    if kind == "step-distill":
        return StepDistillScheduler(shift=flow_shift, stochastic_sampling=True)
    return UniPCMultistepScheduler(
        prediction_type=prediction_type, use_flow_sigmas=True, flow_shift=flow_shift
    )
