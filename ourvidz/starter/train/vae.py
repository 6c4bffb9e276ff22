"""Train the starter's video autoencoder: single frames first, then clips through the cache."""

from __future__ import annotations

import copy
import random
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLWan
from torch import nn

from ourvidz.starter.train.folded_conv import quick_convolutions
from ourvidz.starter.train.muon import Muon
from ourvidz.starter.train.numbers import mixed
from ourvidz.starter.train.run import Budget, How, Run
from ourvidz.starter.world import is_held_out, render_scene, sample_scene

#: 16x in space, 4x in time. The residual (shortcut) design converges in minutes on a CPU.
CONFIG = {
    "base_dim": 48, "decoder_base_dim": 64, "z_dim": 48, "dim_mult": [1, 2, 2],
    "num_res_blocks": 1, "temperal_downsample": [True, True], "patch_size": 4,
    "in_channels": 48, "out_channels": 48, "is_residual": True,
    "scale_factor_spatial": 16, "scale_factor_temporal": 4,
    "latents_mean": [0.0] * 48, "latents_std": [1.0] * 48,
}  # fmt: skip

#: (frames, clips) of a batch when time is learnt; long ones keep the picture from drifting.
_CLIPS = ((1, 8), (1, 8), (5, 2), (5, 2), (9, 1), (9, 1), (9, 1), (17, 1), (17, 1), (25, 1))

#: Going on: how strongly latents are held where they were; the encoder's rate, the decoder's is 1.
_PULL, _ENCODER_RATE = 0.01, 1.0


def train_stills(folder: Path, how: How) -> nn.Module:
    """Train on single frames; returns the averaged model."""
    torch.manual_seed(how.seed)
    vae: Any = AutoencoderKLWan(**CONFIG)
    vae.to(how.device)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=1.5e-3, betas=(0.9, 0.98))
    return _train(Run(folder, vae, [optimizer], Budget(minutes=how.minutes)), ((1, 8),), how)


