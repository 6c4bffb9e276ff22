"""Improve a finished video autoencoder: a wider encoder first, then both halves.

Latents that gradient descent finds for a picture give the same decoder some 2 dB more than those
of its encoder (`benchmarks/LOG.md`): what the encoder lacks is width and training. While the
decoder stays as it is, everything a transformer has learnt to draw stays as it is too.
"""

from __future__ import annotations

import random
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from torch import nn

from ourvidz.starter.train import vae as recipe
from ourvidz.starter.train.folded_conv import quick_convolutions
from ourvidz.starter.train.muon import Muon
from ourvidz.starter.train.numbers import mixed
from ourvidz.starter.train.run import Budget, How, Run

#: (frames, clips) of a batch: many scenes a second, mostly.
_CLIPS = ((1, 8), (1, 8), (1, 8), (5, 2), (9, 1), (9, 1), (17, 1))
#: Share of the time in which the encoder learns alone.
_ALONE = 0.5
#: How strongly latents are held where they were.
_PULL = 0.01


def train(folder: Path, weights: Path, how: How) -> nn.Module:
    """Go on from exported `weights`; returns the averaged model.

    The encoder gets the width of `vae.CONFIG`. Latents are pulled to what the old encoder gives,
    so that a transformer that knows only those still understands the new ones.
    """
    torch.manual_seed(how.seed)
    old: Any = recipe.load(weights).to(how.device)
    vae: Any = wider(old, recipe.CONFIG["base_dim"]).to(how.device).train().requires_grad_(True)
    moving = list(vae.parameters())
    optimizers = [
        Muon([p for p in moving if p[0].numel() > 1], lr=1e-3, weight_decay=0.0),
        torch.optim.AdamW(
            [p for p in moving if p[0].numel() == 1], lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0
        ),
    ]
    run = Run(folder, vae, optimizers, Budget(minutes=how.minutes, warmup=0.03), 0.997)
    rng = random.Random(f"further {how.seed} {run.step}")
    held_out = recipe.to_tensor(recipe.held_out_clips(6, 13)).to(how.device)
    models = (vae, run.average, old)
    with quick_convolutions(*models) if how.device == "cpu" else nullcontext():
        for step in run.steps():
            for half in (vae.decoder, vae.post_quant_conv):
                half.requires_grad_(run.progress >= _ALONE)
            frames, count = rng.choice(_CLIPS)
            x = recipe.to_tensor(recipe.batch(rng, count * how.scale, frames)).to(how.device)
            loss = _loss(vae, old, x)
            loss.backward()
            if step % 100 == 0:
                run.log(loss=loss.item(), psnr_db=recipe.psnr_db(run.average, held_out))
    return run.average


def _loss(vae: Any, old: Any, x: torch.Tensor) -> torch.Tensor:
    """What PSNR measures, the logarithm of each clip's error, and the pull. x: (B, 3, T, H, W)."""
    with mixed(x.device.type):
        z = vae.encode(x).latent_dist.mode()
        # Noise makes the decoder forgiving: the transformer's latents are never exact.
        y = vae.decode(z + 0.03 * torch.randn_like(z)).sample
        with torch.no_grad():
            before = old.encode(x).latent_dist.mode()
    error = (y.float() - x).square().mean(dim=(1, 2, 3, 4))
    return 0.05 * error.log().mean() + _PULL * (z.float() - before.float()).square().mean()


@torch.no_grad()
def wider(vae: AutoencoderKLWan, base_dim: int) -> AutoencoderKLWan:
    """The same function with an encoder of `base_dim` channels; the decoder is copied.

    New channels are zero and every kernel that reads them is random, so that gradients reach them
    at once. Wan's shortcuts average neighbouring channels, new ones with new ones alone.
    """
    old: dict[str, Any] = dict(vae.config)
    new: Any = AutoencoderKLWan.from_config(old | {"base_dim": base_dim})
    ratio = base_dim / old["base_dim"]
    generator = torch.Generator().manual_seed(0)
    state = vae.state_dict()
    for name, parameter in new.named_parameters():
        before = state[name]
        if ".to_qkv." in name:
            # Attention divides by the root of the width: queries and keys make up for it.
            scales = (ratio**0.25, ratio**0.25, 1.0)
            pairs = zip(parameter.chunk(3), before.chunk(3), scales, strict=True)
            for part, known, scale in pairs:
                _extend(part, known * scale, generator)
        elif name.endswith("gamma") and parameter.shape != before.shape:
            # The norm multiplies by that root.
            parameter.fill_(before.mean() / ratio**0.5)
            parameter[: len(before)] = before / ratio**0.5
        else:
            _extend(parameter, before, generator)
    return new.eval().requires_grad_(False)


def _extend(parameter: torch.Tensor, before: torch.Tensor, generator: torch.Generator) -> None:
    """Copy `before` into the corner of `parameter`; what it reads from new channels is random."""
    parameter.zero_()
    rows = len(before)
    if parameter.ndim == 1:
        parameter[:rows] = before
        return
    columns = before.shape[1]
    parameter[:rows, :columns] = before
    new = parameter[:rows, columns:]
    new.copy_(torch.randn(new.shape, generator=generator) * before.std())
