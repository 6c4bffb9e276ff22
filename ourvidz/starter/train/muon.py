"""Muon: momentum whose matrices are made orthogonal, so that every direction is learnt equally.

`torch.optim.Muon` does the same in bf16 always: on a CPU without bf16 instructions a step of the
optimizer then takes ten times as long as everything else, and in fp32 where there are some half as
long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from ourvidz.starter.train.numbers import quick

#: The quintic whose repetition drives all singular values towards one.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_TIMES = 5


class Muon(torch.optim.Optimizer):
    """For matrices and for kernels (out, in, ...), which count as matrices of their outputs.

    The size of an update matches that of AdamW's.
    """

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Apply the gradients; matrices of one shape are made orthogonal together."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in shapes.items():
                momenta = torch.stack([self._look_ahead(p, group).flatten(1) for p in parameters])
                updates = orthogonal(momenta.to(quick(momenta.device.type)))
                rate = group["lr"] * 0.2 * max(momenta.shape[1:]) ** 0.5
                for parameter, update in zip(parameters, updates, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.sub_(update.view(shape), alpha=rate)

    def _look_ahead(self, parameter: torch.Tensor, group: dict[str, Any]) -> torch.Tensor:
        """Nesterov momentum."""
        state = self.state[parameter]
        mean = state.setdefault("mean", torch.zeros_like(parameter))
        gradient: Any = parameter.grad
        mean.lerp_(gradient, 1 - group["momentum"])
        return gradient.lerp(mean, group["momentum"])


def orthogonal(x: torch.Tensor) -> torch.Tensor:
    """Matrices (N, rows, columns) with about the same directions, all of about unit length."""
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(_TIMES):
        square = x @ x.transpose(1, 2)
        x = _A * x + (_B * square + _C * square @ square) @ x
    return x.transpose(1, 2) if tall else x
