"""What do the starter's previews show? `python -m benchmarks.starter_previews`

The captions and seeds of `benchmarks.starter_quality`, but only the preview of each: a picture
has no direction, everything else is decided in it. It takes a twentieth of the time of the whole
benchmark, so weights can be compared while they are trained.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.marks import Marks, table
from benchmarks.provenance import RESULTS, keep, provenance
from benchmarks.starter_quality import FIRST_SEED, NATIVE, spelled, wishes
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, preview
from ourvidz.starter.critic import WEIGHTS, Attributes, Critic

Confusions = Counter[tuple[str, str, str]]


def measure(manager: ModelManager, critic: Critic, n: int) -> tuple[Marks, Confusions]:
    """Marks of n previews, and how often (attribute, asked for, read) was wrong."""
    marks, wrong = Marks(), Confusions()
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(wishes(n)):
            request = VideoRequest(
                prompt=one.text, model="starter", seed=FIRST_SEED + number, output_size=NATIVE
            )
            (still,) = preview(request, manager, out_dir=Path(folder), num_images=1)
            with Image.open(still.path) as picture:
                read = critic.read(np.asarray(picture.convert("RGB"))[None])
            marks.add(one.scene, read)
            for name, right in Attributes.of(one.scene).agrees(read).items():
                wrong[name, getattr(one.scene, name), getattr(read, name)] += not right
    marks.answers["direction"].clear()  # a picture has none
    return marks, wrong


def main() -> None:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starter_previews")
    parser.add_argument("--n", type=int, default=200, help="captions")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: its default")
    parser.add_argument("--models-dir", type=Path, help="other weights than the shipped ones")
    parser.add_argument("--critic", type=Path, default=WEIGHTS, help="another critic")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the result is kept")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    manager = ModelManager(models_dir=args.models_dir)
    marks, wrong = measure(manager, Critic.load(args.critic), args.n)
    print(table({"previews": marks}))
    for (name, asked, read), times in wrong.most_common(12):
        if name != "direction" and times:
            print(f"{times:3d} x {name}: {asked} was read as {read}")
    figures = {"n": args.n} | spelled(marks.shares()) | provenance()
    keep("starter_previews", figures, out=args.out)


if __name__ == "__main__":
    main()
