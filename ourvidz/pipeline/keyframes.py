"""The pictures of one scene: a master, and those the scene comes to later, derived from it.

They are frames of one quick run through the scene that starts with the master: subject, place and
light stay, what moves goes on moving, and nothing is derived from something derived. Shots of five
seconds are rendered between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from ourvidz.domain.catalog import family
from ourvidz.domain.clip import Still
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.film import Keyframe
from ourvidz.domain.progress import OnProgress, ignore_progress
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.delivery import free_stem, prepare_folder
from ourvidz.pipeline.export import read_frames, write_still
from ourvidz.pipeline.generate import generate_clip, preview
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.profiles import resolve
from ourvidz.pipeline.scratch import Scratch

#: Frames of the quick run from one keyframe to the next: a second of it for five of the film.
STRIDE = 16
#: Keyframes of one run; longer scenes come back the way they went, in a run with another seed.
PER_RUN = 5


def derive_keyframes(
    request: VideoRequest,
    master: Path,
    keyframes: Sequence[Keyframe],
    manager: ModelManager,
    on_progress: OnProgress = ignore_progress,
    out_dir: Path = Path(),
    *,
    scratch: Scratch | None = None,
) -> tuple[Still, ...]:
    """The stills of keyframes of one scene, none of them its master, as PNG files in `out_dir`.

    request: what the master was made from. master: its picture. Keyframes with the same seed are
    frames of the same run, as far as one reaches. A model that can not start from a picture makes
    each from the words alone, so only the words hold the scene together.

    Raises as `preview` does; then no file is left.
    """
    if any(one.place < 1 for one in keyframes):
        raise InvalidRequest("keyframes", "place 0 is the master; make it by preview")
    make = _passed if can_derive(request) else _from_words
    made: dict[str, Still] = {}
    try:
        for (lap, seed), group in groupby(sorted(keyframes, key=_run), key=_run):
            some = tuple(group)
            asked = request.replace(image=master, seed=(seed + lap) % 2**63)
            for one, still in make(asked, some, manager, on_progress, out_dir, scratch):
                made[one.key] = still
    except BaseException:
        for still in made.values():
            still.path.unlink(missing_ok=True)
        raise
    return tuple(made[one.key] for one in keyframes)


def can_derive(request: VideoRequest) -> bool:
    """Whether the request's model can start from a picture, and so derive stills from it."""
    return "first_frame" in family(request.model).abilities


def run_frames(keyframes: Sequence[Keyframe]) -> int:
    """How many frames are sampled for keyframes that are made together.

    >>> run_frames([]), run_frames([Keyframe(key="a/2", scene_id="a", place=2, seed=1)])
    (0, 33)
    """
    laps: dict[tuple[int, int], int] = {}
    for one in keyframes:
        laps[_run(one)] = max(laps.get(_run(one), 0), _frame_of(one.place) + 1)
    return sum(laps.values())


def _run(keyframe: Keyframe) -> tuple[int, int]:
    """(lap, seed): keyframes for which they are the same are made together."""
    return (keyframe.place - 1) // PER_RUN, keyframe.seed


def _frame_of(place: int) -> int:
    """The frame of its run that a keyframe is; every second lap goes backwards.

    >>> [_frame_of(place) for place in (1, 2, 5, 6, 10, 11)]
    [16, 32, 80, 80, 16, 16]
    """
    lap, step = divmod(place - 1, PER_RUN)
    return STRIDE * (PER_RUN - step if lap % 2 else step + 1)


def _passed(
    request: VideoRequest,
    keyframes: Sequence[Keyframe],
    manager: ModelManager,
    on_progress: OnProgress,
    out_dir: Path,
    scratch: Scratch | None,
) -> Iterator[tuple[Keyframe, Still]]:
    """Stills that one run from the picture `request.image` passes, each as soon as it is there."""
    picks = [_frame_of(one.place) for one in keyframes]
    wanted = resolve(request.replace(num_frames=max(picks) + 1))
    folder, size = prepare_folder(out_dir), wanted.output_size or (0, 0)
    native = wanted.replace(output_size=(wanted.width, wanted.height))
    with TemporaryDirectory(dir=folder, prefix="run-") as where:
        clip = generate_clip(native, manager, on_progress, Path(where), scratch=scratch)
        frames = read_frames(clip.path)
    for keyframe, pick in zip(keyframes, picks, strict=True):
        stem = free_stem(folder, request.prompt, clip.seed, ".png")
        path = stem.with_name(f"{stem.name}.png")
        facts = {**clip.metadata, "keyframe": keyframe.key, "frame": str(pick)}
        write_still(frames[pick], path, size=size, metadata=facts)
        still = Still(path=path, seed=clip.seed, width=size[0], height=size[1], metadata=facts)
        yield keyframe, still


def _from_words(
    request: VideoRequest,
    keyframes: Sequence[Keyframe],
    manager: ModelManager,
    on_progress: OnProgress,
    out_dir: Path,
    scratch: Scratch | None,
) -> Iterator[tuple[Keyframe, Still]]:
    """Stills of the same words with a seed each, each as soon as it is there."""
    for one in keyframes:
        asked = request.replace(seed=((request.seed or 0) + one.place) % 2**63)
        (still,) = preview(asked, manager, on_progress, out_dir, num_images=1, scratch=scratch)
        yield one, still
