"""Finding a component's files and loading them by the class that their own config names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from huggingface_hub import try_to_load_from_cache

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Ability, Component, ComponentName, Family, Source
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.report import Reporter

#: An encoder up to this size stays in fp32, where it costs nothing and follows its training.
_SMALL_BYTES = 2**30
#: Weights files up to this size are fingerprinted by content; larger ones by their revision.
_FINGERPRINTED_BYTES = 64 * 2**20


def load_models(
    manager: ModelManager, model: Family, ability: Ability, reporter: Reporter
) -> dict[ComponentName, str]:
    """Load all that `ability` needs and return the manager's name of each component.

    Components of other families are forgotten. Raises Unavailable when weights are missing or
    this machine can not run the model.
    """
    if model.needs and manager.device.type == "cpu":
        raise Unavailable(
            model.name, f"needs {model.needs}; use the model 'starter' on this machine"
        )
    for other in FAMILIES:
        if other != model.name:
            manager.evict(f"{other}/")
    components = model.checkpoint(ability).components
    names: dict[ComponentName, str] = {}
    with reporter.stage("load", len(components)):
        for done, part in enumerate(components, start=1):
            names[part.name] = _name(model, part)
            manager.component(
                names[part.name], lambda part=part: load_component(manager, model, part)
            )
            reporter.step(done)
    return names


def _name(model: Family, part: Component) -> str:
    """Checkpoints of a family share everything but their transformers and image encoders."""
    own = part.name in ("transformer", "image_encoder")
    where = f"/{part.source.name}/{part.source.folder}" if own else ""
    return f"{model.name}/{part.name}{where}"


def load_component(manager: ModelManager, model: Family, part: Component) -> Any:
    """The tokenizer, or the module in evaluation mode on the CPU in its final dtype.

    The dtype is set here and never after: `.to(bfloat16)` would also cast what the class keeps
    in fp32.
    """
    folder = locate(part.source, manager.models_dir)
    if folder is None:
        raise Unavailable(
            f"weights of {model.name}",
            f"the {part.name} is not on this machine; `ourvidz models` shows what is there and "
            "what to do",
        )
    try:
        if part.name == "tokenizer":
            return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        cls = component_class(folder)
        with _quiet():
            return cls.from_pretrained(
                folder, dtype=_dtype(manager, part), local_files_only=True
            ).eval()
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise Unavailable(
            f"weights of {model.name}",
            f"the {part.name} in {folder} can not be loaded ({error}); install or download it "
            "again",
        ) from error


def locate(source: Source, models_dir: Path | None = None) -> Path | None:
    """The folder of a source on this machine, or None; nothing is downloaded.

    Looked for in `models_dir`/name/folder, then in the installed package or the hub's cache.

    >>> locate(Source(kind="package", name="no_such_package")) is None
    True
    """
    places = [models_dir / source.name / source.folder] if models_dir else []
    if source.kind == "package":
        spec = find_spec(source.name)
        places += [
            Path(p) / source.folder for p in (spec and spec.submodule_search_locations) or ()
        ]
    else:
        for file in ("config.json", "tokenizer_config.json"):
            name = f"{source.folder}/{file}" if source.folder else file
            found = try_to_load_from_cache(source.name, name, revision=source.revision)
            places += [Path(found).parent] if isinstance(found, str) else []
    return next((place for place in places if place.is_dir() and any(place.iterdir())), None)


def component_class(folder: Path) -> Any:
    """The diffusers or transformers class that a folder's config.json names."""
    config = json.loads((folder / "config.json").read_text())
    if name := config.get("_class_name"):
        return getattr(diffusers, name)
    return getattr(transformers, config["architectures"][0])


def fingerprint(source: Source, models_dir: Path | None = None) -> str:
    """What tells these weights from others: their revision, else 12 digits of their SHA-256."""
    folder = locate(source, models_dir)
    files = sorted(folder.glob("*.safetensors")) if folder else []
    if source.revision or any(file.stat().st_size > _FINGERPRINTED_BYTES for file in files):
        return source.revision or "unpinned"
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _dtype(manager: ModelManager, part: Component) -> torch.dtype:
    if part.name in ("text_encoder", "image_encoder"):
        small = part.weights_bytes("fp32") <= _SMALL_BYTES
        return torch.float32 if small else torch.bfloat16
    return manager.dtype("conv" if part.name == "vae" else "matmul")


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars of the libraries while a component loads: we report our own."""
    was_on = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_on:
            transformers.utils.logging.enable_progress_bar()
