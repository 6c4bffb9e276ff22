"""What of a streamed module is no block: it stays on the device from pass to pass."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.hooks import ModelHook

from ourvidz.pipeline.locked import Berth, tensors_of

_HOST = torch.device("cpu")


class Kept(ModelHook):
    """The outermost hook of a streamed module; its first pass brings the rest of it along.

    Left to the library, the rest goes both ways with every pass, and back into memory that is not
    locked. And below this hook the library's tracer can go after the first pass, without taking
    along what was put around the module's forward since: a step cache.
    """

    def __init__(self, rest: Any) -> None:
        """rest: the library's group of all that is no block, which is empty from now on."""
        super().__init__()
        parts = [one for module in rest.modules for one in tensors_of(module)]
        self._berth = Berth([*parts, *rest.parameters, *rest.buffers])
        self._device: torch.device = rest.onload_device
        self._is_aboard = False
        rest.modules, rest.parameters, rest.buffers = [], [], []

    def pre_forward(self, module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
        """The arguments as they are."""
        if not self._is_aboard and self._device != _HOST:
            self._berth.board(self._device)
            self._is_aboard = True
        return args, kwargs

    def withdraw(self) -> None:
        """Take it off the device until the next pass."""
        self._berth.come_home()
        self._is_aboard = False
