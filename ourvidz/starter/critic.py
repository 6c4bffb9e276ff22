"""Reads back from a video what its caption should have said: the judge of the starter model.

A small network trained on the renderer alone. It sees six frames of a clip, finds the subject in
them by attention and follows where it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from ourvidz.starter.world import Scene
from ourvidz.starter.world import vocabulary as v

#: What is read, and the answers that each head of the network chooses from.
ANSWERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "place": v.PLACES,
        "time": v.TIMES,
        "weather": v.WEATHERS,
        "subject": tuple(v.SUBJECTS),
        "color": tuple(v.COLORS),
        "direction": v.DIRECTIONS,
    }
)
#: Frames that are looked at, evenly spread, and the size they are brought to, px.
FRAMES, WIDTH, HEIGHT = 6, 112, 64
WEIGHTS = Path(__file__).parent / "weights" / "critic" / "critic.safetensors"


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """What a clip shows, in the words of `world.vocabulary`."""

    place: str
    time: str
    weather: str
    subject: str
    color: str
    direction: str

    @classmethod
    def of(cls, scene: Scene) -> Attributes:
        """What a perfect critic would read from the scene's clip."""
        return cls(**{name: getattr(scene, name) for name in ANSWERS})

    def meant(self) -> tuple[str, ...]:
        """The attributes that mean something: space has neither hour nor weather."""
        return tuple(n for n in ANSWERS if self.place != "space" or n not in ("time", "weather"))

    def agrees(self, read: Attributes) -> dict[str, bool]:
        """Which of the attributes that mean something here were read right."""
        return {name: getattr(self, name) == getattr(read, name) for name in self.meant()}


class CriticNet(nn.Module):
    """Frames (B, T, 3, 64, 112) in [-1, 1] to logits and to where the network looked.

    T is 1, a still that has no direction, or 6. `spots` maps say where things are; training ties
    the first of them to the subject.
    """

    def __init__(self, width: int = 32, spots: int = 4) -> None:
        super().__init__()
        self.fine = nn.Sequential(
            nn.Conv2d(3, width // 2, 5, stride=2, padding=2),
            nn.GELU(),
            _Block(width // 2, width),
            _Block(width, width * 2),
            _Block(width * 2, width * 2, stride=1),
        )
        self.where = nn.Conv2d(width * 2, spots, 3, padding=1)
        self.coarse = nn.Sequential(_Block(width * 2, width * 4), _Block(width * 4, width * 4, 1))
        self.view = nn.Sequential(nn.Linear(width * (8 + 2 * spots), 256), nn.GELU())
        self.path = nn.Sequential(nn.Linear(256 + 2 * spots * FRAMES, 64), nn.GELU())
        self.heads = nn.ModuleDict(
            {
                name: nn.Linear(256 + (64 if name == "direction" else 0), len(answers))
                for name, answers in ANSWERS.items()
            }
        )

    def forward(self, frames: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Logits (B, answers) by attribute, and the spots: (B, T, spots, 8, 14), each sums to 1."""
        batch, times = frames.shape[:2]
        fine = self.fine(frames.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        coarse = self.coarse(fine).float()
        fine, maps = fine.float(), self.where(fine).float().flatten(2).softmax(-1)
        found = maps @ fine.flatten(2).transpose(1, 2)
        seen = torch.cat([coarse.mean((2, 3)), coarse.amax((2, 3)), found.flatten(1)], 1)
        view = self.view(seen.unflatten(0, (batch, times)).mean(1))
        logits = {n: head(view) for n, head in self.heads.items() if n != "direction"}
        if times == FRAMES:
            at = maps @ _grid(fine.shape[2], fine.shape[3]).to(maps)
            path = self.path(torch.cat([at.reshape(batch, -1), view], 1))
            logits["direction"] = self.heads["direction"](torch.cat([view, path], 1))
        return logits, maps.view(batch, times, -1, *fine.shape[2:])


class Critic:
    """A trained `CriticNet`."""

    def __init__(self, net: CriticNet) -> None:
        self.net = net.eval()

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Critic:
        """The shipped critic, or the one in another file."""
        net = CriticNet()
        net.load_state_dict({name: part.float() for name, part in load_file(path).items()})
        return cls(net)

    @torch.inference_mode()
    def read(self, frames: np.ndarray) -> Attributes:
        """What a clip shows. frames: (T, H, W, 3) uint8 RGB, any length and size."""
        logits, _ = self.net(look(frames)[None])
        return Attributes(
            **{name: ANSWERS[name][int(row.argmax())] for name, row in logits.items()}
        )


def look(frames: np.ndarray, times: int = FRAMES) -> torch.Tensor:
    """What the critic sees of a clip (T, H, W, 3) uint8: (times, 3, 64, 112) in [-1, 1]."""
    picks = np.linspace(0, len(frames) - 1, times).round().astype(int)
    x = torch.from_numpy(np.ascontiguousarray(frames[picks])).permute(0, 3, 1, 2).float()
    x = F.interpolate(x, (HEIGHT, WIDTH), mode="bilinear", antialias=True)
    return x / 127.5 - 1


def _grid(height: int, width: int) -> torch.Tensor:
    """Row and column of every cell, -1 to 1: (height * width, 2)."""
    rows, columns = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).view(-1, 2)


class _Block(nn.Module):
    """A residual block; with a stride of 2 it halves both sides."""

    def __init__(self, channels: int, out: int, stride: int = 2) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, out, 3, stride=stride, padding=1)
        self.norm = nn.GroupNorm(8, out)
        self.inside = nn.Conv2d(out, out, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, channels, H, W) to (N, out, H / stride, W / stride)."""
        x = self.enter(x)
        return x + self.inside(F.gelu(self.norm(x)))
