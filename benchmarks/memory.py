"""The planner against what was measured: `python -m benchmarks.memory --save`

Every case runs in a process of its own, because a process never forgets its peak. On a CPU that
is the starter, at several sizes, lengths and tasks, and the peak is the whole process's; results of
CPUs that compute in bf16 are kept apart. Where there is a CUDA device, `--random-weights` adds real
architectures with random weights, at most `--vram-limit-gb` of it, and the peak is the allocator's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.provenance import add_saving, keep, provenance
from ourvidz.domain.catalog import family
from ourvidz.domain.family import Ability
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, enhance, preview, render
from ourvidz.pipeline.budget import Plan, plan
from ourvidz.pipeline.hardware import peak_bytes

_GIB = 2**30
_PROMPT = "a red sailboat sails to the right on the sea at sunset"
_FROM_IMAGES: tuple[Ability, ...] = ("first_frame", "first_last_frame")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One process. size: (width, height) px that the model samples. num_frames: delivered.

    num_images: of a preview. enhanced: the same process has made the prompt cinematic first.
    """

    ability: Ability
    size: tuple[int, int]
    num_frames: int = 80
    num_images: int = 1
    enhanced: bool = False
    model: str = "starter"

    @property
    def name(self) -> str:
        """As a row is named.

        >>> Case(ability="image", size=(224, 128), num_frames=1, num_images=4).name
        'starter image 224x128 x4'
        """
        many = f"x{self.num_images}" if self.ability == "image" else f"{self.num_frames} frames"
        after = " after enhancing" if self.enhanced else ""
        return f"{self.model} {self.ability} {self.size[0]}x{self.size[1]} {many}{after}"

    @property
    def request(self) -> VideoRequest:
        """What is asked for; two steps hold as much as forty."""
        return VideoRequest(
            prompt=_PROMPT,
            enhanced_prompt=_PROMPT if self.enhanced else None,
            model=self.model,
            seed=7,
            width=self.size[0],
            height=self.size[1],
            num_frames=self.num_frames,
            num_inference_steps=2,
        )


_SMALL, _TWICE, _TALL = (224, 128), (448, 256), (128, 224)
ON_CPU = (
    Case(ability="image", size=_SMALL, num_frames=1, num_images=4),
    Case(ability="image", size=_TWICE, num_frames=1),
    Case(ability="image", size=_TWICE, num_frames=1, num_images=4),
    Case(ability="text_to_video", size=_SMALL, num_frames=8),
    Case(ability="text_to_video", size=_SMALL),
    Case(ability="text_to_video", size=_TALL, num_frames=40),
    Case(ability="text_to_video", size=_TWICE, num_frames=16),
    Case(ability="text_to_video", size=_TWICE),
    Case(ability="first_frame", size=_SMALL),
    Case(ability="first_frame", size=_TWICE, num_frames=16),
    Case(ability="first_last_frame", size=_TWICE),
    Case(ability="text_to_video", size=_SMALL, num_frames=8, enhanced=True),
)
_HD, _SD = (1280, 720), (832, 480)
ON_GPU = (
    Case(model="wan2.1-1.3b", ability="text_to_video", size=_SD),
    Case(model="wan2.2-ti2v-5b", ability="text_to_video", size=(1280, 704)),
    Case(model="wan2.1-14b", ability="image", size=_HD, num_frames=1),
    Case(model="wan2.1-14b", ability="text_to_video", size=_SD),
    Case(model="wan2.1-14b", ability="text_to_video", size=_HD),
    Case(model="wan2.1-14b", ability="first_frame", size=_HD),
    Case(model="wan2.1-vace-14b", ability="first_frame", size=_HD),
)


def planned(case: Case, manager: ModelManager) -> Plan:
    """What the planner says of it on this machine."""
    return plan(case.request, manager.machine, ability=case.ability, num_videos=case.num_images)


def run_here(case: Case, folder: Path, limit_bytes: int | None) -> dict[str, Any]:
    """Run the case in this process: bytes that were predicted and measured, and in what format."""
    manager = ModelManager(models_dir=folder / "models", vram_limit_bytes=limit_bytes)
    made = planned(case, manager)
    if family(case.model).needs:
        measured = _run_random(case, manager, made)
        predicted = max(one.peak_bytes for one in made.stages if one.stage != "encode")
    else:
        _run_starter(case, manager, folder)
        measured, predicted = peak_bytes(manager.device), made.peak_bytes
    return {
        "predicted_bytes": predicted,
        "measured_bytes": measured,
        "fast_bf16": manager.machine.fast_bf16,
    }


