"""Weights in page-locked host memory, from which a card copies while it computes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import torch

from ourvidz.pipeline.hardware import free_memory
from ourvidz.pipeline.host import free_host_bytes

log = logging.getLogger(__name__)

#: What is left to everybody else: locked memory is never swapped, and the system would rather
#: end a process than wait for it.
_RESERVE_BYTES = 2 * 2**30


class Berth:
    """Where tensors lie in host memory, to which they return at once: weights never change."""

    def __init__(self, tensors: Iterable[torch.Tensor]) -> None:
        self._home = [(tensor, tensor.data) for tensor in tensors]

    def board(self, device: torch.device) -> None:
        """Copy everything to `device`."""
        for tensor, home in self._home:
            tensor.data = home.to(device, non_blocking=True, copy=True)

    def come_home(self) -> None:
        """Free the copies on the device."""
        for tensor, home in self._home:
            tensor.data = home


def tensors_of(module: Any) -> Iterator[torch.Tensor]:
    """All parameters and buffers; none of what is no module."""
    if isinstance(module, torch.nn.Module):
        yield from chain(module.parameters(), module.buffers())


def lock(module: torch.nn.Module, reserve_bytes: int = _RESERVE_BYTES) -> bool:
    """Move all tensors of `module`, which lies in host memory, into page-locked memory.

    One after the other, so that it is never there twice. False, and all is as it was, where the
    system has no more of that; reserve_bytes: what others shall still have.
    """
    done: list[torch.Tensor] = []
    try:
        for tensor in tensors_of(module):
            _check_room(tensor, reserve_bytes)
            tensor.data = tensor.data.pin_memory()
            done.append(tensor)
    except RuntimeError as error:
        first = str(error).partition("\n")[0]
        log.warning("host memory can not be locked, copies to the card are slow: %s", first)
        for tensor in done:
            tensor.data = tensor.data.clone()
        done.clear()
        free_memory()
        return False
    return True


def _check_room(tensor: torch.Tensor, reserve_bytes: int) -> None:
    free = free_host_bytes()
    if free - tensor.numel() * tensor.element_size() < reserve_bytes:
        raise RuntimeError(f"only {free / 2**30:.1f} GiB of host memory are left")
