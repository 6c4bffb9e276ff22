"""Train the starter's transformer: first frames, then clips with and without given frames.

One network learns every task. Its input is the noisy latents (48 channels) beside the condition
(4 of mask, 48 of latents, zero when nothing is given), so the text-to-video checkpoint is the
same network with the condition's input weights cut away: see `export`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import WanTransformer3DModel
from diffusers.models.transformers import transformer_wan
from torch import nn

from ourvidz.starter.train.batches import Batch, Batches, Statistics
from ourvidz.starter.train.data import Texts, What, Words, load_latents, load_texts
from ourvidz.starter.train.muon import Muon
from ourvidz.starter.train.numbers import mixed
from ourvidz.starter.train.reader import Reader
from ourvidz.starter.train.run import Budget, How, Run

CONFIG = {
    "patch_size": (1, 2, 2), "num_attention_heads": 4, "attention_head_dim": 64,
    "in_channels": 100, "out_channels": 48, "text_dim": 384, "freq_dim": 256, "ffn_dim": 1024,
    "num_layers": 8, "rope_max_seq_len": 64,
}  # fmt: skip


#: What a step trains on once there are clips. Stills cost half as much as the others, and every
#: clip starts from one: in two of seven steps they fell behind.
KINDS = ("still", "still", "still", "still", "start", "start", "clip", "clip")
#: Flow shift of stills and of clips: where a clip's subject goes is decided in the most noise.
SHIFTS = {"still": 3.0, "start": 5.0, "clip": 5.0}
#: An error where the subject is counts this many times: it covers a sixth of the picture.
SUBJECT_WEIGHT = 4.0
#: And so many times where it is at another moment: what it leaves and enters shows that it moves.
PATH_WEIGHT = 2.0
#: Weight of what is read off the network half way, beside the loss of denoising.
READING_WEIGHT = 0.3


def train(
    folder: Path, counts: dict[What, int], how: How, weights: Path | None = None
) -> nn.Module:
    """Train (or go on training); returns the averaged model.

    weights: exported weights to begin from, with the normalisation of their latents.

    Begin with counts["clip"] = 0: first frames alone are 21 times cheaper and teach what things
    look like. A later call with clips goes on from there. Weights that know clips already forget
    them in 200 steps of stills: with `weights`, train on clips from the start.
    """
    torch.manual_seed(how.seed)
    model: Any = WanTransformer3DModel(**CONFIG)
    statistics = None
    if weights:
        model, statistics = exported(weights)
    model.reader = Reader(model.config.num_attention_heads * model.config.attention_head_dim)
    model.to(how.device).train()
    # What is trained already needs a lower rate, and an average of the last minutes only.
    muon, decay = (0.9e-3, 0.995) if weights else (2e-3, 0.998)
    budget = Budget(minutes=how.minutes, warmup=0.03 if weights else 0.01)
    run = Run(folder / "transformer", model, optimizers(model, muon), budget, decay)
    model.reader.watch(model)
    rng = random.Random(f"{how.seed} {run.step}")
    batches = load(folder / "data", counts, rng, statistics)
    (run.folder / "latents.json").write_text(json.dumps(batches.statistics()))
    losses: dict[str, float] = {}
    with matmul_attention() if run.device.type == "cpu" else nullcontext():
        for step in run.steps():
            kind = rng.choice(KINDS) if counts["clip"] else "still"
            batch = _draw(batches, kind, how.scale).to(run.device)
            loss = flow_loss(model, batch, SHIFTS[kind])
            reading = model.reader.loss(batch.answers)
            finding = model.reader.found(batch.subject)
            (loss + READING_WEIGHT * reading + finding).backward()
            for name, part in ((kind, loss), ("reading", reading), ("finding", finding)):
                losses[name] = 0.98 * losses.get(name, part.item()) + 0.02 * part.item()
            if step % 25 == 0:
                columns = (*SHIFTS, "reading", "finding")
                run.log(**{name: losses.get(name, float("nan")) for name in columns})
    return run.average


def exported(weights: Path) -> tuple[Any, Statistics]:
    """The whole network of exported weights, in fp32, and what their latents are normalised by.

    Image-to-video holds it all; text-to-video lacks the condition's input weights.
    """
    model: Any = WanTransformer3DModel.from_pretrained(
        weights / "image_to_video" / "transformer", torch_dtype=torch.float32
    )
    vae = json.loads((weights / "vae" / "config.json").read_text())
    return model, {name: vae[name] for name in ("latents_mean", "latents_std")}


def load(
    folder: Path,
    counts: dict[What, int],
    rng: random.Random,
    statistics: Statistics | None = None,
) -> Batches:
    """The training set in memory, as far as it has been made."""
    have: list[tuple[What, int]] = [(what, n) for what, n in counts.items() if n]
    latents: dict[What, dict[str, np.ndarray]] = {w: load_latents(folder, w, n) for w, n in have}
    texts: dict[What, Texts] = {what: load_texts(folder, what, n) for what, n in have}
    tokens, ends = Words().embed([""])
    empty = Texts(tokens, ends, 1).pick([0], rng)[0]
    return Batches(latents, texts, empty, rng, statistics)


def _draw(batches: Batches, kind: str, scale: int) -> Batch:
    """One kind: stills (2,200 tokens), the first 2.6 s of clips or whole clips (4,500 tokens)."""
    if kind == "still":
        return batches.images(80 * scale)
    return batches.clips(14 * scale, 11) if kind == "start" else batches.clips(8 * scale)


def flow_loss(model: nn.Module, batch: Batch, shift: float) -> torch.Tensor:
    """Velocity loss of a network that predicts the clean latents.

    Clean latents of flat pictures lie on a thin manifold, velocities (noise - clean) fill the
    whole space: a small network learns the former several times faster.
    """
    x = batch.latents
    u = torch.randn(len(x), device=x.device).sigmoid()
    sigma = (shift * u / (1 + (shift - 1) * u)).view(-1, 1, 1, 1, 1)
    noisy = (1 - sigma) * x + sigma * torch.randn_like(x)
    with mixed(x.device.type):
        clean = model(
            hidden_states=torch.cat([noisy, batch.condition], 1),
            timestep=sigma.flatten() * 1000,
            encoder_hidden_states=batch.embeds,
            return_dict=False,
        )[0]
    path = batch.subject.amax(2, keepdim=True)
    counts = 1 + (PATH_WEIGHT - 1) * path + (SUBJECT_WEIGHT - PATH_WEIGHT) * batch.subject
    error = ((clean.float() - x) / sigma.clamp(min=0.1)).square()
    return (counts / counts.mean() * error).mean()


def optimizers(model: nn.Module, rate: float = 2e-3) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks and of the words, AdamW for everything else."""
    matrices = [
        p
        for n, p in model.named_parameters()
        if p.ndim == 2 and (n.startswith("blocks.") or ".text_embedder." in n)
    ]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        Muon(matrices, lr=rate),
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


@contextmanager
def matmul_attention() -> Iterator[None]:
    """Inside, Wan attends by plain matrix products: faster on CPUs, see benchmarks/LOG.md."""
    stock = transformer_wan.dispatch_attention_fn

    def attend(query: Any, key: Any, value: Any, **_: Any) -> torch.Tensor:
        q, k, v = (t.transpose(1, 2) for t in (query, key, value))
        scores = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
        return torch.matmul(scores.softmax(-1), v).transpose(1, 2)

    transformer_wan.dispatch_attention_fn = attend
    try:
        yield
    finally:
        transformer_wan.dispatch_attention_fn = stock
