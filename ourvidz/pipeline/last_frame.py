"""Where a clip ends: the picture that another one can start with."""

from __future__ import annotations

from pathlib import Path

from ourvidz.domain.clip import Still
from ourvidz.domain.progress import OnProgress, ignore_progress
from ourvidz.pipeline.delivery import free_stem, prepare_folder
from ourvidz.pipeline.export import read_frames, read_metadata, write_still
from ourvidz.pipeline.report import Reporter


def last_frame(
    clip_path: Path,
    out_dir: Path = Path(),
    on_progress: OnProgress = ignore_progress,
    *,
    seed: int = 0,
) -> Still:
    """The last frame of a clip as a PNG of the same size in `out_dir`, with the clip's metadata.

    seed: what the still is said to have, for the clip that starts with it. No model is loaded.

    Raises InvalidRequest("video") for a file that is no clip, Unavailable, and what `on_progress`
    raises.
    """
    folder = prepare_folder(out_dir)
    with Reporter(on_progress).stage("decode", 1):
        (frame,) = read_frames(clip_path, last=1)
        facts = read_metadata(clip_path)
        height, width = frame.shape[:2]
        stem = free_stem(folder, facts.get("prompt", ""), seed, ".png")
        path = stem.with_name(f"{stem.name}.png")
        write_still(frame, path, size=(width, height), metadata=facts)
    return Still(path=path, seed=seed, width=width, height=height, metadata=facts)
