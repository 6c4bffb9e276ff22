"""Where a result goes and what is written on it."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.request import FPS
from ourvidz.pipeline.loading import revision_of
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.shot import Names, Shot

#: Free disk space below which no job starts: a clip and its temporary copy need far less.
NEEDED_BYTES = 128 * 2**20
_WORDS_IN_NAME = 6


def prepare_folder(folder: Path) -> Path:
    """The folder, made if need be, with room for a result.

    Raises Unavailable("disk") when it can not be made or the disk is full; then it is not made.
    """
    try:
        there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        free = shutil.disk_usage(there).free
        if free < NEEDED_BYTES:
            raise Unavailable(
                "disk",
                f"{folder} has {free // 2**20} MB free and {NEEDED_BYTES // 2**20} MB are needed; "
                "free some space or choose another folder",
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            "disk", f"{folder} can not be used ({error.strerror}); choose another folder"
        ) from error
    return folder


def free_stem(folder: Path, prompt: str, seed: int, *suffixes: str) -> Path:
    """A path without suffix that tells what is in the file and is not taken yet with `suffixes`.

    So a clip may be called as the picture that it starts from.

    >>> free_stem(Path("no-such-folder"), "A red sailboat, at sunset!", 7, ".mp4").name
    'a-red-sailboat-at-sunset-7'
    """
    words = re.findall(r"[a-z0-9]+", prompt.lower())[:_WORDS_IN_NAME] or ["clip"]
    stem = f"{'-'.join(words)[:60]}-{seed}"
    for number in range(2, 10_000):
        if not any((folder / f"{stem}{suffix}").exists() for suffix in suffixes):
            break
        stem = f"{'-'.join(words)[:60]}-{seed}-{number}"
    return folder / stem


def describe(shot: Shot, seed: int, names: Names, manager: ModelManager) -> dict[str, str]:
    """The metadata of a file: with it, the same machine makes the same frames again."""
    request = shot.request
    revisions = [
        revision_of(manager, part)
        for part in shot.checkpoint.components
        if part.name in ("transformer", "vae")
    ]
    facts = {
        "prompt": request.prompt,
        "enhanced_prompt": request.enhanced_prompt or "",
        "negative_prompt": request.negative_prompt,
        "model": request.model,
        "revision": "+".join(dict.fromkeys(revisions)),
        "seed": seed,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "flow_shift": request.flow_shift,
        "profile": request.profile,
        "width": request.width,
        "height": request.height,
        "num_frames": request.num_frames,
        "sampled_frames": shot.sampled_frames,
        "fps": FPS,
        "ability": shot.ability,
        "overlap_frames": shot.overlap,
        "plan": _placed(names, manager),
    }
    if shot.references:
        facts["references_sha256"] = _digest(b"".join(one.tobytes() for one in shot.references))
    if shot.first_frames is not None:
        facts["first_frames_sha256"] = _digest(shot.first_frames.tobytes())
    return {key: str(value) for key, value in facts.items()}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _placed(names: Names, manager: ModelManager) -> str:
    """Where the components lay and in which formats, in words."""
    plan = manager.plan
    parts = ("text_encoder", "transformer", "vae")
    placements = {part.name: part.placement for part in plan.components} if plan else {}
    words = [
        f"{part} {manager.format(names[part])} {placements.get(part, 'resident')}" for part in parts
    ]
    tiled = [" by tiles"] if plan and plan.vae_tiling else []
    return ", ".join([manager.device.type, *words]) + "".join(tiled)
