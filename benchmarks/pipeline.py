"""What our pipeline costs over plain diffusers: `python -m benchmarks.pipeline`

The same weights, prompt and steps, in the same run and process: once through `render`, once
through `WanPipeline.__call__` and diffusers' `export_to_video`. Cold start and peak memory are
those of fresh processes that do what a user does. Warm, our side has the prompt's embeds from the
run before, as in the product; plain diffusers encodes the prompt every time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from diffusers import UniPCMultistepScheduler, WanPipeline
from diffusers.utils import export_to_video

from benchmarks.provenance import add_saving, keep, provenance
from ourvidz.domain.catalog import family
from ourvidz.domain.clip import Clip
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, preview, render
from ourvidz.pipeline.profiles import resolve

PROMPT = "a red sailboat sails to the right on the sea at sunset"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is timed: frames delivered and how often each way is run after one discarded run."""

    num_frames: int = 81
    num_inference_steps: int | None = None
    runs: int = 3

    @property
    def request(self) -> VideoRequest:
        """The request at the model's own size, so that both ways write the same pixels."""
        width, height = family("starter").sizes[0]
        return VideoRequest(
            prompt=PROMPT,
            seed=7,
            num_frames=self.num_frames,
            num_inference_steps=self.num_inference_steps,
            output_size=(width, height),
        )


def plain_diffusers(manager: ModelManager, request: VideoRequest, path: Path) -> None:
    """The same video by the library's own front door. The manager's loaded models are used."""
    resolved: Any = resolve(request)
    parts: dict[str, Any] = {
        name: manager.get(f"starter/{name}") for name in ("tokenizer", "text_encoder", "vae")
    }
    config = family("starter").checkpoint("text_to_video")
    source = next(part.source for part in config.components if part.name == "transformer")
    transformer = manager.get(f"starter/transformer/{source.name}/{source.folder}")
    scheduler: Any = UniPCMultistepScheduler(
        prediction_type=config.prediction_type,
        use_flow_sigmas=True,
        flow_shift=resolved.flow_shift,
    )
    pipe: Any = WanPipeline(transformer=transformer, scheduler=scheduler, **parts)
    pipe.set_progress_bar_config(disable=True)
    width, height = family("starter").sizes[0]
    frames = pipe(
        resolved.prompt,
        negative_prompt=resolved.negative_prompt,
        width=width,
        height=height,
        num_frames=resolved.num_frames,
        num_inference_steps=resolved.num_inference_steps,
        guidance_scale=resolved.guidance_scale,
        generator=torch.Generator().manual_seed(resolved.seed),
        max_sequence_length=family("starter").max_sequence_length,
    ).frames[0]
    export_to_video(frames, str(path), fps=16)


def seconds_of(runs: int, *ways: Callable[[], object]) -> list[float]:
    """Median wall seconds of `runs` calls of each way after one that is thrown away.

    They take turns, so that a busy moment of the machine hits all.
    """
    times: list[list[float]] = [[] for _ in ways]
    for run in range(runs + 1):
        for work, of_way in zip(ways, times, strict=True):
            begin = perf_counter()
            work()
            if run:
                of_way.append(perf_counter() - begin)
    return [statistics.median(of_way) for of_way in times]


def compare(scenario: Scenario, folder: Path) -> tuple[dict[str, float], Clip]:
    """Seconds of both ways, warm, and our clip with its seconds by stage."""
    manager, request = ModelManager(), scenario.request
    begin = perf_counter()
    preview(request, manager, out_dir=folder, num_images=1)
    first_preview_s = perf_counter() - begin
    clips: list[Clip] = []
    ours, theirs = seconds_of(
        scenario.runs,
        lambda: clips.append(render(request, manager, out_dir=folder)),
        lambda: plain_diffusers(manager, request, folder / "plain.mp4"),
    )
    delivered = request.replace(output_size=None)
    still, full = seconds_of(
        scenario.runs,
        lambda: preview(request, manager, out_dir=folder, num_images=1),
        lambda: render(delivered, manager, out_dir=folder),
    )
    figures = {
        "ours_s": ours,
        "diffusers_s": theirs,
        "overhead_ratio": ours / theirs,
        "preview_s": still,
        "clip_s": full,
        "first_preview_in_process_s": first_preview_s,
    }
    return figures, clips[-1]


def fresh_process(*arguments: str) -> tuple[float, Mapping[str, Any]]:
    """Wall seconds and the JSON document of one `ourvidz` command in its own process."""
    begin = perf_counter()
    command = [sys.executable, "-m", "ourvidz", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return perf_counter() - begin, json.loads(done.stdout)


def cold(scenario: Scenario, folder: Path) -> dict[str, float]:
    """What the first preview and the first clip cost somebody who has just typed a command."""
    options = ["--seed", "7", "-o", str(folder)]
    if scenario.num_inference_steps:
        options += ["--steps", str(scenario.num_inference_steps)]
    preview_s, _ = fresh_process("preview", PROMPT, "--images", "1", *options)
    clip_s, clip = fresh_process("video", PROMPT, "--no-enhance", *options)
    return {
        "cold_preview_s": preview_s,
        "cold_clip_s": clip_s,
        "load_s": clip["seconds_by_stage"]["load"],
        "peak_rss_mb": clip["peak_bytes"] / 2**20,
    }


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--runs", type=int, default=3)
    add_saving(parser, note=False)
    args = parser.parse_args()
    scenario = Scenario(num_frames=args.frames, num_inference_steps=args.steps, runs=args.runs)
    with tempfile.TemporaryDirectory() as folder:
        figures, clip = compare(scenario, Path(folder))
        figures |= cold(scenario, Path(folder))
    for stage, seconds in clip.seconds_by_stage.items():
        print(f"{'stage ' + stage:28}{seconds:10.3f} s")
    for name, value in figures.items():
        print(f"{name:28}{value:10.3f}")
    result = {name: round(value, 3) for name, value in figures.items()} | provenance()
    keep("pipeline", result, save=args.save)


if __name__ == "__main__":
    main()
