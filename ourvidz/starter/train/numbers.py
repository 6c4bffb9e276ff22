"""bf16 where it is fast, fp32 where it is not.

A CPU without bf16 instructions computes in bf16 too, at a thirtieth of the speed.
"""

from __future__ import annotations

from functools import cache
from time import thread_time

import torch


def mixed(device: str) -> torch.autocast:
    """A context in which training computes in bf16 if that pays on this device."""
    return torch.autocast(device, torch.bfloat16, enabled=quick(device) == torch.bfloat16)


def quick(device: str) -> torch.dtype:
    """bf16 or fp32, whichever multiplies matrices faster on this device."""
    return torch.bfloat16 if device != "cpu" or _pays_on_this_cpu() else torch.float32


@cache
def _pays_on_this_cpu() -> bool:
    """Two small products take a few milliseconds and tell for certain."""
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        tokens, weight = torch.ones(256, 256, dtype=dtype), torch.ones(256, 256, dtype=dtype)
        torch.mm(tokens, weight)
        start = thread_time()
        for _ in range(5):
            torch.mm(tokens, weight)
        seconds[dtype] = thread_time() - start
    return seconds[torch.bfloat16] < seconds[torch.float32]
