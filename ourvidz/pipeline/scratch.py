"""What a run leaves for its next attempt: finished stages, found again by all that made them.

A stage's file is named by a digest of everything its result depends on, so nothing here is ever
wrong, only missing: a damaged or foreign file counts as none, and a full disk keeps nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ourvidz.pipeline.loading import fingerprint
from ourvidz.pipeline.manager import ModelManager

if TYPE_CHECKING:
    from ourvidz.pipeline.shot import Names, Shot

log = logging.getLogger(__name__)

Facts = Mapping[str, Any]


class Scratch:
    """Finished stages of one job in `folder`; without a folder nothing is kept or found.

    facts: JSON values, all that a stage's result depends on.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def tensor(self, stage: str, facts: Facts) -> torch.Tensor | None:
        """The tensor an earlier attempt kept, on the CPU, or None."""
        found = self._read(stage, facts)
        return found and found[0]

    def keep_tensor(self, stage: str, facts: Facts, tensor: torch.Tensor) -> None:
        """Keep a tensor of any device; appears complete or not at all, and never fails."""
        self._write(stage, facts, tensor.detach().cpu().contiguous(), {})

    def words(self, stage: str, facts: Facts) -> dict[str, str] | None:
        """The texts an earlier attempt kept, or None."""
        found = self._read(stage, facts)
        return found and found[1]

    def keep_words(self, stage: str, facts: Facts, words: Mapping[str, str]) -> None:
        """Keep texts by name; as `keep_tensor` does."""
        self._write(stage, facts, torch.zeros(1), {"words": json.dumps(dict(words))})

    def _path(self, folder: Path, stage: str, facts: Facts) -> Path:
        digest = hashlib.sha256(_canonical(facts).encode()).hexdigest()
        return folder / f"{stage}-{digest[:32]}.safetensors"

    def _read(self, stage: str, facts: Facts) -> tuple[torch.Tensor, dict[str, str]] | None:
        if self.folder is None:
            return None
        path = self._path(self.folder, stage, facts)
        try:
            with safe_open(path, framework="pt") as file:
                inside = file.metadata() or {}
                if inside.get("facts") != _canonical(facts):
                    return None
                return file.get_tensor("value"), json.loads(inside.get("words", "{}"))
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValueError) as error:
            log.warning("%s of an earlier attempt is damaged and made again: %s", stage, error)
            return None

    def _write(
        self, stage: str, facts: Facts, tensor: torch.Tensor, more: Mapping[str, str]
    ) -> None:
        if self.folder is None:
            return
        path, draft = self._path(self.folder, stage, facts), None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
                draft = Path(file.name)
            save_file({"value": tensor}, draft, metadata={"facts": _canonical(facts), **more})
            draft.replace(path)
        except (OSError, SafetensorError) as error:
            log.warning("%s is not kept for another attempt: %s", stage, error)
            if draft:
                draft.unlink(missing_ok=True)


def latents_facts(shot: Shot, names: Names, manager: ModelManager) -> dict[str, Any]:
    """All that the latents of a shot depend on."""
    request = shot.request
    guided = (request.guidance_scale or 1) > 1
    given = {"first": shot.first_frames, "last": shot.last_frame}
    return {
        "prompt": request.model_prompt,
        "negative_prompt": request.negative_prompt if guided else "",
        "size": list(shot.size),
        "sampled_frames": shot.sampled_frames,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "flow_shift": request.flow_shift,
        "seeds": list(shot.seeds),
        "ability": shot.ability,
        "distilled": shot.sampling.distilled,
        "models": {
            part.name: model_facts(part.name, shot, names, manager)
            for part in shot.checkpoint.components
        },
        "frames": {
            name: None if frames is None else hashlib.sha256(frames.tobytes()).hexdigest()
            for name, frames in given.items()
        },
        "device": manager.device.type,
        "torch": torch.__version__,
    }


def model_facts(
    component: str, shot: Shot, names: Names, manager: ModelManager
) -> tuple[str, str, str]:
    """Name, revision and format of a loaded component."""
    part = next(part for part in shot.checkpoint.components if part.name == component)
    module = manager.get(names[part.name])
    name = f"{part.source.name}/{part.source.folder}"
    revision = fingerprint(part.source, manager.models_dir)
    return name, revision, str(getattr(module, "dtype", ""))


def _canonical(facts: Facts) -> str:
    return json.dumps(facts, sort_keys=True)