def train_clips(folder: Path, stills: Path, how: How) -> nn.Module:
    """Go on from the model in `stills` and learn time; returns the averaged model.

    What encodes a first frame stays as it is, so latents of stills remain valid and the
    transformer can already train on them.
    """
    torch.manual_seed(how.seed)
    vae: Any = load(stills)
    vae.to(how.device).train().requires_grad_(True)
    _freeze_first_frame(vae)
    moving = [p for p in vae.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(moving, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0)
    return _train(Run(folder, vae, [optimizer], Budget(minutes=how.minutes)), _CLIPS, how)


def train_further(folder: Path, weights: Path, how: How) -> nn.Module:
    """Go on from exported `weights`, both halves; returns the averaged model.

    Latents are pulled to what the old encoder gives, so that a transformer that knows those only
    has to follow a little. They must all be encoded anew.
    """
    torch.manual_seed(how.seed)
    vae: Any = load(weights)
    old = copy.deepcopy(vae).to(how.device)
    vae.to(how.device).train().requires_grad_(True)
    halves = (
        ((vae.encoder, vae.quant_conv), _ENCODER_RATE),
        ((vae.decoder, vae.post_quant_conv), 1.0),
    )
    kernels, rest = [], []
    for parts, rate in halves:
        moving = [p for part in parts for p in part.parameters()]
        group = {"lr": 1e-3 * rate}
        kernels.append(group | {"params": [p for p in moving if p[0].numel() > 1]})
        rest.append(group | {"params": [p for p in moving if p[0].numel() == 1]})
    optimizers = [
        Muon(kernels, lr=1e-3, weight_decay=0.0),
        torch.optim.AdamW(rest, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    budget = Budget(minutes=how.minutes, warmup=0.03)
    return _train(Run(folder, vae, optimizers, budget, 0.997), _CLIPS, how, old)


def _train(run: Run, clips: tuple[tuple[int, int], ...], how: How, old: Any = None) -> nn.Module:
    rng = random.Random(f"{how.seed} {run.step}")
    held_out = to_tensor(held_out_clips(6, 1 if len(clips) == 1 else 13)).to(run.device)
    models = [model for model in (run.model, run.average, old) if model]
    with quick_convolutions(*models) if run.device.type == "cpu" else nullcontext():
        for step in run.steps():
            frames, count = rng.choice(clips)
            x = to_tensor(batch(rng, count * how.scale, frames)).to(run.device)
            loss = _loss(run.model, x, old)
            loss.backward()
            if step % 100 == 0:
                run.log(loss=loss.item(), psnr_db=psnr_db(run.average, held_out))
    return run.average


def _freeze_first_frame(vae: AutoencoderKLWan) -> None:
    """Let the encoder learn through the taps that see the past, and through nothing else."""

    def past_only(gradient: torch.Tensor) -> torch.Tensor:
        kept = gradient.clone()
        kept[:, :, -1] = 0
        return kept

    vae.quant_conv.requires_grad_(False)
    for name, parameter in vae.encoder.named_parameters():
        if "time_conv" in name:
            continue
        if parameter.ndim == 5 and parameter.shape[2] == 3:
            parameter.register_hook(past_only)
        else:
            parameter.requires_grad_(False)


def load(folder: Path) -> AutoencoderKLWan:
    """The averaged model of the last checkpoint in `folder`, or exported weights in fp32."""
    if (folder / "config.json").exists():
        stock: Any = AutoencoderKLWan.from_pretrained(folder, torch_dtype=torch.float32)
        return stock.eval().requires_grad_(False)
    vae = AutoencoderKLWan(**CONFIG)
    vae.load_state_dict(
        torch.load(folder / "checkpoint.pt", weights_only=True, map_location="cpu")["average"]
    )
    return vae.eval().requires_grad_(False)


def _loss(vae: Any, x: torch.Tensor, old: Any = None) -> torch.Tensor:
    """L1 + MSE + gradient L1, and a pull of the latents. x: (B, 3, T, H, W).

    They are pulled to those of `old`, or towards unit size.
    """
    with mixed(x.device.type):
        z = vae.encode(x).latent_dist.mode()
        # Noise makes the decoder forgiving: the transformer's latents are never exact.
        y = vae.decode(z + 0.03 * torch.randn_like(z)).sample
    if old is None:
        pull = 1e-4 * z.float().square().mean()
    else:
        with torch.no_grad(), mixed(x.device.type):
            before = old.encode(x).latent_dist.mode()
        pull = _PULL * (z.float() - before.float()).square().mean()
    y = y.float()
    slope = F.l1_loss(y.diff(dim=-1), x.diff(dim=-1)) + F.l1_loss(y.diff(dim=-2), x.diff(dim=-2))
    return F.l1_loss(y, x) + 10 * F.mse_loss(y, x) + 0.3 * slope + pull


def batch(rng: random.Random, count: int, frames: int) -> np.ndarray:
    """Random training clips, (count, frames, 128, 224, 3) uint8, from any moment of a scene."""
    clips = []
    while len(clips) < count:
        scene = sample_scene(rng)
        if not is_held_out(scene):
            start = rng.randrange(81 - frames + 1)
            clips.append(render_scene(scene, frames=range(start, start + frames)))
    return np.stack(clips)


def held_out_clips(count: int, frames: int, seed: int = 2026) -> np.ndarray:
    """Moments of scenes that are never trained on, (count, frames, 128, 224, 3) uint8."""
    rng = random.Random(seed)
    found = []
    while len(found) < count:
        scene = sample_scene(rng)
        if is_held_out(scene):
            start = rng.randrange(81 - frames + 1)
            found.append(render_scene(scene, frames=range(start, start + frames)))
    return np.stack(found)


def to_tensor(frames: np.ndarray) -> torch.Tensor:
    """(B, T, H, W, 3) uint8 to (B, 3, T, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(frames).permute(0, 4, 1, 2, 3).float().div(127.5).sub(1)


@torch.no_grad()
def psnr_db(vae: Any, x: torch.Tensor) -> float:
    """Mean PSNR over clips of reconstructions rounded to 8 bits. x: (B, 3, T, H, W) in [-1, 1]."""
    with mixed(x.device.type):
        y = vae.decode(vae.encode(x).latent_dist.mode()).sample
    error = ((y.float() - x) * 127.5).square().mean(dim=(1, 2, 3, 4))
    return float((10 * torch.log10(255**2 / error)).mean())
