"""What a run leaves for its next attempt: finished stages, found again by all that made them.

A stage's file is named by a digest of everything its result depends on, so nothing here is ever
wrong, only missing: a damaged or foreign file counts as none, and a full disk keeps nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import diffusers
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ourvidz.pipeline.loading import revision_of
from ourvidz.pipeline.manager import ModelManager

if TYPE_CHECKING:
    from ourvidz.pipeline.shot import Names, Shot

log = logging.getLogger(__name__)

Facts = Mapping[str, Any]


class Scratch:
    """Finished stages of one job in `folder`; without a folder nothing is kept or found.

    facts: JSON values, all that a stage's result depends on. every_s: seconds that pass before
    the state within a stage is kept anew.
    """

    def __init__(self, folder: Path | None = None, *, every_s: float = 1.0) -> None:
        self.folder = folder
        self.every_s = every_s

    def tensor(self, stage: str, facts: Facts) -> torch.Tensor | None:
        """The tensor an earlier attempt kept, on the CPU, or None."""
        found = self.kept(stage, facts)
        return found and found[0].get("value")

    def keep_tensor(self, stage: str, facts: Facts, tensor: torch.Tensor) -> None:
        """Keep a tensor; as `keep` does."""
        self.keep(stage, facts, {"value": tensor})

    def words(self, stage: str, facts: Facts) -> dict[str, str] | None:
        """The texts an earlier attempt kept, or None."""
        found = self.kept(stage, facts)
        return found and found[1]

    def keep_words(self, stage: str, facts: Facts, words: Mapping[str, str]) -> None:
        """Keep texts by name; as `keep` does."""
        self.keep(stage, facts, {"value": torch.zeros(1)}, words)

    def _path(self, folder: Path, stage: str, facts: Facts) -> Path:
        digest = hashlib.sha256(_canonical(facts).encode()).hexdigest()
        return folder / f"{stage}-{digest[:32]}.safetensors"

    def kept(
        self, stage: str, facts: Facts
    ) -> tuple[dict[str, torch.Tensor], dict[str, str]] | None:
        """Tensors, on the CPU, and texts by name that an earlier attempt kept, or None."""
        if self.folder is None:
            return None
        path = self._path(self.folder, stage, facts)
        try:
            with safe_open(path, framework="pt") as file:
                inside = file.metadata() or {}
                if inside.get("facts") != _canonical(facts):
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                if inside.get("digest") != _digest(tensors):
                    raise ValueError("its tensors are not those that were written")
                return tensors, json.loads(inside.get("words", "{}"))
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValueError) as error:
            log.warning("%s of an earlier attempt is damaged and made again: %s", stage, error)
            return None

    def keep(
        self,
        stage: str,
        facts: Facts,
        tensors: Mapping[str, torch.Tensor],
        words: Mapping[str, str] | None = None,
    ) -> None:
        """Keep tensors of any device and texts by name, in place of those before.

        Appears complete or not at all, and never fails.
        """
        if self.folder is None:
            return
        path, draft = self._path(self.folder, stage, facts), None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
                draft = Path(file.name)
            copies = {name: _copy(one) for name, one in tensors.items()}
            inside = {"facts": _canonical(facts), "words": json.dumps(dict(words or {}))}
            save_file(copies, draft, metadata=inside | {"digest": _digest(copies)})
            draft.replace(path)
        except (OSError, SafetensorError) as error:
            log.warning("%s is not kept for another attempt: %s", stage, error)
            if draft:
                draft.unlink(missing_ok=True)

    def forget(self, stage: str, facts: Facts) -> None:
        """Delete what was kept; never fails."""
        if self.folder is not None:
            with suppress(OSError):
                self._path(self.folder, stage, facts).unlink(missing_ok=True)


def latents_facts(shot: Shot, names: Names, manager: ModelManager) -> dict[str, Any]:
    """All that the latents of a shot depend on."""
    request = shot.request
    guided = (request.guidance_scale or 1) > 1
    given = {"first": shot.first_frames, "last": shot.last_frame}
    given |= {f"reference {i}": one for i, one in enumerate(shot.references)}
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
        "diffusers": diffusers.__version__,
    }


def model_facts(
    component: str, shot: Shot, names: Names, manager: ModelManager
) -> tuple[str, str, str]:
    """Name, revision and format of a loaded component."""
    part = next(part for part in shot.checkpoint.components if part.name == component)
    name = f"{part.source.name}/{part.source.folder}"
    revision = revision_of(manager, part)
    return name, revision, manager.format(names[part.name])


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    """On the CPU and nobody else's: a file takes no tensors that share memory."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def _digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """Of all bytes: a machine that loses its power may leave a file as long, but not as full."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _canonical(facts: Facts) -> str:
    return json.dumps(facts, sort_keys=True)
