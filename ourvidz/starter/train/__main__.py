"""Make the starter models, step by step; every step goes on where it was stopped.

stills, clips: the video autoencoder. further: it goes on --from-weights, and latents stay near
what they were. texts, latents: the training set, encoded once.
transformer: first with --clips 0 (stills alone), then with clips. critic: what reads attributes
back. export: weights in diffusers' layout.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch


def main() -> None:
    """Parse the command line and run one step."""
    parser = argparse.ArgumentParser(prog="python -m ourvidz.starter.train", description=__doc__)
    parser.add_argument(
        "step",
        choices=[
            "stills",
            "clips",
            "further",
            "texts",
            "latents",
            "transformer",
            "export",
            "critic",
        ],
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="training time in all")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--clips", type=int, default=3_000)
    parser.add_argument("--folder", type=Path, default=Path(".cache/starter"))
    parser.add_argument("--weights", type=Path, default=Path("ourvidz/starter/weights"))
    parser.add_argument("--from-weights", type=Path, help="begin from these exported weights")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--scale", type=int, default=1, help="batches this many times as large")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    _run(args)


def _run(args: argparse.Namespace) -> None:
    from ourvidz.starter.train import critic, data, export, transformer, vae
    from ourvidz.starter.train.run import How

    how = How(minutes=args.minutes, device=args.device, scale=args.scale, seed=args.seed)
    counts: dict[data.What, int] = {"image": args.images, "clip": args.clips}
    folder, shards = args.folder, args.folder / "data"
    stills, clips, further = (folder / f"vae_{name}" for name in ("stills", "clips", "further"))
    if args.from_weights:
        stills = clips = args.from_weights / "vae"

    def newest(before: Path) -> Path:
        return further if further.exists() else before

    def make_latents() -> None:
        data.make_latents(shards, "image", args.images, vae.load(newest(stills)))
        if args.clips:
            data.make_latents(shards, "clip", args.clips, vae.load(newest(clips)))

    def make_critic() -> None:
        critic.train(folder / "critic", how)
        critic.export(folder / "critic", args.weights)

    steps: dict[str, Callable[[], object]] = {
        "stills": lambda: vae.train_stills(stills, how),
        "clips": lambda: vae.train_clips(clips, stills, how),
        "further": lambda: vae.train_further(further, clips, how),
        "texts": lambda: [data.make_texts(shards, what, n) for what, n in counts.items()],
        "latents": make_latents,
        "transformer": lambda: transformer.train(folder, counts, how, args.from_weights),
        "critic": make_critic,
        "export": lambda: export.export(folder, args.weights, newest(clips)),
    }
    steps[args.step]()


if __name__ == "__main__":
    main()
