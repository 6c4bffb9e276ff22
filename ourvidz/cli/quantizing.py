"""`ourvidz models convert MODEL --format`: quantized weights before the first load needs them."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ourvidz import pipeline
from ourvidz.cli.screen import Screen, aligned, as_bytes
from ourvidz.domain import catalog
from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.domain.family import Ability, Component, Family, Lora, Precision
from ourvidz.settings import read_settings

if TYPE_CHECKING:
    from ourvidz.pipeline.weights.quantized import Shelf

#: Of text encoders only nf4 is planned, and only of large ones.
_SMALL_BYTES = 2**30


class _Task(NamedTuple):
    """One component to quantize, with the few-step adapter or without."""

    part: Component
    lora: Lora | None
    shelf: Shelf

    @property
    def name(self) -> str:
        """For people."""
        where = f"{self.part.source.name}/{self.part.source.folder}"
        return f"{where} with its adapter" if self.lora else where


def quantize(model: str, args: Namespace, screen: Screen) -> None:
    """Make and keep the components of `model` in `args.format`; what is kept already stays."""
    from ourvidz.pipeline.loading import load_component
    from ourvidz.pipeline.weights.disk import check_room
    from ourvidz.pipeline.weights.quantized import SPARE_BYTES, is_sound

    family, precision = catalog.family(model), args.format
    settings = read_settings()
    manager = pipeline.ModelManager(models_dir=settings.models_dir, device=settings.device)
    tasks = list(_tasks(family, precision, args.ability, manager))
    screen.tell("Checking what is here …")
    todo = [one for one in tasks if not (one.shelf.path and is_sound(one.shelf.path))]
    if todo:
        for one in todo:
            one.shelf.sweep()
        sizes = [one.part.weights_bytes(precision) for one in todo]
        free = check_room(
            sum(sizes) + SPARE_BYTES, settings.models_dir, "use --for or a smaller format"
        )
        rows = ((one.name, as_bytes(size)) for one, size in zip(todo, sizes, strict=True))
        screen.tell(str(aligned(("to make", precision), *rows)))
        screen.tell(f"Needs {as_bytes(sum(sizes))} of disk; {as_bytes(free)} are free.")
        ask(args, screen)
    for one in todo:
        screen.tell(f"{one.name} …")
        load_component(manager, family, one.part, one.lora, precision)
        if one.shelf.path is None:
            raise Unavailable(
                one.name,
                f"could not be kept in {settings.models_dir}; see that it is writable and has "
                "room, then run the same command again",
            )
    paths = [str(one.shelf.path) for one in tasks]
    screen.show({"model": model, "format": precision, "kept": paths}, f"{model} is in {precision}.")


def ask(args: Namespace, screen: Screen) -> None:
    """Whether to go on after what was told; raises Cancelled for no."""
    if args.yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest("--yes", "is needed where nobody can answer; read the lines above")
    screen.tell("Go on? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):  # at its end that is ""
        raise Cancelled("Nothing was done.")


def _tasks(
    family: Family, precision: Precision, ability: Ability | None, manager: pipeline.ModelManager
) -> Iterator[_Task]:
    """Everything that plans may want in this format; with an adapter where that is here."""
    from ourvidz.pipeline.finding import locate
    from ourvidz.pipeline.loading import shelf_of

    if precision not in family.precisions:
        raise InvalidRequest(
            "format", f"{family.name} runs in {' or '.join(family.precisions)}; nothing to convert"
        )
    seen: set[tuple[Component, Lora | None]] = set()
    for checkpoint in [family.checkpoint(ability)] if ability else family.checkpoints:
        for part in checkpoint.components:
            if not _wanted(part, precision):
                continue
            adapters: list[Lora | None] = [None]
            lora = checkpoint.lora if part.name == "transformer" else None
            if lora and locate(lora.source, manager.models_dir, lora.file):
                adapters.append(lora)
            for one in adapters:
                if (part, one) not in seen:
                    seen.add((part, one))
                    shelf = shelf_of(manager, family, part, one, precision)
                    here = locate(part.source, manager.models_dir) is not None
                    yield _Task(part, one, _known(shelf, part, family, here=here))


def _wanted(part: Component, precision: Precision) -> bool:
    large = part.weights_bytes("fp32") > _SMALL_BYTES
    return part.name == "transformer" or (
        part.name == "text_encoder" and large and precision == "nf4"
    )


def _known(shelf: Shelf | None, part: Component, family: Family, *, here: bool) -> Shelf:
    if shelf is None or not here:
        what = "is of unknown origin, so what is made of it is not kept" if here else "is not here"
        raise Unavailable(
            f"{part.name} of {family.name}",
            f"{what}; fetch it with `ourvidz models pull {family.name}`",
        )
    return shelf
