"""What a caption says, read off the network's own tokens half way through while it trains.

The loss of denoising alone never taught left from right: MiniLM tells them apart by little in one
token, and a first frame mostly shows by its subject's face where it will go. Asked for in the
middle of the network, every attribute of the scene comes through the attention to the words, and
the rest of the network can draw by it. Where the subject is at every moment is asked too: that
plans its way. Nothing of this is exported.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ourvidz.starter.critic import ANSWERS, Attributes
from ourvidz.starter.world import Scene

#: What cross_entropy leaves out.
_UNASKED = -100


def answers_of(scene: Scene) -> np.ndarray:
    """Numbers of the right answers, one per attribute of `ANSWERS`; -100 where it means nothing.

    >>> from ourvidz.starter.world import Scene
    >>> answers_of(Scene(place="space", time="night", weather="clear", subject="ufo", color="red",
    ...                  action="float", direction="left")).tolist()[:3]
    [7, -100, -100]
    """
    truth = Attributes.of(scene)
    meant = truth.meant()
    return np.array(
        [
            choices.index(getattr(truth, name)) if name in meant else _UNASKED
            for name, choices in ANSWERS.items()
        ]
    )


class Reader(nn.Module):
    """Reads a network's tokens (B, N, channels), each of 2 x 2 cells of one latent frame.

    Attributes are read off their mean, where the subject is off each of them.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.heads = nn.Linear(channels, sum(len(choices) for choices in ANSWERS.values()))
        self.where = nn.Linear(channels, 4)
        self.tokens: torch.Tensor | None = None

    def watch(self, transformer: Any) -> None:
        """Keep what leaves the block in the middle, at every pass from now on."""

        def keep(_module: nn.Module, _inputs: Any, tokens: torch.Tensor) -> None:
            self.tokens = tokens

        blocks = transformer.blocks
        blocks[len(blocks) // 2].register_forward_hook(keep)

    def found(self, subject: torch.Tensor) -> torch.Tensor:
        """Binary cross entropy of where the last pass saw the subject (B, 1, T, h, w): 0 or 1."""
        logits = self.where(self.norm(self._watched()))
        cells = subject.unflatten(4, (-1, 2)).unflatten(3, (-1, 2)).transpose(4, 5)
        return F.binary_cross_entropy_with_logits(logits, cells.reshape(logits.shape))

    def loss(self, answers: torch.Tensor) -> torch.Tensor:
        """Mean cross entropy over the attributes, of the last pass. answers: (B, attributes)."""
        logits = self.heads(self.norm(self._watched().mean(1)))
        parts = logits.split([len(choices) for choices in ANSWERS.values()], 1)
        pairs = zip(parts, answers.T, strict=True)
        return torch.stack([_asked(rows, right) for rows, right in pairs]).mean()

    def _watched(self) -> torch.Tensor:
        if self.tokens is None:
            raise RuntimeError("no pass was watched")
        return self.tokens.float()


def _asked(logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Cross entropy where there is a right answer; zero where nothing is asked."""
    total = F.cross_entropy(logits, right, ignore_index=_UNASKED, reduction="sum")
    return total / len(right)
