"""Train the critic on rendered clips, spoiled as a generated video may be."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from ourvidz.starter.critic import ANSWERS, FRAMES, HEIGHT, WIDTH, Attributes, CriticNet, look
from ourvidz.starter.train.numbers import mixed
from ourvidz.starter.train.run import Budget, How, Run
from ourvidz.starter.world import Scene, is_held_out, render_scene, sample_scene
from ourvidz.starter.world.render import CLIP_FRAMES, subject_at

Logits = Mapping[str, torch.Tensor]
_MIRRORED = {"left": "right", "right": "left"}
#: Height of a subject's middle above its origin, world units: walkers have it at their feet.
_MIDDLE = 26


@dataclass(frozen=True)
class Batch:
    """looks (B, T, 3, 64, 112). spots (B, T): the cell of 8 x 14 with the subject, -100 unknown."""

    truths: list[Attributes]
    looks: torch.Tensor
    spots: torch.Tensor


def train(folder: Path, how: How) -> nn.Module:
    """Train (or go on training); returns the averaged network."""
    torch.manual_seed(how.seed)
    net = CriticNet().to(how.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.01)
    run = Run(folder, net, [optimizer], Budget(minutes=how.minutes, warmup=0.03), 0.995)
    rng = random.Random(f"critic {how.seed} {run.step}")
    recent: dict[str, float] = {}
    for step in run.steps():
        # Stills teach what things look like at a sixth of the cost; clips, where they go.
        batch = clips(rng, 12 * how.scale) if step % 2 else stills(rng, 48 * how.scale)
        with mixed(how.device):
            logits, maps = net(batch.looks.to(how.device))
        loss = reading_loss(logits, maps, batch)
        loss.backward()
        for name, value in (accuracy(logits, batch.truths) | {"loss": loss.item()}).items():
            recent[name] = 0.9 * recent.get(name, value) + 0.1 * value
        if step % 50 == 0:
            run.log(**{name: recent.get(name, float("nan")) for name in (*ANSWERS, "loss")})
    return run.average


def export(folder: Path, weights: Path) -> Path:
    """Write the averaged network of the last checkpoint in `folder` as float16."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True, map_location="cpu")["average"]
    path = weights / "critic" / "critic.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: part.half().contiguous() for name, part in state.items()}, path)
    return path


def training_scenes(rng: random.Random) -> Iterator[Scene]:
    """Random scenes without end, none of them held out."""
    while True:
        scene = sample_scene(rng)
        if not is_held_out(scene):
            yield scene


def clips(rng: random.Random, count: int) -> Batch:
    """`count` scenes at six moments, each also mirrored; spoiled."""
    moments = np.linspace(0, CLIP_FRAMES - 1, FRAMES).round().astype(int).tolist()
    return _batch([(scene, moments) for scene in islice(training_scenes(rng), count)])


def stills(rng: random.Random, count: int) -> Batch:
    """`count` scenes at one moment, each also mirrored; spoiled."""
    scenes = islice(training_scenes(rng), count)
    return _batch([(scene, [rng.randrange(CLIP_FRAMES)]) for scene in scenes])


def _batch(chosen: list[tuple[Scene, list[int]]]) -> Batch:
    looks = torch.stack([look(render_scene(s, WIDTH, HEIGHT, m), len(m)) for s, m in chosen])
    truths = [Attributes.of(scene) for scene, _ in chosen]
    truths += [replace(t, direction=_MIRRORED.get(t.direction, t.direction)) for t in truths]
    spots = torch.tensor([[_spot(s, i, side) for i in m] for side in (1, -1) for s, m in chosen])
    parts = [spoiled(part) for part in (*looks.chunk(4), *looks.flip(-1).chunk(4))]
    return Batch(truths, torch.cat(parts), spots)


def _spot(scene: Scene, index: int, side: int) -> int:
    """The cell of the subject's middle, mirrored when side is -1; zooming moves it: unknown."""
    if scene.camera.startswith("zoom"):
        return -100
    x, y = subject_at(scene, index / (CLIP_FRAMES - 1))
    y -= _MIDDLE if scene.kind in ("person", "animal", "wheels", "ball", "boat") else 0
    row, column = (min(n - 1, max(0, int(v / 16))) for v, n in ((y, 8), (x, 14)))
    return row * 14 + (column if side > 0 else 13 - column)


def spoiled(x: torch.Tensor) -> torch.Tensor:
    """Looks (B, T, 3, 64, 112) as a model might have painted them: soft, noisy, off in colour."""
    count, times = x.shape[:2]
    down, right = torch.randint(0, 7, (2,)).tolist()
    x = F.pad(x.flatten(0, 1), (3, 3, 3, 3), mode="replicate")
    x = _soft(x[..., down : down + HEIGHT, right : right + WIDTH], 1 + 1.4 * torch.rand(()).item())
    x = x.unflatten(0, (count, times))
    x = x * (1 + 0.06 * torch.randn(count, 1, 3, 1, 1)) + 0.05 * torch.randn(count, 1, 3, 1, 1)
    grain = torch.randn(count, 1, 3, HEIGHT, WIDTH) * 0.10 * torch.rand(())
    blotches = torch.randn(count * times, 3, HEIGHT // 8, WIDTH // 8) * 0.12 * torch.rand(())
    blotches = F.interpolate(blotches, (HEIGHT, WIDTH), mode="bilinear")
    return (x + grain + blotches.view_as(x)).clamp(-1, 1)


def _soft(x: torch.Tensor, factor: float) -> torch.Tensor:
    small = (round(HEIGHT / factor), round(WIDTH / factor))
    return F.interpolate(
        F.interpolate(x, small, mode="bilinear", antialias=True), (HEIGHT, WIDTH), mode="bilinear"
    )


def reading_loss(logits: Logits, maps: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross entropies of what is read, where it means something, and of where the subject is."""
    first = maps[:, :, 0].flatten(0, 1).flatten(1)
    total = F.nll_loss((first + 1e-6).log(), batch.spots.flatten().to(maps.device))
    for name, rows in logits.items():
        target = _targets(name, batch.truths).to(rows.device)
        total = total + F.cross_entropy(rows.float(), target, label_smoothing=0.02)
    return total


def accuracy(logits: Logits, truths: list[Attributes]) -> dict[str, float]:
    """Share of right answers per attribute, where the attribute means something."""
    found = {}
    for name, rows in logits.items():
        target = _targets(name, truths).to(rows.device)
        meant = target >= 0
        right = (rows.argmax(1) == target)[meant]
        found[name] = right.float().mean().item()
    return found


def _targets(name: str, truths: Iterable[Attributes]) -> torch.Tensor:
    """Numbers of the right answers; -100, which cross entropy ignores, where there is none."""
    return torch.tensor(
        [ANSWERS[name].index(getattr(t, name)) if name in t.meant() else -100 for t in truths]
    )