def _run_starter(case: Case, manager: ModelManager, folder: Path) -> None:
    request = case.request
    if case.enhanced:
        enhance(request.prompt, manager, seed=7)
    if case.ability == "image":
        preview(request, manager, out_dir=folder, num_images=case.num_images)
        return
    if case.ability in _FROM_IMAGES:
        picture = folder / "picture.png"
        Image.fromarray(np.zeros((case.size[1], case.size[0], 3), np.uint8)).save(picture)
        request = request.replace(image=picture)
        if case.ability == "first_last_frame":
            request = request.replace(last_image=picture)
    render(request, manager, out_dir=folder)


def _run_random(case: Case, manager: ModelManager, made: Plan) -> int:
    """The peak of denoising and decoding as the product runs them; random weights read no words."""
    from benchmarks.paces import load, ours
    from benchmarks.scenarios import Scenario

    scenario = Scenario(
        model=case.model,
        profile=made.workload.profile,
        num_frames=made.num_frames,
        size=case.size,
        ability=case.ability,
    )
    names = load(scenario, manager, made)
    manager.follow(made, names)
    with manager.job():
        *_, paces = ours(scenario, manager, names, 2)
    return max(paces.denoise_bytes or 0, paces.decode_bytes or 0)


def run_apart(case: Case, folder: Path, limit_gb: float | None) -> dict[str, Any]:
    """Run the case in a process of its own; its row."""
    command = [sys.executable, "-m", "benchmarks.memory", "--folder", str(folder)]
    command += ["--case", json.dumps(asdict(case))]
    command += ["--vram-limit-gb", str(limit_gb)] if limit_gb else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return as_row(case, **json.loads(done.stdout.splitlines()[-1]))


def as_row(
    case: Case, predicted_bytes: int, measured_bytes: int, fast_bf16: bool
) -> dict[str, Any]:
    """The figures of one case, GiB and their ratio."""
    return {
        "case": case.name,
        "predicted_gib": round(predicted_bytes / _GIB, 3),
        "measured_gib": round(measured_bytes / _GIB, 3),
        "ratio": round(predicted_bytes / measured_bytes, 3),
        "fast_bf16": fast_bf16,
        **asdict(case),
    }


def run_all(cases: tuple[Case, ...], limit_gb: float | None) -> list[dict[str, Any]]:
    """All cases one after the other, each told when it is done."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in cases:
            try:
                if case.enhanced:  # the first one converts the language model, which takes more
                    run_apart(case, folder, limit_gb)
                rows.append(run_apart(case, folder, limit_gb))
            except subprocess.CalledProcessError as error:
                last = (error.stderr or "").strip().rpartition("\n")[2]
                why = last or f"status {error.returncode}"
                print(f"{case.name:56}  not measured: {why}", flush=True)
                continue
            row = rows[-1]
            print(
                f"{row['case']:56}{row['predicted_gib']:8.3f}{row['measured_gib']:8.3f}"
                f"{row['ratio']:7.3f}",
                flush=True,
            )
    return rows


def main(argv: list[str] | None = None) -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--random-weights", action="store_true", help="with a CUDA device")
    parser.add_argument("--vram-limit-gb", type=float, metavar="GB")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with TEXT in their name")
    add_saving(parser, note=False)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.case:
        values = json.loads(args.case)
        limit = None if args.vram_limit_gb is None else round(args.vram_limit_gb * _GIB)
        case = Case(**values | {"size": tuple(values["size"])})
        print(json.dumps(run_here(case, args.folder, limit)))
        return
    with_gpu = args.random_weights and torch.cuda.is_available()
    cases = tuple(one for one in (ON_GPU if with_gpu else ON_CPU) if args.only in one.name)
    print(f"{'case':56}{'planned':>8}{'GiB':>8}{'ratio':>7}")
    rows = run_all(cases, args.vram_limit_gb)
    if not rows:
        raise SystemExit("No case could be measured; the lines above say why")
    ratios = [row["ratio"] for row in rows]
    result = {"worst_over": max(ratios), "worst_under": min(ratios), "rows": rows} | provenance()
    if args.random_weights and not with_gpu:
        print("Large families: not measured, there is no CUDA device")
    on_cpu = "memory_bf16" if rows[0]["fast_bf16"] else "memory"
    keep("memory_gpu" if with_gpu else on_cpu, result, save=args.save)


if __name__ == "__main__":
    main()
