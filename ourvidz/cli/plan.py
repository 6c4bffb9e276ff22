"""`ourvidz plan`: what fits where, how it would lie in memory, and how long it would take."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from ourvidz.cli.asked import GIB, USUAL_RAM_GIB, check, machine_of, request_of
from ourvidz.cli.screen import Screen, aligned, as_bytes
from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import IN_FILES, MADE_HERE, Precision
from ourvidz.domain.request import Profile
from ourvidz.pipeline.budget import (
    MACHINES,
    Machine,
    Plan,
    machine_named,
    profile_costs,
)
from ourvidz.pipeline.budget import plan as make_plan
from ourvidz.pipeline.budget.words import frames

#: What people ask a card about when they name no model.
_FOR_CARDS = "wan2.1-14b"


def plan(args: Namespace, screen: Screen) -> None:
    """Say what of a model fits on a machine, how it would lie there, and how long it takes."""
    check(args)
    named = args.gpu is not None or args.vram is not None
    args.model = args.model or (_FOR_CARDS if named else next(iter(catalog.FAMILIES)))
    if args.matrix:
        _show_matrix(args, screen)
        return
    request, machine = request_of(args), machine_of(args)
    made = make_plan(request, machine, formats=_formats(args))
    _check_host(made)
    costs = profile_costs(request, machine, _formats(args))
    parts: list[Any] = [aligned(*_rows(made).items()), "", aligned(*_stages(made)), ""]
    parts.append(aligned(("profile", "passes", "petaflop", "time"), *(
        (cost.profile, str(cost.forwards), f"{cost.petaflops:.3g}", _time(cost.seconds))
        for cost in costs
    )))  # fmt: skip
    if made.ladder:
        parts += ["", "if memory runs out after all:", aligned(*_ladder(made))]
    if args.explain:
        parts += ["", *(f"- {reason}" for reason in made.reasons)]
    screen.show(document(made) | {"profiles": [asdict(cost) for cost in costs]}, *parts)


def plan_options(verb: ArgumentParser) -> None:
    """What can be typed."""
    families = list(catalog.FAMILIES)
    formats = ("bf16", *MADE_HERE, *IN_FILES)
    verb.add_argument(
        "--model",
        help=f"{', '.join(families)} (default: {families[0]}; with a card named {_FOR_CARDS})",
    )
    verb.add_argument("--profile", choices=get_args(Profile), default="balanced")
    verb.add_argument("--size", metavar="SIZE", help="720p, 480p or WIDTHxHEIGHT in px")
    verb.add_argument("--width", type=int, metavar="PX", help="size that the model samples at")
    verb.add_argument("--height", type=int, metavar="PX")
    verb.add_argument("--frames", type=int, default=80, metavar="N", help="frames delivered")
    verb.add_argument("--from-image", action="store_true", help="a picture is the first frame")
    quantization_option(verb, formats)
    verb.add_argument("--gpu", metavar="NAME", help="a card, such as 'RTX 4090' (default: none)")
    verb.add_argument("--vram", type=float, metavar="GB", help="memory of the card")
    verb.add_argument("--ram", type=float, metavar="GB", help="memory of the host")
    verb.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="speeds measured there (default: this machine's, where there are any)",
    )
    verb.add_argument("--explain", action="store_true", help="say why, sentence by sentence")
    verb.add_argument("--matrix", action="store_true", help="all cards and all models at once")


def quantization_option(verb: ArgumentParser, formats: Sequence[Precision]) -> None:
    """How the transformer is held, where the user wants to choose."""
    verb.add_argument(
        "--quantization",
        choices=formats,
        help="format of the transformer (default: what suits the card and the profile)",
    )


def document(made: Plan) -> dict[str, Any]:
    """A plan for machines: everything that is in it, sizes in bytes and the peak in GiB too."""
    return {
        **asdict(made.workload),
        "device": made.device,
        "peak_gib": round(made.peak_bytes / GIB, 3),
        "placement": made.placement,
        "quantization": made.quantization,
        **{key: value for key, value in asdict(made).items() if key != "workload"},
    }


def _formats(args: Namespace) -> tuple[Precision, ...] | None:
    return (args.quantization,) if args.quantization else None


def _check_host(made: Plan) -> None:
    has = made.machine.ram_bytes
    if made.device == "cpu" and has is not None and made.peak_bytes > has:
        raise InvalidRequest(
            "ram",
            f"{made.workload.family} needs up to {as_bytes(made.peak_bytes)} on a CPU and "
            f"{as_bytes(has)} are there; choose fewer frames, a smaller size or a larger machine",
        )


def _rows(made: Plan) -> dict[str, str]:
    work, machine = made.workload, made.machine
    rows = {
        "model": f"{work.family}, {work.ability}, {work.profile}",
        "machine": _described(machine),
        "size": f"{work.width}x{work.height}, {frames(work.num_frames)}",
    }
    for part in made.components:
        if part.name != "tokenizer":
            lies = as_bytes(max(part.device_bytes, part.host_bytes))
            rows[part.name.replace("_", " ")] = f"{part.precision}, {part.placement}, {lies}"
    if made.vae_tiling:
        rows["vae"] += ", by tiles"
    if made.interleaved:
        rows["transformer"] += ", control blocks interleaved"
    rows["weights"] = as_bytes(made.weights_bytes)
    rows["peak memory"] = f"at most {as_bytes(made.peak_bytes)}"
    if made.device == "cuda":
        rows["peak memory"] += f", and {as_bytes(made.headroom_bytes)} for the driver"
        rows["host memory"] = as_bytes(made.host_bytes)
        rows["attention"] = ", else ".join(made.attention)
    return rows | {"time": f"{_time(made.seconds)}{_how_known(made)}"}


def _described(machine: Machine) -> str:
    ram = f", host {as_bytes(machine.ram_bytes)}" if machine.ram_bytes else ""
    card = f", {as_bytes(machine.vram_bytes)}" if machine.vram_bytes else ""
    return f"{machine.name}{card}{ram}"


def _stages(made: Plan) -> Iterator[tuple[str, ...]]:
    yield ("stage", "peak memory", "time")
    for one in made.stages:
        yield (one.stage, as_bytes(one.peak_bytes), _time(one.seconds))


def _ladder(made: Plan) -> Iterator[tuple[str, ...]]:
    for number, rung in enumerate(made.ladder, start=1):
        yield (f"{number}.", rung.reason, f"peak {as_bytes(rung.peak_bytes)}")


def _time(seconds: float | None) -> str:
    """Seconds as people say them.

    >>> _time(None), _time(8.4), _time(171.2), _time(5528)
    ('not measured', '8.4 s', '2 min 51 s', '1 h 32 min')
    """
    if seconds is None:
        return "not measured"
    if seconds < 60:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _how_known(made: Plan) -> str:
    return {
        "measured here": ", measured here",
        "published": ", from published figures, not measured here",
        None: "",
    }[made.calibrated]


def _show_matrix(args: Namespace, screen: Screen) -> None:
    """All cards of the table by all models that need one, in the chosen profile."""
    ram = round((args.ram or USUAL_RAM_GIB) * GIB)
    models = [family.name for family in catalog.FAMILIES.values() if family.needs]
    rows: list[dict[str, Any]] = []
    lines: list[tuple[str, ...]] = []
    for name in MACHINES:
        machine = machine_named(name, ram_bytes=ram)
        cells = [_cell(args, model, machine) for model in models]
        rows += cells
        lines.append((name, *(cell["says"] for cell in cells)))
    screen.show(
        {"matrix": rows},
        aligned(("card", *models), *lines),
        "",
        f"{args.profile}, {frames(args.frames)} at each model's own size, hosts with "
        f"{ram / GIB:g} GiB: format, placement, peak memory, time (published, not measured here)",
    )


def _cell(args: Namespace, model: str, machine: Machine) -> dict[str, Any]:
    cell: dict[str, Any] = {"gpu": machine.name, "model": model}
    request = replace(request_of(args), model=model, width=None, height=None)
    try:
        try:
            made = make_plan(request, machine, formats=_formats(args))
        except InvalidRequest as error:
            if error.field != "profile":
                raise
            made = make_plan(request.replace(profile="balanced"), machine, formats=_formats(args))
    except InvalidRequest as error:
        return cell | {"fits": False, "says": "-", "advice": error.reason}
    peak = f"{made.peak_bytes / GIB:.0f} GiB"
    says = [made.quantization, made.placement, peak]
    if made.seconds is not None:
        says.append(_time(made.seconds))
    return cell | {
        "fits": True,
        "quantization": made.quantization,
        "placement": made.placement,
        "peak_gib": round(made.peak_bytes / GIB, 3),
        "seconds": made.seconds,
        "calibrated": made.calibrated,
        "says": ", ".join(says),
    }
