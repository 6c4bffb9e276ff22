"""What quality costs, on the starter: `python -m benchmarks.tradeoffs`

The same captions and seeds with one lever moved at a time: steps, guidance, flow shift, a step
cache, 8-bit layers, the autoencoder's format. A critic, trained on the renderer alone, reads from
each clip how much of its caption it shows; the distance to the same clip with 40 guided steps is
the PSNR of all frames. Time is CPU time of one thread, so that a busy machine distorts it little.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from multiprocessing import get_context
from pathlib import Path
from time import thread_time
from typing import Any, Literal

import numpy as np
import torch

from benchmarks.marks import Marks, wilson
from benchmarks.metrics import psnr_db
from benchmarks.provenance import RESULTS, keep, provenance
from benchmarks.starter_quality import FIRST_SEED, wishes
from benchmarks.unseen import Wish
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager
from ourvidz.pipeline.decode import decode_frames
from ourvidz.pipeline.forecast import Schedule, forecasting
from ourvidz.pipeline.loading import load_models
from ourvidz.pipeline.profiles import resolve
from ourvidz.pipeline.quantize import quantize
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.shot import Names, Shot, sample
from ourvidz.starter.critic import WEIGHTS, Critic

Lever = Literal["steps", "guidance", "flow shift", "step cache", "layers", "autoencoder"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One way to make a clip; its defaults are the balanced profile's.

    interval: with a step cache, every how many steps are computed. int8: linear layers of the
    transformer. vae_bf16: the autoencoder's format.
    """

    lever: Lever
    value: str
    num_inference_steps: int = 20
    guidance_scale: float = 4.0
    flow_shift: float = 3.0
    interval: int = 0
    int8: bool = False
    vae_bf16: bool = False

    @property
    def is_slow(self) -> bool:
        """Whether a CPU takes many times longer, for want of kernels."""
        return self.int8 or self.vae_bf16


def _settings() -> tuple[Setting, ...]:
    steps = (Setting(lever="steps", value=str(n), num_inference_steps=n)
             for n in (2, 4, 8, 12, 20, 40))  # fmt: skip
    guidance = (Setting(lever="guidance", value=str(x), guidance_scale=x) for x in (1.0, 2.0, 6.0))
    shift = (Setting(lever="flow shift", value=str(x), flow_shift=x) for x in (1.0, 8.0))
    cache = (Setting(lever="step cache", value=f"every {n}", interval=n) for n in (2, 3, 4))
    return (
        *steps, *guidance, *shift, *cache,
        Setting(lever="layers", value="int8", int8=True),
        Setting(lever="autoencoder", value="bf16", vae_bf16=True),
    )  # fmt: skip


SETTINGS = _settings()
#: What the others are compared with.
REFERENCE = Setting(lever="steps", value="40", num_inference_steps=40)
#: Steps of the start that a cache always computes, of a run of 20.
_FIRST = 4


@dataclass(frozen=True, kw_only=True)
class Made:
    """A clip: frames (T, H, W, 3) uint8, passes of the transformer, CPU seconds."""

    frames: np.ndarray
    forwards: int
    denoise_s: float
    decode_s: float


class Bench:
    """The starter as it is loaded once, its 8-bit twin, and the critic."""

    def __init__(self, num_frames: int, models_dir: Path | None = None) -> None:
        self._num_frames = num_frames
        self._critic = Critic.load(WEIGHTS)
        self._managers = {int8: ModelManager(models_dir=models_dir) for int8 in (False, True)}
        self._names: dict[bool, Names] = {}
        for int8, manager in self._managers.items():
            shot = self._shot("any", 0, REFERENCE)
            reporter = Reporter(lambda progress: None)
            self._names[int8] = load_models(manager, shot.family, shot.ability, reporter)
            if int8:
                transformer = manager.get(self._names[int8]["transformer"])
                quantize(transformer, "int8", manager.device)

    def _shot(self, prompt: str, seed: int, setting: Setting) -> Shot:
        request = VideoRequest(
            prompt=prompt,
            seed=seed,
            num_frames=self._num_frames,
            num_inference_steps=setting.num_inference_steps,
            guidance_scale=setting.guidance_scale,
            flow_shift=setting.flow_shift,
        )
        return Shot(request=resolve(request), ability="text_to_video")

    def make(self, one: Wish, seed: int, setting: Setting) -> Made:
        """One clip of one caption."""
        manager, names = self._managers[setting.int8], self._names[setting.int8]
        shot = self._shot(one.text, seed, setting)
        transformer, vae = (manager.get(names[part]) for part in ("transformer", "vae"))
        schedule = None
        if setting.interval:
            schedule = Schedule(
                num_steps=setting.num_inference_steps, first=_FIRST, interval=setting.interval,
                tolerance=math.inf,
            )  # fmt: skip
        begin = thread_time()
        with counted(transformer) as passes, forecasting(transformer, schedule):
            latents = sample(shot, names, manager, Reporter(lambda progress: None))
        denoised = thread_time()
        with held(vae, torch.bfloat16 if setting.vae_bf16 else vae.dtype):
            frames = np.concatenate(list(decode_frames(vae, latents)))
        return Made(
            frames=frames,
            forwards=len(passes),
            denoise_s=denoised - begin,
            decode_s=thread_time() - denoised,
        )

    def row(self, setting: Setting, best: Sequence[Made]) -> dict[str, Any]:
        """The captions of the `best` clips with one setting and their seeds, compared with them."""
        captions = wishes(len(best))
        made = [self.make(one, FIRST_SEED + i, setting) for i, one in enumerate(captions)]
        marks = Marks()
        for one, clip in zip(captions, made, strict=True):
            marks.add(one.scene, self._critic.read(clip.frames))
        right = sum(sum(answers) for answers in marks.answers.values())
        asked = sum(len(answers) for answers in marks.answers.values())
        low, high = wilson(right, asked)
        distances = [psnr_db(a.frames, b.frames) for a, b in zip(made, best, strict=True)]
        finite = [one for one in distances if math.isfinite(one)]
        return {
            "lever": setting.lever,
            "value": setting.value,
            "forwards": made[0].forwards,
            "denoise_s": round(float(np.median([one.denoise_s for one in made])), 3),
            "decode_s": round(float(np.median([one.decode_s for one in made])), 3),
            "adherence": round(right / asked, 4),
            "adherence_low": round(low, 4),
            "adherence_high": round(high, 4),
            "answers": asked,
            "captions": len(captions),
            "psnr_db": round(float(np.mean(finite)), 2) if finite else None,
        }


