"""Stage 1: words and pictures become tensors the transformer is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLWan, WanPipeline
from transformers import CLIPImageProcessorPil

#: Frames of video per latent frame of every Wan VAE, after the first one.
TEMPORAL_FACTOR = 4


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What the clip must show, for the transformer.

    latents: (1, C, T, h, w) float32, normalised, of the known frames (grey where unknown).
    mask: (1, 4, T, h, w) float32, 1 where the frame is known. The four channels of a latent
    frame are its four video frames; the first latent frame is one video frame, four times.
    image_embeds: (n, L, D) of the n given pictures, for models that look at them by CLIP.
    """

    latents: torch.Tensor
    mask: torch.Tensor
    image_embeds: torch.Tensor | None = None

    def shown(self, latents: torch.Tensor) -> torch.Tensor:
        """The video's part of latents (B, C, T, h, w): all of them."""
        return latents

    def pin(self, latents: torch.Tensor) -> torch.Tensor:
        """`latents` (B, C, T, h, w) with every wholly known latent frame put in.

        The transformer draws known frames again, nearly alike; pinned, they *are* the picture.
        """
        known = self.mask.amin(dim=1, keepdim=True)
        return known * self.latents + (1 - known) * latents


@torch.inference_mode()
def encode_prompts(
    prompts: Sequence[str], tokenizer: Any, text_encoder: Any, max_sequence_length: int
) -> torch.Tensor:
    """Embeds (B, L, D) of B prompts, L = max_sequence_length; rows after a prompt's end are zero.

    A longer prompt is cut at L tokens. dtype and device are the text encoder's.
    """
    pipe = WanPipeline(
        tokenizer=tokenizer,
        text_encoder=text_encoder,
        vae=None,  # type: ignore[arg-type]
        scheduler=None,  # type: ignore[arg-type]
    )
    embeds, _ = pipe.encode_prompt(
        list(prompts), do_classifier_free_guidance=False, max_sequence_length=max_sequence_length
    )
    return embeds


@torch.inference_mode()
def encode_condition(
    vae: AutoencoderKLWan,
    first_frames: np.ndarray,
    last_frame: np.ndarray | None,
    num_frames: int,
) -> Condition:
    """The condition of a clip of num_frames = 4 k + 1 that starts (and ends) as given.

    first_frames: (n, H, W, 3) uint8, n >= 1. last_frame: (H, W, 3) uint8 or None.
    """
    count, height, width, _ = first_frames.shape
    video = torch.zeros(1, 3, num_frames, height, width)
    video[0, :, :count] = pixels(first_frames)
    known = torch.zeros(num_frames)
    known[:count] = 1
    if last_frame is not None:
        video[0, :, -1:] = pixels(last_frame[None])
        known[-1] = 1
    latents = encode_video(vae, video)
    return Condition(latents=latents, mask=known_mask(known, latents))


@torch.inference_mode()
def encode_video(vae: AutoencoderKLWan, video: torch.Tensor) -> torch.Tensor:
    """Normalised latents (B, C, T, h, w) float32 of a video (B, 3, 4 T - 3, H, W) in [-1, 1].

    The most likely ones, so that the same picture always gives the same latents.
    """
    moments = vae.encode(video.to(vae.device, vae.dtype)).latent_dist  # type: ignore[union-attr]
    mean, std = latent_statistics(vae)
    return (moments.mode().float() - mean) / std


def known_mask(known: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """The mask of a `Condition` on `latents` for frames (4 T - 3,) that are known where 1."""
    rhythm = torch.cat([known[:1].repeat(TEMPORAL_FACTOR), known[1:]]).to(latents.device)
    mask = rhythm.view(1, -1, TEMPORAL_FACTOR, 1, 1).transpose(1, 2)
    return mask.expand(-1, -1, -1, *latents.shape[-2:])


@torch.inference_mode()
def encode_images(frames: Sequence[np.ndarray], image_encoder: Any) -> torch.Tensor:
    """Embeds (n, L, D) of n pictures (H, W, 3) uint8: the last layer but one of a CLIP model."""
    side = image_encoder.config.image_size
    prepare = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size=side)
    inputs = prepare(images=list(frames), return_tensors="pt").pixel_values
    inputs = inputs.to(image_encoder.device, image_encoder.dtype)
    return image_encoder(inputs, output_hidden_states=True).hidden_states[-2]


def latent_statistics(vae: AutoencoderKLWan) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of the VAE's latents, each (1, C, 1, 1, 1) float32."""
    config: Any = vae.config
    shape = (1, config.z_dim, 1, 1, 1)
    mean = torch.tensor(config.latents_mean, device=vae.device).view(shape)
    std = torch.tensor(config.latents_std, device=vae.device).view(shape)
    return mean, std


def pixels(frames: np.ndarray) -> torch.Tensor:
    """Frames (T, H, W, 3) uint8 as (3, T, H, W) float32 in [-1, 1].

    >>> pixels(np.array([[[[0, 255, 0]]]], np.uint8)).flatten().tolist()
    [-1.0, 1.0, -1.0]
    """
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(3, 0, 1, 2).float() / 127.5 - 1
