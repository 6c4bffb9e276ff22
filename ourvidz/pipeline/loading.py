"""Loading components by the class that their own config names, in the format that is planned."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors import SafetensorError

from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.family import (
    MADE_HERE,
    Ability,
    Component,
    ComponentName,
    Family,
    Lora,
    Precision,
)
from ourvidz.pipeline.budget import Plan
from ourvidz.pipeline.chatter import muted
from ourvidz.pipeline.compiled import make_compilable
from ourvidz.pipeline.finding import UNPINNED, component_class, fingerprint, locate
from ourvidz.pipeline.interleaved import InterleavedVACETransformer
from ourvidz.pipeline.manager import ModelManager
from ourvidz.pipeline.packed import Packed, load_packed
from ourvidz.pipeline.precision import choose_dtype
from ourvidz.pipeline.quantize import quantize
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.thrift import kept_or_made, skeleton
from ourvidz.pipeline.weights.manifest import sha256_of
from ourvidz.pipeline.weights.quantized import Recipe, Shelf

#: An encoder up to this size stays in fp32, where it costs nothing and follows its training.
_SMALL_BYTES = 2**30


def load_models(
    manager: ModelManager,
    model: Family,
    ability: Ability,
    reporter: Reporter,
    *,
    distilled: bool = False,
    plan: Plan | None = None,
) -> dict[ComponentName, str]:
    """Load all that `ability` needs and return the manager's name of each component.

    distilled: the transformer with its few-step adapter. plan: the components' formats; None
    leaves them as they are. Components of other families, and of this one in other formats, are
    forgotten; those of its other checkpoints stay while the host has room.

    Raises Unavailable when weights are missing or this machine can not run the model,
    InvalidRequest when no adapter was published.
    """
    if model.needs and manager.device.type == "cpu":
        raise Unavailable(
            model.name, f"needs {model.needs}; use the model 'starter' on this machine"
        )
    for other in FAMILIES:
        if other != model.name:
            manager.evict(f"{other}/")
    checkpoint = model.checkpoint(ability)
    if distilled and checkpoint.lora is None:
        raise InvalidRequest(
            "profile", f"fast is not there for {ability} by {model.name}; use balanced"
        )
    names: dict[ComponentName, str] = {}
    formats: dict[ComponentName, Precision] = {
        part.name: part.precision for part in (plan.components if plan else ())
    }
    with reporter.stage("load", len(checkpoint.components)):
        for done, part in enumerate(checkpoint.components, start=1):
            lora = checkpoint.lora if distilled and part.name == "transformer" else None
            precision = formats.get(part.name, "bf16")
            names[part.name] = name = _name(manager, model, part, lora, precision)
            manager.keep_one(name, _of_one_kind(model, part), part.weights_bytes("bf16"))
            load = partial(load_component, manager, model, part, lora, precision)
            manager.component(name, load)
            reporter.step(done)
    return names


def _name(
    manager: ModelManager, model: Family, part: Component, lora: Lora | None, precision: Precision
) -> str:
    """Checkpoints of a family share everything but their transformers and image encoders."""
    name = f"{_of_one_kind(model, part)}{'/distilled' if lora else ''}"
    if part.name == "transformer" and manager.packed:
        return f"{name}/{manager.packed.path}"
    return f"{name}/{precision}" if precision in MADE_HERE else name


def _of_one_kind(model: Family, part: Component) -> str:
    """How all names of one set of weights begin, whatever was added to it and in any format."""
    own = part.name in ("transformer", "image_encoder")
    where = f"/{part.source.name}/{part.source.folder}" if own else ""
    return f"{model.name}/{part.name}{where}"


def load_component(
    manager: ModelManager,
    model: Family,
    part: Component,
    lora: Lora | None = None,
    precision: Precision = "bf16",
) -> Any:
    """The tokenizer, or the module in evaluation mode on the CPU in its final format.

    The dtype is set here and never after: `.to(bfloat16)` would also cast what the class keeps
    in fp32. An adapter is added first and layers are quantized after it, once: the result is kept.
    """
    if part.name == "transformer" and manager.packed:
        return _packed(manager, model, part, lora, manager.packed)
    folder = _found(model, part.name, locate(part.source, manager.models_dir))
    with _broken_weights(model, part.name, folder), _quiet():
        if part.name == "tokenizer":
            return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        cls, dtype = _ours(model, part, component_class(folder)), _dtype(manager, model, part)

        def make() -> torch.nn.Module:
            module = _read(cls, folder, dtype)
            if lora:
                _add(lora, module, model, manager)
            quantize(module, precision, manager.device)
            return module

        shelf = shelf_of(manager, model, part, lora, precision)
        module = (
            kept_or_made(make, partial(skeleton, cls, folder, dtype), shelf) if shelf else make()
        )
    if part.name == "transformer":
        make_compilable(module)
    return module.eval()


def _read(cls: Any, folder: Path, dtype: torch.dtype) -> torch.nn.Module:
    """The module of a folder; raises ValueError where its config and its weights do not match.

    Only safetensors are read: a pickle, which libraries fall back to, runs whatever is in it.
    """
    default = torch.get_default_dtype()
    try:
        with muted(logging.CRITICAL, "diffusers.models.modeling_utils"):  # it logs what it raises
            module = cls.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True
            )
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"its config.json does not fit its weights: {error}") from error
    finally:
        torch.set_default_dtype(default)  # diffusers leaves its own behind when it fails
    absent = [name for name, weights in module.named_parameters() if weights.is_meta]
    if absent:
        raise ValueError(f"{len(absent)} of its tensors are in no file, {absent[0]} is one")
    return module


def shelf_of(
    manager: ModelManager, model: Family, part: Component, lora: Lora | None, precision: Precision
) -> Shelf | None:
    """Where a component's quantized weights are kept.

    None for formats that are not quantized when loading, and for weights of which nothing tells
    whether they are still the same.
    """
    where = manager.models_dir
    if where is None or precision not in MADE_HERE:
        return None
    origin = fingerprint(part.source, where)
    adapter = fingerprint(lora.source, where, lora.file) if lora else ""
    if UNPINNED in (origin, adapter):
        return None
    dtype = str(_dtype(manager, model, part)).removeprefix("torch.")
    recipe = Recipe(precision=precision, dtype=dtype, origin=origin, adapter=adapter)
    return Shelf(recipe=recipe, source=part.source, models_dir=where)


def _ours(model: Family, part: Component, cls: Any) -> Any:
    """The class that runs a component: its own, but for VACE's transformer."""
    if cls is diffusers.WanVACETransformer3DModel:
        return InterleavedVACETransformer
    if part.name == "transformer" and cls is not diffusers.WanTransformer3DModel:
        raise Unavailable(
            model.name, f"is a {cls.__name__}, which is not run yet; use 'wan2.1-14b'"
        )
    return cls


