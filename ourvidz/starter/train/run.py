"""A training run bounded by time: learning rate schedule, moving average, CSV log, checkpoints."""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long to train and how often to save.

    minutes: training time over all resumptions. warmup: share of it with a rising learning rate.
    """

    minutes: float
    warmup: float = 0.01
    save_every_s: float = 180.0


@dataclass(frozen=True, kw_only=True)
class How:
    """The dials of one training call.

    minutes: training time over all resumptions. scale: batches are this many times as large.
    """

    minutes: float
    device: str = "cpu"
    scale: int = 1
    seed: int = 0


class Run:
    """Drives one model's training; everything needed to go on lies in `folder`.

    `average` is the exponential moving average of the weights: it is what is evaluated and shipped.
    """

    def __init__(
        self,
        folder: Path,
        model: nn.Module,
        optimizers: list[torch.optim.Optimizer],
        budget: Budget,
        decay: float = 0.999,
    ) -> None:
        self.folder, self.model, self.optimizers = folder, model, optimizers
        self.budget, self.decay = budget, decay
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        self.step, self.seconds = 0, 0.0
        self._peaks = [[g["lr"] for g in o.param_groups] for o in optimizers]
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "checkpoint.pt").exists():
            self._resume()

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return next(self.model.parameters()).device

    @property
    def progress(self) -> float:
        """Share of the time budget that is used, 0 to 1."""
        return min(1.0, self.seconds / (60 * self.budget.minutes))

    def steps(self) -> Iterator[int]:
        """Yield step numbers until the budget is gone; the caller runs backward() in between.

        Gradients are clipped, applied and cleared here; those that are no numbers are left out.
        """
        saved = self.seconds
        while self.progress < 1.0:
            begin = time.perf_counter()
            self._set_learning_rate()
            yield self.step
            norm = nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            for optimizer in self.optimizers:
                if norm.isfinite():
                    optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            self._update_average()
            self.step += 1
            self.seconds += time.perf_counter() - begin
            if self.seconds - saved > self.budget.save_every_s:
                self.save()
                saved = self.seconds
        self.save()

    def log(self, **figures: float) -> None:
        """Append one row of named figures to `loss.csv`."""
        path = self.folder / "loss.csv"
        row = {"step": self.step, "seconds": round(self.seconds, 1)} | {
            name: round(value, 5) for name, value in figures.items()
        }
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if fresh:
                writer.writeheader()
            writer.writerow(row)

    def save(self) -> None:
        """Write the checkpoint; a crash half way leaves the old one."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
        }
        part = self.folder / "checkpoint.part"
        torch.save(state, part)
        part.replace(self.folder / "checkpoint.pt")

    def _resume(self) -> None:
        state = torch.load(
            self.folder / "checkpoint.pt", weights_only=True, map_location=self.device
        )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds = state["step"], state["seconds"]

    def _set_learning_rate(self) -> None:
        p, warm = self.progress, self.budget.warmup
        k = min(1.0, (p + 1e-4) / warm) if p < warm else max(0.02, (1 - p) / (1 - warm))
        for optimizer, peaks in zip(self.optimizers, self._peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * k

    def _update_average(self) -> None:
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
            for old, new in pairs:
                old.lerp_(new, 1 - decay)
