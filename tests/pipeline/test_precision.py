"""The number format follows the machine and never chance."""

from __future__ import annotations

import pytest
import torch

from ourvidz.pipeline.precision import Work, choose_dtype


@pytest.mark.parametrize("work", ["matmul", "conv"])
def test_every_measurement_on_one_machine_agrees(work: Work) -> None:
    assert len({choose_dtype(torch.device("cpu"), work) for _ in range(5)}) == 1


def test_a_gpu_multiplies_in_bf16_and_decodes_in_fp32() -> None:
    device = torch.device("cuda")
    assert choose_dtype(device, "matmul") is torch.bfloat16
    assert choose_dtype(device, "conv") is torch.float32
