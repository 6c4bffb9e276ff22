"""Both samplers walk the schedule that their models were trained for."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ourvidz.pipeline.schedulers import make_scheduler


def test_few_steps_are_spaced_as_the_distilled_models_expect() -> None:
    scheduler = make_scheduler("step-distill", flow_shift=5.0)
    scheduler.set_timesteps(4)
    sigmas: Any = scheduler.sigmas
    assert sigmas.tolist() == pytest.approx([1.0, 0.9375, 0.8333, 0.625, 0.0], abs=1e-3)


def test_a_transformer_may_predict_clean_latents() -> None:
    scheduler: Any = make_scheduler("unipc", flow_shift=5.0, prediction_type="sample")
    scheduler.set_timesteps(3)
    latents, clean = torch.randn(2, 1, 4, 1, 2, 2)
    scheduler.step(clean, scheduler.timesteps[0], latents)
    assert torch.equal(scheduler.model_outputs[-1], clean)
