"""Batches of normalised latents, conditions and words for the transformer."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from ourvidz.starter.train.data import MEMORY, Texts, What

#: What a clip is told beforehand: nothing, its first frame, first and last, its first five.
Given = Literal["nothing", "first", "ends", "five"]
#: How often each: the product's way is from a picture.
GIVEN: tuple[Given, ...] = (
    "nothing", "nothing", "first", "first", "first", "first", "first", "first", "five", "ends"
)  # fmt: skip
FRAMES = 21
#: latents_mean and latents_std, one number per channel.
Statistics = dict[str, list[float]]


@dataclass(frozen=True)
class Batch:
    """latents (B, 48, T, h, w) normalised; condition (B, 52, T, h, w): mask then latents.

    embeds: (B, 64, 384). The condition is zero where nothing is given. subject (B, 1, T, h, w):
    1 in the cells with the subject, else 0. answers (B, attributes): see `answers_of`.
    """

    latents: torch.Tensor
    condition: torch.Tensor
    embeds: torch.Tensor
    subject: torch.Tensor
    answers: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        parts = (self.latents, self.condition, self.embeds, self.subject, self.answers)
        return Batch(*(part.to(device) for part in parts))


class Batches:
    """Draws batches from latents held in memory (float16, as encoded).

    statistics: what latents are normalised by; those of the images where it is not given.
    """

    def __init__(
        self,
        latents: dict[What, dict[str, np.ndarray]],
        texts: dict[What, Texts],
        empty: torch.Tensor,
        rng: random.Random,
        statistics: Statistics | None = None,
    ) -> None:
        self.latents, self.texts, self.empty, self.rng = latents, texts, empty, rng
        if statistics is None:
            sample = latents["image"]["latents"][:4000].astype(np.float32)
            mean, std = sample.mean((0, 2, 3, 4)), sample.std((0, 2, 3, 4))
            statistics = {"latents_mean": mean.tolist(), "latents_std": std.tolist()}
        self.mean = torch.tensor(statistics["latents_mean"]).view(1, -1, 1, 1, 1)
        self.std = torch.tensor(statistics["latents_std"]).view(1, -1, 1, 1, 1)

    def statistics(self) -> Statistics:
        """What the VAE's configuration calls latents_mean and latents_std."""
        return {
            "latents_mean": self.mean.flatten().tolist(),
            "latents_std": self.std.flatten().tolist(),
        }

    def images(self, count: int) -> Batch:
        """First frames alone: what the preview is."""
        latents = self.latents["image"]["latents"]
        picks = self.rng.choices(range(len(latents)), k=count)
        x = self._normal(latents[picks])
        return Batch(x, _nothing(x), *self._told("image", picks, 1))

    def clips(self, count: int, frames: int = FRAMES) -> Batch:
        """Clips cut to their first `frames` latent frames, most of them with something given."""
        latents = self.latents["clip"]
        picks = self.rng.choices(range(len(latents["clip"])), k=count)
        x = self._normal(latents["clip"][picks][:, :, :frames])
        conditions = []
        for pick in picks:
            given = self.rng.choice(GIVEN)
            if given == "ends" and frames < FRAMES:
                given = "first"
            conditions.append(self._condition(pick, given, frames))
        return Batch(x, torch.cat(conditions), *self._told("clip", picks, frames))

    def _condition(self, pick: int, given: Given, frames: int) -> torch.Tensor:
        rows = self.latents["clip"]
        mask = torch.zeros(1, 4, frames, *rows["clip"].shape[3:])
        if given == "nothing":
            return _nothing(mask)
        start = rows["five" if given == "five" else "first"][pick][:, : MEMORY + 1]
        grey = np.repeat(start[:, -1:], max(0, frames - start.shape[1]), axis=1)
        known = np.concatenate([start, grey], 1)[:, :frames]
        mask[:, :, : 2 if given == "five" else 1] = 1
        if given == "ends":
            known = known.copy()
            known[:, -1] = rows["first"][pick][:, -1]
            mask[:, 3, -1] = 1
        return torch.cat([mask, self._normal(known[None])], 1)

    def _normal(self, x: np.ndarray) -> torch.Tensor:
        return (torch.from_numpy(x.astype(np.float32)) - self.mean) / self.std

    def _told(self, what: What, picks: list[int], frames: int) -> tuple[torch.Tensor, ...]:
        """Words, cells of the subject, answers."""
        rows = self.latents[what]
        subject = torch.from_numpy(rows["subject"][picks, None, :frames]).float()
        return self._words(what, picks), subject, torch.from_numpy(rows["answers"][picks])

    def _words(self, what: What, picks: list[int]) -> torch.Tensor:
        embeds = self.texts[what].pick(picks, self.rng)
        for row in embeds:
            if self.rng.random() < 0.1:
                row.copy_(self.empty)
        return embeds


def _nothing(like: torch.Tensor) -> torch.Tensor:
    return torch.zeros(like.shape[0], 52, *like.shape[2:])
