"""What a caption says, read off the network's own tokens half way through while it trains.

The loss of denoising alone never taught left from right: MiniLM tells them apart by little in one
token, and a first frame mostly shows by its subject's face where it will go. Asked for in the
middle of the network, every attribute of the scene comes through the attention to the words, and
the rest of the network can draw by it. Nothing of this is exported.
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
    """Reads all attributes off the mean of a network's tokens (B, N, channels)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.heads = nn.Linear(channels, sum(len(choices) for choices in ANSWERS.values()))
        self.tokens: torch.Tensor | None = None

    def watch(self, transformer: Any) -> None:
        """Keep what leaves the block in the middle, at every pass from now on."""

        def keep(_module: nn.Module, _inputs: Any, tokens: torch.Tensor) -> None:
            self.tokens = tokens

        blocks = transformer.blocks
        blocks[len(blocks) // 2].register_forward_hook(keep)

    def loss(self, answers: torch.Tensor) -> torch.Tensor:
        """Mean cross entropy over the attributes, of the last pass. answers: (B, attributes)."""
        if self.tokens is None:
            raise RuntimeError("no pass was watched")
        logits = self.heads(self.norm(self.tokens.float().mean(1)))
        parts = logits.split([len(choices) for choices in ANSWERS.values()], 1)
        pairs = zip(parts, answers.T, strict=True)
        return torch.stack([_asked(rows, right) for rows, right in pairs]).mean()


def _asked(logits: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Cross entropy where there is a right answer; zero where nothing is asked."""
    total = F.cross_entropy(logits, right, ignore_index=_UNASKED, reduction="sum")
    return total / len(right)
