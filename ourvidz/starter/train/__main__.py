"""Make the starter models: `python -m ourvidz.starter.train stills`, then clips, texts, latents, transformer.

Every step goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch


def main() -> None:
    """Parse the command line and run one step."""
    parser = argparse.ArgumentParser(prog="python -m ourvidz.starter.train", description=__doc__)
    parser.add_argument(
        "step", choices=["stills", "clips", "texts", "latents", "transformer", "export", "critic"]
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="training time in all")
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--clips", type=int, default=3_000)
    parser.add_argument("--folder", type=Path, default=Path(".cache/starter"))
    parser.add_argument("--weights", type=Path, default=Path("ourvidz/starter/weights"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    _run(args)


def _run(args: argparse.Namespace) -> None:
    from ourvidz.starter.train import critic, data, export, transformer, vae

    counts: list[tuple[data.What, int]] = [("image", args.images), ("clip", args.clips)]
    stills, clips = args.folder / "vae_stills", args.folder / "vae_clips"
    if args.step == "stills":
        vae.train_stills(stills, args.minutes, args.seed)
    elif args.step == "clips":
        vae.train_clips(clips, stills, args.minutes, args.seed)
    elif args.step == "texts":
        for what, count in counts:
            data.make_texts(args.folder / "data", what, count)
    elif args.step == "latents":
        for what, count in counts:
            model = vae.load(stills if what == "image" else clips)
            data.make_latents(args.folder / "data", what, count, model)
    elif args.step == "transformer":
        transformer.train(args.folder, args.minutes, dict(counts), args.seed)
    elif args.step == "export":
        export.export(args.folder, args.weights)
    else:
        critic.train(args.folder / "critic", args.minutes, args.seed)
        critic.export(args.folder / "critic", args.weights)


if __name__ == "__main__":
    main()
