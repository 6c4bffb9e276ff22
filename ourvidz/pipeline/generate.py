"""The main job: a request becomes stills or a clip. Encode, denoise, decode, export.

The page, the command line, notebooks and benchmarks all enter here: what is measured is what
is served.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from ourvidz.domain.clip import Clip, Still
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.progress import OnProgress, ignore_progress
from ourvidz.domain.request import FPS, VideoRequest
from ourvidz.pipeline.decode import decode_frames, decode_stills
from ourvidz.pipeline.delivery import describe, free_stem, prepare_folder
from ourvidz.pipeline.export import (
    check_size,
    read_frames,
    write_clip,
    write_still,
    write_thumbnail,
)
from ourvidz.pipeline.hardware import peak_bytes, reachable
from ourvidz.pipeline.images import resized
from ourvidz.pipeline.ladder import Ladder
from ourvidz.pipeline.landing import as_drawn, landed
from ourvidz.pipeline.learning import expected_s, learn
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.profiles import resolve
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.scratch import Scratch
from ourvidz.pipeline.shot import Names, Shot, pictures_of, sample, shot_of

MAX_IMAGES = 4


def preview(
    request: VideoRequest,
    manager: ModelManager,
    on_progress: OnProgress = ignore_progress,
    out_dir: Path = Path(),
    *,
    num_images: int = 4,
    scratch: Scratch | None = None,
) -> tuple[Still, ...]:
    """1 to 4 candidate pictures for the first frame, as PNG files in `out_dir`.

    Candidate i has seed `request.seed + i`; of the request's pictures only its references are
    used. A clip that
    starts from one: `render(request.replace(image=still.path), manager)`. scratch: as for
    `generate_clip`.

    Raises InvalidRequest, Unavailable, OutOfMemory, and what `on_progress` raises; then no file
    is left.
    """
    if not 1 <= num_images <= MAX_IMAGES:
        raise InvalidRequest("num_images", f"must be 1 to {MAX_IMAGES}")
    request = resolve(request.replace(num_frames=1, image=None, last_image=None))
    shot = Shot(
        request=request, ability="image", num_videos=num_images, references=pictures_of(request)
    )
    check_size(shot.output_size)
    folder = prepare_folder(out_dir)
    width, height = shot.output_size
    stills: list[Still] = []
    with _job(shot, manager, on_progress) as (reporter, ladder):
        latents = ladder.climb(
            lambda names: _sampled(
                shot, ladder.plan.choices.batch, names, manager, reporter, scratch
            )
        )
        frames = ladder.climb(lambda names: _stills(latents, names, manager, reporter))
        facts = ladder.climb(lambda names: _described(shot, names, manager, ladder))
        with reporter.stage("export", num_images), _all_or_nothing() as written:
            for frame, seed in zip(frames, shot.seeds, strict=True):
                stem = free_stem(folder, request.prompt, seed, ".png")
                written.append(stem.with_name(f"{stem.name}.png"))
                own = facts | {"seed": str(seed)}
                write_still(frame, written[-1], size=shot.output_size, metadata=own)
                stills.append(
                    Still(path=written[-1], seed=seed, width=width, height=height, metadata=own)
                )
                reporter.step(len(stills))
    return tuple(stills)


def render(
    request: VideoRequest,
    manager: ModelManager,
    on_progress: OnProgress = ignore_progress,
    out_dir: Path = Path(),
) -> Clip:
    """A clip from text, or from the picture `request.image`, which then is its first frame.

    Exactly `request.num_frames` frames at 16 fps, as an MP4 with a JPEG thumbnail in `out_dir`; the
    last one shows `request.last_image`, where there is one.

    Raises InvalidRequest, Unavailable, OutOfMemory, and what `on_progress` raises (`Cancelled`);
    then no file is left and the next run is not affected.
    """
    return _film(shot_of(request), manager, on_progress, out_dir)


def extend(
    clip_path: Path,
    request: VideoRequest,
    manager: ModelManager,
    on_progress: OnProgress = ignore_progress,
    out_dir: Path = Path(),
    *,
    overlap_frames: int = 5,
    scratch: Scratch | None = None,
) -> Clip:
    """The clip that continues `clip_path`: it starts right after that one's last frame.

    The model is given the last `overlap_frames` (4 k + 1) frames and so keeps the motion. The
    result has exactly `request.num_frames` new frames; of the request's pictures only its
    references are used. scratch: as for `generate_clip`.

    Raises as `render` does, and InvalidRequest("video") for a file that is no clip.
    """
    if overlap_frames % 4 != 1 or not 1 <= overlap_frames <= 33:
        raise InvalidRequest("overlap_frames", "must be 1, 5, 9, ... 33; 5 keeps the motion")
    request = resolve(request.replace(image=None, last_image=None))
    last = read_frames(clip_path, last=overlap_frames)
    if len(last) < overlap_frames:
        raise InvalidRequest("video", f"{clip_path.name} has fewer than {overlap_frames} frames")
    ability = "extension" if overlap_frames > 1 else "first_frame"
    shot = Shot(
        request=request, ability=ability, overlap=overlap_frames, references=pictures_of(request)
    )
    frames = np.stack([resized(frame, shot.size) for frame in last])
    shot = replace(shot, first_frames=frames)
    return _film(shot, manager, on_progress, out_dir, scratch)


def generate_clip(
    request: VideoRequest,
    manager: ModelManager,
    on_progress: OnProgress,
    out_dir: Path,
    *,
    scratch: Scratch | None = None,
) -> Clip:
    """A clip among others: what the worker and films run.

    As `render`, but `request.last_image` is what the next clip starts with, so this one ends right
    before it. scratch: where an earlier attempt at the same request left the stages it had
    finished; they are not run again, and the frames are the same.
    """
    shot = replace(shot_of(request), leads_on=True)
    return _film(shot, manager, on_progress, out_dir, scratch)


def _film(
    shot: Shot,
    manager: ModelManager,
    on_progress: OnProgress,
    out_dir: Path,
    scratch: Scratch | None = None,
) -> Clip:
    check_size(shot.output_size, multiple=2)
    folder = prepare_folder(out_dir)
    width, height = shot.output_size
    with _job(shot, manager, on_progress) as (reporter, ladder), _all_or_nothing() as written:
        suffixes = (".mp4", ".jpg")
        stem = free_stem(folder, shot.request.prompt, shot.seeds[0], *suffixes)
        path, thumbnail = (stem.with_name(stem.name + suffix) for suffix in suffixes)
        written += [path, thumbnail]
        latents = ladder.climb(lambda names: sample(shot, names, manager, reporter, scratch))

        def export(names: Names) -> dict[str, str]:
            facts = _described(shot, names, manager, ladder)
            reporter.begin("decode", latents.shape[2])
            with reporter.timed("export"), manager.on_gpu(names["vae"]) as vae:
                chunks = _delivered(vae, latents, shot.overlap, reporter)
                if shot.last_frame is not None:
                    end = as_drawn(vae, shot.last_frame)
                    frames = shot.sampled_frames
                    chunks = landed(chunks, end, frames, spare=shot.spare_frames)
                first = next(chunks)
                write_thumbnail(first[0], thumbnail, size=shot.output_size)
                write_clip(
                    chain([first], chunks),
                    path,
                    num_frames=shot.request.num_frames,
                    size=shot.output_size,
                    metadata=facts,
                    on_frames=lambda done: reporter.tick(),
                )
            return facts

        facts = ladder.climb(export)
        reporter.begin("export", 1)
        reporter.step(1)
    return Clip(
        path=path,
        thumbnail=thumbnail,
        width=width,
        height=height,
        num_frames=shot.request.num_frames,
        fps=FPS,
        seed=shot.seeds[0],
        seconds_by_stage={**reporter.seconds_by_stage},
        peak_bytes=peak_bytes(manager.device),
        metadata=facts,
    )


def _sampled(
    shot: Shot,
    batch: int,
    names: Names,
    manager: ModelManager,
    reporter: Reporter,
    scratch: Scratch | None,
) -> torch.Tensor:
    """Latents of all videos of the shot, so many in one pass as the plan has room for."""
    parts = [
        replace(shot, request=shot.request.replace(seed=seeds[0]), num_videos=len(seeds))
        for seeds in (shot.seeds[i : i + batch] for i in range(0, shot.num_videos, batch))
    ]
    return torch.cat([sample(part, names, manager, reporter, scratch) for part in parts])


def _stills(
    latents: torch.Tensor, names: Names, manager: ModelManager, reporter: Reporter
) -> list[np.ndarray]:
    with reporter.stage("decode", 1), manager.on_gpu(names["vae"]) as vae:
        return decode_stills(vae, latents)


def _described(shot: Shot, names: Names, manager: ModelManager, ladder: Ladder) -> dict[str, str]:
    facts = describe(shot, shot.seeds[0], names, manager)
    return facts | ({"out_of_memory": "; ".join(ladder.taken)} if ladder.taken else {})


def _delivered(
    vae: AutoencoderKLWan, latents: torch.Tensor, overlap: int, reporter: Reporter
) -> Iterator[np.ndarray]:
    """The decoded chunks after the overlap; their time counts as decode, wherever they go."""
    chunks = decode_frames(vae, latents, on_tile=lambda tile, tiles: reporter.tick())
    for step in range(1, latents.shape[2] + 1):
        with reporter.timed("decode"):
            chunk = next(chunks)
        reporter.step(step)
        if overlap < len(chunk):
            yield chunk[overlap:]
        overlap = max(0, overlap - len(chunk))


@contextmanager
def _job(
    shot: Shot, manager: ModelManager, on_progress: OnProgress
) -> Iterator[tuple[Reporter, Ladder]]:
    """The manager for this shot alone, with its plan; how fast it was is remembered."""
    reporter = Reporter(on_progress)
    with reachable(), manager.job():
        if manager.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(manager.device)
        ladder = Ladder(shot, manager, reporter)
        reporter.expect(expected_s(shot, ladder.plan, manager))
        yield reporter, ladder
    learn(shot, ladder, manager, reporter)


@contextmanager
def _all_or_nothing() -> Iterator[list[Path]]:
    """After any error none of the files that were added to the list is left."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