@contextmanager
def counted(transformer: Any) -> Iterator[list[int]]:
    """A list that grows with each pass that is computed, not forecast."""
    passes: list[int] = []
    hook = transformer.blocks[0].register_forward_pre_hook(lambda *_: passes.append(1))
    try:
        yield passes
    finally:
        hook.remove()


@contextmanager
def held(module: torch.nn.Module, dtype: torch.dtype) -> Iterator[None]:
    """`module` in another format inside, and as it was afterwards."""
    homes = [(one, one.data) for one in chain(module.parameters(), module.buffers())]
    for tensor, home in homes:
        tensor.data = home.to(dtype) if home.is_floating_point() else home
    try:
        yield
    finally:
        for tensor, home in homes:
            tensor.data = home


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a process needs to make a bench of its own."""

    frames: int
    models_dir: Path | None = None

    def bench(self) -> Bench:
        """On one thread: CPU time is time then."""
        torch.set_num_threads(1)
        return Bench(self.frames, self.models_dir)

    def make(self, number: int, setting: Setting) -> Made:
        """The clip of caption `number`, see `Bench.make`."""
        return self.bench().make(wishes(number + 1)[number], FIRST_SEED + number, setting)

    def row(self, setting: Setting, best: Sequence[Made]) -> dict[str, Any]:
        """One setting, see `Bench.row`."""
        return self.bench().row(setting, best)


def measure(
    place: Place, settings: Sequence[Setting], n: int, n_slow: int, processes: int
) -> list[dict[str, Any]]:
    """A row for each setting on n captions, n_slow of them for formats that a CPU is slow in.

    The clips to compare with are made first, then the settings by so many processes.
    """
    rows = []
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        best = list(pool.map(place.make, range(n), repeat(REFERENCE)))
        parts = [best[:n_slow] if one.is_slow else best for one in settings]
        for row in pool.map(place.row, settings, parts):
            rows.append(row)
            print(line(row), flush=True)
    return rows


def line(row: dict[str, Any]) -> str:
    """The row for people."""
    distance = "  same" if row["psnr_db"] is None else f"{row['psnr_db']:6.1f}"
    return (
        f"{row['lever']:12}{row['value']:>9}{row['forwards']:6d} passes"
        f"{row['denoise_s']:9.2f} s{row['decode_s']:7.2f} s{distance} dB"
        f"{100 * row['adherence']:7.1f} % ({100 * row['adherence_low']:.0f}-"
        f"{100 * row['adherence_high']:.0f}, n {row['answers']})"
    )


def main() -> None:
    """Measure, print, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tradeoffs")
    parser.add_argument("--n", type=int, default=8, help="captions")
    parser.add_argument("--n-slow", type=int, default=2, help="captions in int8 and bf16")
    parser.add_argument("--frames", type=int, default=17, help="of each clip")
    parser.add_argument("--processes", type=int, default=1, help="at once, each of one thread")
    parser.add_argument("--models-dir", type=Path, help="other weights than the shipped ones")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the result is kept")
    args = parser.parse_args()
    place = Place(frames=args.frames, models_dir=args.models_dir)
    rows = measure(place, SETTINGS, args.n, args.n_slow, args.processes)
    result = {"rows": rows, "captions": args.n, "frames": args.frames} | provenance()
    keep("tradeoffs", result, out=args.out)


if __name__ == "__main__":
    main()
