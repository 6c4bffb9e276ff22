"""Running a module that does not fit: its blocks come from host memory while others compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ourvidz.pipeline.locked import lock

_GROUP, _KEPT = "group_offloading", "kept"
_HOOKS = (_KEPT, _GROUP, "layer_execution_tracker", "lazy_prefetch_group_offloading")
_HOST = torch.device("cpu")


def stream(module: torch.nn.Module, device: torch.device, *, kept: bool = True) -> None:
    """From now on `module`, which lies in host memory, computes on `device` block by block.

    All of it is kept in page-locked memory, so that copies run beside the computing; where the
    host has none, each block is locked when its turn comes. The output is the same to the bit.
    kept: what is no block stays on the device from the first pass until `withdraw`; else it goes
    both ways with every pass, as the library has it.
    """
    from diffusers import ModelMixin  # slow to import: a worker is ready long before
    from diffusers.hooks import HookRegistry, apply_group_offloading

    from ourvidz.pipeline.kept import Kept

    ahead = device.type == "cuda"
    locked = ahead and lock(module)
    options: dict[str, Any] = {
        "onload_device": device,
        "offload_device": _HOST,
        "use_stream": ahead,
        # A block's memory is free when the block has computed. Recorded streams would free it
        # later: blocks are copied ten times faster than they compute, and all would pile up.
        "record_stream": False,
        "non_blocking": ahead,
        "low_cpu_mem_usage": not locked,
    }
    if isinstance(module, ModelMixin):
        module.enable_group_offload(offload_type="block_level", num_blocks_per_group=1, **options)
        if kept:
            registry = HookRegistry.check_if_exists_or_initialize(module)
            rest: Any = registry.get_hook(_GROUP)
            registry.register_hook(Kept(rest.group), _KEPT)
    else:
        apply_group_offloading(module, offload_type="leaf_level", **options)


def is_streamed(module: torch.nn.Module) -> bool:
    """Whether `module` computes block by block."""
    return any(True for _ in _groups(module))


def withdraw(module: torch.nn.Module) -> None:
    """Take off the device what a stopped forward left there; streaming goes on."""
    for group in _groups(module):
        group.offload_()
    registry: Any = getattr(module, "_diffusers_hook", None)
    if kept := registry and registry.get_hook(_KEPT):
        kept.withdraw()


def unstream(module: torch.nn.Module) -> None:
    """`module` lies in host memory as if it had never been streamed."""
    from diffusers.hooks import HookRegistry

    withdraw(module)
    registry = HookRegistry.check_if_exists_or_initialize(module)
    for hook in _HOOKS:
        registry.remove_hook(hook, recurse=True)


def _groups(module: torch.nn.Module) -> Iterator[Any]:
    for part in module.modules():
        registry: Any = getattr(part, "_diffusers_hook", None)
        hook = registry and registry.get_hook(_GROUP)
        if hook:
            yield hook.group
