"""One loaded component and the places it can be: on the device, in host memory, or on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ourvidz.pipeline.budget import Placement
from ourvidz.pipeline.hardware import free_memory
from ourvidz.pipeline.locked import Berth, lock, tensors_of
from ourvidz.pipeline.quantize import format_of
from ourvidz.pipeline.streaming import is_streamed, stream, unstream, withdraw


class Loaded:
    """A component where it was put last. `load` makes it in host memory.

    format: of its weights, as `format_of` says it.
    """

    def __init__(self, load: Callable[[], Any], device: torch.device) -> None:
        self._load = load
        self._device = device
        self._berth: Berth | None = None
        self._module: Any = load()
        self.format = format_of(self._module)

    @property
    def module(self) -> Any:
        """The component itself; loaded again when it was forgotten."""
        if self._module is None:
            self._module = self._load()
        return self._module

    def forget(self) -> None:
        """Free all its memory until it is needed again."""
        if self._module is not None:
            self._module, self._berth = None, None
            free_memory()

    @property
    def bytes(self) -> int:
        """Of all its tensors; 0 for what is no module."""
        return sum(_bytes(tensor) for tensor in tensors_of(self._module))

    @property
    def device_bytes(self) -> int:
        """Of its tensors that are on the device now."""
        return sum(
            _bytes(tensor)
            for tensor in tensors_of(self._module)
            if tensor.device.type == self._device.type
        )

    def enter(self, placement: Placement) -> None:
        """Make it ready to compute on the device.

        "resident" gives up its place in host memory, "freed after use" keeps one to return to.
        """
        if not isinstance(self.module, torch.nn.Module):
            return
        if placement == "streamed":
            return self._stream()
        if is_streamed(self.module):
            unstream(self.module)
        if self._device.type == "cpu":
            return
        if placement == "resident" or not _is_plain(self.module):
            self._berth = None
            self.module.to(self._device)
        elif self._berth is None:
            self.module.to("cpu")
            lock(self.module)  # a card copies from it two to three times as fast
            self._berth = Berth(tensors_of(self.module))
            self._berth.board(self._device)
        else:
            self._berth.board(self._device)

    def leave(self) -> None:
        """Leave nothing on the device."""
        if not isinstance(self._module, torch.nn.Module):
            return
        if is_streamed(self._module):
            withdraw(self._module)
        elif self._berth is not None:
            self._berth.come_home()
        else:
            self._module.to("cpu")

    def _stream(self) -> None:
        if not is_streamed(self.module):
            self.leave()
            self._berth = None
            stream(self.module, self._device)


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _is_plain(module: torch.nn.Module) -> bool:
    """Whether all its tensors are; those of bitsandbytes carry more than their data."""
    plain = (torch.Tensor, torch.nn.Parameter)
    return all(type(tensor) in plain for tensor in tensors_of(module))
