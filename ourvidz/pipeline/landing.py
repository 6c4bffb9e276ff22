"""The end of a clip that must show a given picture: it arrives there, to the pixel.

A model told of a last frame comes near it, not to it. The next shot of a scene starts with that
very picture, so the rest of the way is added to the last second, little by little.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from ourvidz.pipeline.decode import decode_stills
from ourvidz.pipeline.encode import encode_condition

#: Frames over which the clip comes to the picture: one second.
LANDING_FRAMES = 16


@torch.inference_mode()
def as_drawn(vae: AutoencoderKLWan, frame: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) uint8 as the VAE draws it when a clip starts with it."""
    return decode_stills(vae, encode_condition(vae, frame[None], None, 1).latents)[0]


def landed(
    chunks: Iterator[np.ndarray],
    end: np.ndarray,
    num_frames: int,
    ease: int = LANDING_FRAMES,
    spare: int = 0,
) -> Iterator[np.ndarray]:
    """The same frames, the last of which is `end`; those up to `ease` before it come near it.

    The one before the last has the whole way added already: the step from it to `end`, which is
    the first frame of the next shot, is the model's own.

    chunks: (t, H, W, 3) uint8, together `num_frames` frames, of which at most `ease + spare` and
    one chunk are held at a time. end: (H, W, 3) uint8. spare: frames that a model made beyond
    those that are wanted; so many are left out, evenly, on the way to `end`, not after it.

    >>> clip = np.zeros((4, 1, 1, 3), np.uint8)
    >>> out = np.concatenate(list(landed(iter([clip]), np.full((1, 1, 3), 64, np.uint8), 4, 2)))
    >>> out[:, 0, 0, 0].tolist()
    [0, 0, 64, 64]
    >>> clip = np.arange(0, 45, 5, np.uint8).reshape(9, 1, 1, 1)
    >>> out = np.concatenate(list(landed(iter([clip]), clip[-1], 9, 4, spare=2)))
    >>> out[:, 0, 0, 0].tolist()
    [0, 5, 10, 15, 25, 30, 40]
    """
    held: list[np.ndarray] = []
    done = 0
    for chunk in chunks:
        done += len(chunk)
        held.extend(chunk)
        free = len(held) - max(0, ease + spare - (num_frames - done))
        if free > 0:
            yield np.stack(held[:free])
            held = held[free:]
    if not held:
        return
    kept = np.linspace(0, len(held) - 1, max(1, len(held) - spare)).round().astype(int)
    held = [held[at] for at in kept]
    rest = end.astype(np.float32) - held[-1]
    for index, frame in enumerate(held, start=1):
        x = min(1.0, index / max(1, len(held) - 1))
        way = x * x * (3 - 2 * x)
        yield (frame + way * rest).round().clip(0, 255).astype(np.uint8)[None]
