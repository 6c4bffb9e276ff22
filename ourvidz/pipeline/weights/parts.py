"""What of the catalog has to be fetched for one model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Ability, Family, Source
from ourvidz.pipeline.weights.convert import format_of


@dataclass(frozen=True, kw_only=True)
class Part:
    """One folder of a repository. only: the file that is wanted, "" for all a loader reads.

    bf16_bytes: what its weights take in bf16, as far as the catalog knows.
    """

    name: str
    source: Source
    licence: str
    only: str = ""
    bf16_bytes: int = 0

    @property
    def precision(self) -> str:
        """Format it is kept in."""
        return format_of(self.name)

    def home(self, models_dir: Path) -> Path:
        """Where it lies when it is complete: the first place that a loader looks at."""
        return models_dir / self.source.name / self.source.folder

    def draft(self, models_dir: Path) -> Path:
        """Where it lies until then."""
        return models_dir / ".drafts" / self.source.name / self.source.folder

    def kept_bytes(self, original_bytes: int) -> int:
        """At most so many bytes are kept of that many fetched ones."""
        if self.precision == "bf16" and self.bf16_bytes:
            return min(original_bytes, round(self.bf16_bytes * 1.02))
        return original_bytes


def parts_of(model: str, ability: Ability | None = None) -> tuple[Part, ...]:
    """The parts of a family, or of an enhancer, that come from the hub; each once.

    ability: only what this one needs. Raises InvalidRequest for names that are not known.
    """
    found = _all_parts(model, ability)
    once = {(part.source, part.only): part for part in found if part.source.kind == "hub"}
    return tuple(once.values())


def sources_of(model: str, ability: Ability | None = None) -> tuple[tuple[Source, str], ...]:
    """Every folder that belongs to a family or an enhancer, of packages too, with the only file
    of it that counts, "" for all; raises as above.
    """
    parts = _all_parts(model, ability)
    return tuple(dict.fromkeys((part.source, part.only) for part in parts))


def _all_parts(model: str, ability: Ability | None) -> list[Part]:
    if model in catalog.ENHANCERS:
        one = catalog.ENHANCERS[model]
        return [Part(name=model, source=one.source, licence=one.licence, only=one.file)]
    if model in catalog.FAMILIES:
        return list(_parts_of_family(catalog.family(model), ability))
    names = ", ".join([*catalog.FAMILIES, *catalog.ENHANCERS])
    raise InvalidRequest("model", f"{model!r} is not known; choose one of {names}")


def _parts_of_family(model: Family, ability: Ability | None) -> Iterator[Part]:
    for checkpoint in [model.checkpoint(ability)] if ability else model.checkpoints:
        for component in checkpoint.components:
            yield Part(
                name=component.name,
                source=component.source,
                licence=checkpoint.licence,
                bf16_bytes=component.weights_bytes("bf16"),
            )
        if lora := checkpoint.lora:
            yield Part(name="adapter", source=lora.source, licence=lora.licence, only=lora.file)
