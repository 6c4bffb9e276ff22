"""`ourvidz models`: which models there are, and fetching, converting and checking their files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ourvidz import pipeline
from ourvidz.cli.quantizing import ask, quantize
from ourvidz.cli.screen import Screen, aligned, as_bytes
from ourvidz.domain import catalog
from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.domain.family import ABILITIES, MADE_HERE, Ability
from ourvidz.settings import read_settings

if TYPE_CHECKING:
    from ourvidz.cli.inventory import Inventory
    from ourvidz.pipeline.weights.pull import Errand, Origin
    from ourvidz.pipeline.weights.verify import Verdict


def models(args: Namespace, screen: Screen) -> None:
    """List the models, or pull, convert or verify the files of one.

    Without a verb: which of them run here and what the others need.
    """
    verbs: dict[str, Callable[[str, Namespace, Screen], None]] = {
        "pull": _pull, "convert": _convert, "verify": _verify,
    }  # fmt: skip
    verb = args.words[0] if args.words else ""
    for option, given, owners in (
        ("--format", args.format, ("convert",)),
        ("--endpoint", args.endpoint, ("pull",)),
        ("--for", args.ability, tuple(verbs)),
    ):
        if given and verb not in owners:
            where = "|".join(owners)
            raise InvalidRequest(option, f"belongs to `models {where}`; leave it out here")
    match args.words:
        case [verb, model] if verb in verbs:
            verbs[verb](model, args, screen)
        case [verb] if verb in verbs:
            raise InvalidRequest("model", f"is missing; type `ourvidz models {verb} MODEL`")
        case [] | [_]:
            _list(args.words, screen)
        case [verb, *many] if verb in verbs:
            raise InvalidRequest("model", f"is one at a time, not {len(many)}; name one of them")
        case [verb, *_]:
            raise InvalidRequest("models", f"{verb!r} is no verb; use {', '.join(verbs)}")


def options(verb: ArgumentParser) -> None:
    """What can be typed."""
    verb.add_argument(
        "words",
        nargs="*",
        metavar="[pull|convert|verify] MODEL",
        help="MODEL alone shows one family with all of its parts; pull fetches it from its hub, "
        "convert takes it from the hub's cache on this machine, verify checks every byte",
    )
    verb.add_argument(
        "--format",
        choices=MADE_HERE,
        help="convert: quantize what is here, so that no load has to (a load keeps it as well)",
    )
    verb.add_argument("--for", dest="ability", choices=ABILITIES, help="only what this one needs")
    verb.add_argument("--yes", action="store_true", help="do not ask before a download")
    verb.add_argument("--endpoint", metavar="ADDRESS", help="another hub (default: HF_ENDPOINT)")


def _list(names: Sequence[str], screen: Screen) -> None:
    from ourvidz.cli.inventory import take_inventory

    settings = read_settings()
    manager = pipeline.ModelManager(models_dir=settings.models_dir, device=settings.device)
    families = [catalog.family(name) for name in names] or list(catalog.FAMILIES.values())
    inventories = [take_inventory(family, manager) for family in families]
    rows = (
        (one.name, "{}x{}".format(*family.sizes[0]), one.status, _kept(one), family.summary)
        for family, one in zip(families, inventories, strict=True)
    )
    details = aligned(*inventories[0].parts.items()) if names else ""
    advice = [line for one in inventories for line in one.advice]
    screen.show(
        {"models": [asdict(one) for one in inventories]},
        aligned(("model", "size", "here", "quantized", "what for"), *rows),
        *(part for part in (details, *advice) if part),
    )


def _kept(inventory: Inventory) -> str:
    """Quantized weights on the disk, as "fp8 13.3 GiB"."""
    return ", ".join(f"{one} {as_bytes(size)}" for one, size in inventory.kept_bytes.items())


def _pull(model: str, args: Namespace, screen: Screen) -> None:
    from ourvidz.pipeline.weights.hub import Hub

    with closing(Hub(args.endpoint)) as hub:
        _fetch(model, args, screen, hub)


def _convert(model: str, args: Namespace, screen: Screen) -> None:
    from ourvidz.pipeline.weights.cache import Cache

    if args.format:
        quantize(model, args, screen)
        return
    _fetch(model, args, screen, Cache())


def _fetch(model: str, args: Namespace, screen: Screen, origin: Origin) -> None:
    from ourvidz.pipeline.weights.parts import parts_of
    from ourvidz.pipeline.weights.pull import check_disk, pull, survey

    models_dir = read_settings().models_dir
    parts = parts_of(model, args.ability)
    screen.tell("Checking what is here …" if parts else f"{model} comes with the program.")
    try:
        errands = survey(parts, models_dir, origin)
        if errands:
            needed, free = check_disk(errands, models_dir)
            _tell(errands, needed, free, models_dir, screen)
            ask(args, screen)
        with screen.counting(sum(errand.fetch_bytes for errand in errands)) as on_bytes:
            homes = [pull(errand, models_dir, origin, on_bytes) for errand in errands]
    except KeyboardInterrupt:
        raise Cancelled("Stopped; the same command goes on where it stopped.") from None
    _check_installed(model, args.ability)
    document: dict[str, Any] = {"model": model, "pulled": [str(home) for home in homes]}
    screen.show(document, f"{model} is complete in {models_dir}" if parts else f"{model} is here.")


def _tell(
    errands: Sequence[Errand], needed: int, free: int, models_dir: Path, screen: Screen
) -> None:
    """Licence, size and disk, before anything is fetched."""
    rows = (
        (
            errand.part.name,
            f"{errand.part.source.name}@{errand.listing.revision[:12]}",
            errand.part.licence,
            as_bytes(errand.fetch_bytes),
            f"kept as {errand.part.precision}",
        )
        for errand in errands
    )
    screen.tell(str(aligned(("part", "from", "licence", "to fetch", ""), *rows)))
    screen.tell(
        f"Needs {as_bytes(needed)} of disk; {as_bytes(free)} are free at {models_dir}. "
        "By going on you accept the licences."
    )


def _verify(model: str, args: Namespace, screen: Screen) -> None:
    from ourvidz.pipeline.weights.parts import sources_of
    from ourvidz.pipeline.weights.verify import verify, verify_kept

    models_dir = read_settings().models_dir
    sources = sources_of(model, args.ability)
    screen.tell("Reading every byte of what is here …")
    verdicts = [verify(source, models_dir, file=file) for source, file in sources]
    made = [one for source, _ in sources for one in verify_kept(source, models_dir)]
    rows = (
        (one.state, f"{one.source.name}/{one.source.folder}", one.says) for one in verdicts + made
    )
    screen.show({"model": model, "parts": [asdict(one) for one in verdicts + made]}, aligned(*rows))
    if any(one.state != "sound" for one in verdicts):
        raise _unsound(model, verdicts)
    if any(one.state != "sound" for one in made):
        raise Unavailable(
            f"quantized weights of {model}",
            "some are damaged; they are made anew when they are needed, or now by "
            f"`ourvidz models convert {model} --format FORMAT`",
        )


def _check_installed(model: str, ability: Ability | None) -> None:
    """What no hub has can not be pulled: raises Unavailable when it is not sound."""
    from ourvidz.pipeline.weights.parts import sources_of
    from ourvidz.pipeline.weights.verify import verify

    models_dir = read_settings().models_dir
    sources = [one for one in sources_of(model, ability) if one[0].kind == "package"]
    verdicts = [verify(source, models_dir, file=file) for source, file in sources]
    if any(one.state != "sound" for one in verdicts):
        raise _unsound(model, verdicts)


def _unsound(model: str, verdicts: Sequence[Verdict]) -> Unavailable:
    """What to do about parts that are missing or damaged, by where they come from."""
    bad = [one for one in verdicts if one.state != "sound"]
    advice: dict[str, None] = {}
    models_dir = read_settings().models_dir
    for one in bad:
        if one.source.kind == "hub":
            fetches = "which fetches only what is missing or damaged"
            advice[f"run `ourvidz models pull {model}`, {fetches}"] = None
        elif one.folder and one.folder.is_relative_to(models_dir):
            advice[f"delete {one.folder}, which hides what is installed"] = None
        elif one.source.name == "ourvidz.starter":
            advice[f"fetch {one.source.folder} of the starter again from the repository"] = None
        else:
            advice[f"install the package {one.source.name} again"] = None
    says = f"{len(bad)} of {len(verdicts)} parts are not sound"
    return Unavailable(f"weights of {model}", "; ".join([says, *advice]))
