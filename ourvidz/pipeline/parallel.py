"""One transformer on several devices: each process computes its share of the tokens.

Attention is divided by heads (Ulysses), everything else by tokens. Every device holds all the
weights, so this saves time and working memory. `crew` starts the processes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from diffusers import ContextParallelConfig, ParallelConfig
from diffusers.hooks.context_parallel import apply_context_parallel, remove_context_parallel
from torch import distributed
from torch.distributed import distributed_c10d
from torch.distributed.device_mesh import init_device_mesh

from ourvidz.domain.errors import Unavailable

#: A device that has waited this long for another one gives up: they load at different speeds.
_PATIENCE = timedelta(minutes=10)
_CHATTY = "diffusers.hooks.context_parallel"


@dataclass(frozen=True, kw_only=True)
class Share:
    """What this process does of a divided transformer: the part `rank` of `count`."""

    rank: int
    count: int
    config: Any


@contextmanager
def joined(rank: int, count: int, device: torch.device, rendezvous: Path) -> Iterator[Share]:
    """Inside, `count` processes work together, which find each other by the file `rendezvous`.

    Raises Unavailable where they do not.
    """
    if device.type == "cuda":
        take_card(device)
    _count_anew()
    try:
        distributed.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            init_method=rendezvous.as_uri(),
            rank=rank,
            world_size=count,
            timeout=_PATIENCE,
        )
    except (RuntimeError, ValueError) as error:  # the families of torch's own about processes
        first = str(error).strip().partition("\n")[0]
        raise Unavailable(
            "several GPUs", f"their processes do not come together ({first}); leave --gpus out"
        ) from error
    try:
        # diffusers' own `enable_parallelism` asks for an accelerator, and can not be undone.
        parallel = ContextParallelConfig(ulysses_degree=count)
        config = ParallelConfig(context_parallel_config=parallel)
        mesh = init_device_mesh(
            device.type, parallel.mesh_shape, mesh_dim_names=parallel.mesh_dim_names
        )
        config.setup(rank, count, device, mesh=mesh)
        yield Share(rank=rank, count=count, config=config)
    finally:
        distributed.destroy_process_group()


def _count_anew() -> None:
    """torch names a group by their number so far, and counts one that failed to start as well.

    Helpers are new processes and count from 0: under another name they are never met.
    """
    if not distributed.is_initialized():
        distributed_c10d._world.group_count = 0


def take_card(device: torch.device) -> None:
    """What this process computes on a card is computed on this one; torch asks for its number."""
    torch.cuda.set_device(device.index or 0)


@contextmanager
def divided(transformer: Any, share: Share | None) -> Iterator[None]:
    """Inside, `transformer` computes its share, and gives the whole; all of it for None."""
    if share is None:
        yield
        return
    found: list[Any] = [getattr(module, "processor", None) for module in transformer.modules()]
    processors = [one for one in found if hasattr(one, "_parallel_config")]
    for one in processors:
        one._parallel_config = share.config
    apply_context_parallel(transformer, share.config.context_parallel_config, transformer._cp_plan)
    try:
        with _quiet():
            yield
    finally:
        remove_context_parallel(transformer, transformer._cp_plan)
        for one in processors:
            one._parallel_config = None


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of diffusers: that timesteps are not divided, and that torch has newer names."""
    logger = logging.getLogger(_CHATTY)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, message=".*all_gather_tensor")
            yield
    finally:
        logger.setLevel(level)