def _packed(
    manager: ModelManager, model: Family, part: Component, lora: Lora | None, file: Packed
) -> torch.nn.Module:
    """The transformer of the user's file; adapters stay beside weights that are packed."""
    dims = next(one.transformer for one in model.checkpoints if part in one.components)
    folder = locate(part.source, manager.models_dir, "config.json")
    stock = diffusers.WanVACETransformer3DModel if dims.vace_layers else None
    cls = _ours(model, part, stock or diffusers.WanTransformer3DModel)
    with _quiet():
        module = load_packed(cls, file, dims, folder, _dtype(manager, model, part))
    if lora:
        _add(lora, module, model, manager, fuse=False)
    make_compilable(module)
    return module.eval()


def _add(
    lora: Lora, transformer: Any, model: Family, manager: ModelManager, *, fuse: bool = True
) -> None:
    """Add an adapter to the weights for good, or beside them."""
    folder = _found(model, "adapter", locate(lora.source, manager.models_dir, lora.file))
    parts: dict[str, Any] = dict.fromkeys(("tokenizer", "text_encoder", "vae", "scheduler"))
    with _broken_weights(model, "adapter", folder):
        pipe = diffusers.WanPipeline(**parts, transformer=transformer)
        pipe.load_lora_weights(str(folder), weight_name=lora.file, local_files_only=True)
        if fuse:
            pipe.fuse_lora(components=["transformer"])
            pipe.unload_lora_weights()


def _found(model: Family, what: str, folder: Path | None) -> Path:
    if folder is None:
        raise Unavailable(
            f"weights of {model.name}",
            f"the {what} is not on this machine; `ourvidz models` shows what is there and "
            "what to do",
        )
    return folder


@contextmanager
def _broken_weights(model: Family, what: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, AttributeError, SafetensorError) as error:
        raise Unavailable(
            f"weights of {model.name}",
            f"the {what} in {folder} can not be loaded ({error}); install or download it again",
        ) from error


def revision_of(manager: ModelManager, part: Component) -> str:
    """What tells the weights of a component from others."""
    if part.name == "transformer" and (file := manager.packed):
        return manager.once(("sha256", file.path), lambda: sha256_of(file.path)[:12])
    return fingerprint(part.source, manager.models_dir)


def _dtype(manager: ModelManager, model: Family, part: Component) -> torch.dtype:
    if part.name in ("text_encoder", "image_encoder"):
        small = part.weights_bytes("fp32") <= _SMALL_BYTES
        return torch.float32 if small else torch.bfloat16
    work = "conv" if part.name == "vae" else "matmul"
    # What needs a card is held as a card holds it, even where it is only converted.
    return choose_dtype(torch.device("cuda"), work) if model.needs else manager.dtype(work)


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars of the libraries while a component loads: we report our own."""
    loggers = [transformers.utils.logging, diffusers.utils.logging]
    loud = [logger for logger in loggers if logger.is_progress_bar_enabled()]
    for logger in loud:
        logger.disable_progress_bar()
    try:
        yield
    finally:
        for logger in loud:
            logger.enable_progress_bar()
