"""Which number format a component computes in: decided by the device, on CPUs by a measurement.

bf16 is up to four times as fast as fp32 on a CPU with AMX and several times slower without,
and what a CPU reports about itself does not tell which; a fifth of a second of trying does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import thread_time
from typing import Literal, get_args

import torch
import torch.nn.functional as F

from ourvidz.pipeline.budget import Machine
from ourvidz.pipeline.hardware import find_device, machine_of

Work = Literal["matmul", "conv"]

#: bf16 must win by this factor: with it a CPU is 4 to 8 times as fast, without it slower, and
#: the choice must never depend on chance, for the format is part of what a seed gives.
CLEARLY_FASTER = 1.5
_TRIES = 5


def choose_dtype(device: torch.device, work: Work) -> torch.dtype:
    """float32 or bfloat16 for a component that is mostly `work` on this device."""
    if device.type != "cpu":
        return torch.bfloat16 if work == "matmul" else torch.float32
    run = _sample_work(work)
    best = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    with torch.inference_mode():
        for _ in range(_TRIES + 1):  # taking turns, so that a busy moment hits both
            for dtype in best:
                start = thread_time()  # not wall time: other processes must not decide
                run(dtype)
                best[dtype] = min(best[dtype], thread_time() - start)
    clearly_faster = best[torch.bfloat16] * CLEARLY_FASTER < best[torch.float32]
    return torch.bfloat16 if clearly_faster else torch.float32


def machine_here(device: str | None) -> Machine:
    """What a plan counts with where no model is loaded; device: as `find_device` takes it."""
    found = find_device(device)
    machine = machine_of(found)
    if machine.device == "cpu":
        return replace(machine, fast_bf16=is_fast_in_bf16(partial(choose_dtype, found)))
    return machine


def is_fast_in_bf16(dtype: Callable[[Work], torch.dtype]) -> bool:
    """Whether all components are loaded in bfloat16; dtype: `choose_dtype` of a device."""
    return all(dtype(work) is torch.bfloat16 for work in get_args(Work))


def _sample_work(work: Work) -> Callable[[torch.dtype], torch.Tensor]:
    """One layer of the size that the small models have: about 10 ms in fp32 on one core."""
    if work == "matmul":
        tokens, weight = torch.ones(588, 512), torch.ones(1024, 512)
        return lambda dtype: F.linear(tokens.to(dtype), weight.to(dtype))
    video, kernel = torch.ones(1, 48, 3, 34, 58), torch.ones(48, 48, 3, 3, 3)
    return lambda dtype: F.conv3d(video.to(dtype), kernel.to(dtype))
