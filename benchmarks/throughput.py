"""What a machine makes of each family: `python -m benchmarks.throughput`

Each scenario runs as the planner says, and by plain diffusers in the same process: a few steps
of denoising, of which the first is thrown away, then the decoder. Large families have the real
architecture with random weights (`--random-weights`), which cost what trained ones do. Ceilings
of products, attention and copies are measured beside them. Without a GPU, what needs one is
printed as "not measured"; what fails keeps the figures that it had. `--save` keeps the rows in
results/, and in OURVIDZ_HOME the speeds that the planner counts with from then on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import get_args

import torch

from benchmarks.ceilings import (
    Ceilings,
    forget_peak_ram,
    measure_ceilings,
    metered,
    peak_ram_bytes,
)
from benchmarks.paces import Paces, export_s_per_mpx, load, ours, plain
from benchmarks.provenance import RESULTS, add_saving, keep, provenance
from benchmarks.rows import HEAD, Options, Row, line, not_measured
from benchmarks.scenarios import SCENARIOS, Scenario
from ourvidz.domain.errors import OurVidzError, Unavailable
from ourvidz.domain.family import Precision
from ourvidz.domain.progress import Stage
from ourvidz.pipeline import ModelManager
from ourvidz.pipeline.budget import (
    HEADROOM_BYTES,
    Calibration,
    Plan,
    Rate,
    Speeds,
    plan,
    rates_of,
    write_calibration,
)
from ourvidz.pipeline.budget.memory import blocks_bytes
from ourvidz.pipeline.budget.work import Operations, forward_operations, tokens

_GIB, _TERA = 2**30, 1e12


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of a scenario so far: its row, and the speeds for the planner."""

    row: Row
    rates: tuple[Rate, ...] = ()


def measure(scenario: Scenario, manager: ModelManager, options: Options) -> Iterator[Found]:
    """What one scenario gives, again whenever more is known: what fails takes only the rest."""
    device = manager.device
    formats = (options.precision,) if options.precision else None
    made = plan(scenario.request, manager.machine, ability=scenario.ability, formats=formats)
    made = options.applied(made)
    if device.type == "cuda":
        torch.compiler.reset()  # one scenario's sizes must not make the next one's code general
    forget_peak_ram()
    names = load(scenario, manager, made)
    manager.follow(made, names)
    found = None
    with manager.job(), metered() as meter:
        for paces in ours(scenario, manager, names, options.steps, meter.mark):
            if options.attention and paces.attention != options.attention:
                raise Unavailable(f"attention by {options.attention}", "it does not run here")
            precision = manager.format(names["transformer"])
            row = _row(scenario, made, paces, options, precision)
            found = Found(row=row, rates=_rates(made, paces))
            yield found
            if options.passes_only:
                break
    if found is None or options.passes_only:
        return
    found = replace(found, row=_with_power(found.row, meter.watts))
    yield found
    needs = forward_operations(scenario.checkpoint.transformer, tokens(made.workload))
    ceilings = _ceilings(scenario, manager, made, manager.get(names["transformer"]).dtype, found)
    share = _least_s(ceilings, needs, made) / (found.row.seconds_per_forward or 1)
    row = replace(found.row, roofline_fraction=share, ceiling=ceilings.products)
    found = replace(found, row=row)
    yield found
    if options.compared:
        room = (options.limit_bytes or manager.memory_bytes) - HEADROOM_BYTES
        theirs = plain(scenario, manager, names, options.steps, room)
        row = replace(found.row, vs_diffusers=(found.row.seconds_per_forward or 0) / theirs)
        yield replace(found, row=row)


def _row(scenario: Scenario, made: Plan, paces: Paces, options: Options, precision: str) -> Row:
    work = made.workload
    needs = forward_operations(scenario.checkpoint.transformer, tokens(work))
    clip_s = None
    if paces.decode_s is not None:
        clip_s = paces.forward_s * work.forwards + paces.decode_s
    peaks = [one for one in (paces.denoise_bytes, paces.decode_bytes) if one is not None]
    return Row(
        scenario=scenario.name + options.label,
        placement=made.placement,
        precision=precision,
        attention=paces.attention,
        compiled=paces.compiled,
        seconds_per_forward=paces.forward_s,
        tflops=needs.total / paces.forward_s / _TERA,
        peak_vram_gib=max(peaks) / _GIB if peaks else None,
        denoise_gib=_gib(paces.denoise_bytes),
        decode_gib=_gib(paces.decode_bytes),
        predicted_gib=_planned_bytes(made, decoded=paces.decode_s is not None) / _GIB,
        peak_ram_gib=peak_ram_bytes() / _GIB,
        encode_s=paces.encode_s,
        decode_s=paces.decode_s,
        clip_s=clip_s,
        cost_per_clip=clip_s and options.per_hour and options.per_hour * clip_s / 3600,
    )


def _gib(count: int | None) -> float | None:
    return None if count is None else count / _GIB


def _with_power(row: Row, watts: float | None) -> Row:
    return replace(row, watts=watts, joules_per_clip=watts and row.clip_s and watts * row.clip_s)


def _rates(made: Plan, paces: Paces) -> tuple[Rate, ...]:
    work = made.workload
    seconds: dict[Stage, float] = {
        "encode": paces.encode_s,
        "denoise": paces.forward_s * work.forwards * work.num_videos,
        "decode": paces.decode_s or 0.0,
    }
    return rates_of(made, seconds)


def _ceilings(
    scenario: Scenario, manager: ModelManager, made: Plan, dtype: torch.dtype, found: Found
) -> Ceilings:
    dims = scenario.checkpoint.transformer
    shape = (tokens(made.workload), dims.dim, dims.ffn_dim, dims.head_dim)
    return measure_ceilings(manager.device, dtype, shape, found.row.precision)


def _least_s(ceilings: Ceilings, needs: Operations, made: Plan) -> float:
    part = made.component("transformer")
    streamed = part.host_bytes if part.placement == "streamed" else 0
    copied = blocks_bytes(made.workload, streamed)
    return ceilings.seconds(needs.linear, needs.attention, copied)


def _planned_bytes(made: Plan, *, decoded: bool) -> int:
    """Of the stages that ran here; words are not encoded."""
    ran = ("denoise", "decode") if decoded else ("denoise",)
    return max(one.peak_bytes for one in made.stages if one.stage in ran)


def run(
    scenarios: Sequence[Scenario], options: Sequence[Options], *, random_weights: bool, told: bool
) -> tuple[list[Row], list[Rate]]:
    """Every scenario that this machine can run by each of the options; the rest with the reason
    why not. told: all rows as a JSON line whenever one has grown.
    """
    manager = ModelManager(vram_limit_bytes=options[0].limit_bytes)
    has_gpu = manager.device.type == "cuda"
    rows: list[Row] = []
    rates: list[Rate] = []
    for scenario, chosen in ((one, each) for one in scenarios for each in options):
        if scenario.family.needs and not has_gpu:
            found = Found(row=not_measured(scenario, "needs a GPU", chosen))
        elif scenario.family.needs and not random_weights:
            why = "ask for it with --random-weights"
            found = Found(row=not_measured(scenario, why, chosen))
        else:
            found = Found(row=not_measured(scenario, "was stopped", chosen))
            try:
                for found in measure(scenario, manager, chosen):
                    if told:
                        print(json.dumps({"rows": [*map(asdict, [*rows, found.row])]}), flush=True)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next row may be well
                found = replace(found, row=_failed(found.row, error))
                with suppress(RuntimeError):  # of a card that is gone
                    manager.evict()
        rows.append(found.row)
        if chosen.is_planned:  # the planner's speeds are those of its own ways
            rates += found.rates
        print(line(rows[-1]), flush=True)
    return rows, rates


def _failed(row: Row, error: Exception) -> Row:
    why = f"{type(error).__name__}: {error}".partition("\n")[0]
    if row.seconds_per_forward is None:
        return replace(row, not_measured=why)
    return replace(row, incomplete=why)


def calibrated(rates: Sequence[Rate], machine: str) -> Calibration:
    """The speeds of a machine, with that of scaling and encoding where that can be done."""
    kinds = {(one.work, one.precision, one.family, one.still): one for one in rates}
    export = None
    with suppress(ImportError):  # what draws and encodes may be missing where a card is lent
        export = export_s_per_mpx()
    return Calibration(
        machine=machine,
        rates=tuple(kinds.values()),
        export_s_per_mpx=export,
        facts=provenance(),
    )


def _kept(rates: Sequence[Rate], machine: str, *, anew: bool) -> None:
    """The speeds where the planner finds them: learnt, or in place of all that was known."""
    from ourvidz.settings import read_settings  # its library may be missing, too

    path, run = read_settings().speeds_path, calibrated(rates, machine)
    if anew:
        write_calibration(run, path)
    else:
        Speeds(path).learn(run)


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput")
    parser.add_argument("--only", action="append", metavar="WORDS", help="scenarios that hold them")
    parser.add_argument("--steps", type=int, default=4, help="of one run, at least 2")
    parser.add_argument("--random-weights", action="store_true", help="measure large families")
    parser.add_argument("--vram-limit-gb", type=float, metavar="GB", help="cap of this process")
    parser.add_argument("--per-hour", type=float, metavar="PRICE", help="of the machine")
    parser.add_argument("--format", choices=get_args(Precision), help="not as the plan says")
    parser.add_argument("--attention", metavar="NAME", help="one backend, not the plan's")
    parser.add_argument("--compile", choices=("yes", "no"), help="blocks, not as the plan says")
    parser.add_argument("--tiles", choices=("yes", "no"), help="of the VAE, not as the plan says")
    parser.add_argument("--levers", action="store_true", help="each of them beside the plan's way")
    parser.add_argument("--alone", action="store_true", help="without plain diffusers beside it")
    parser.add_argument("--passes", action="store_true", help="only them: no decoder, no ceilings")
    parser.add_argument("--teach", action="store_true", help="keep the speeds, for the planner")
    parser.add_argument("--tell", action="store_true", help="rows as JSON lines while they grow")
    add_saving(parser, note=False)
    args = parser.parse_args()
    on = {"yes": True, "no": False, None: None}
    limit = round(args.vram_limit_gb * _GIB) if args.vram_limit_gb else None
    options = Options(
        steps=max(2, args.steps),
        per_hour=args.per_hour,
        limit_bytes=limit,
        precision=args.format,
        attention=args.attention,
        compiled=on[args.compile],
        tiled=on[args.tiles],
        compared=not args.alone,
        passes_only=args.passes,
    )
    chosen = [
        one for words in args.only or [""] for one in SCENARIOS if f"{words} " in f"{one.name} "
    ]
    if not chosen:
        names = "\n".join(one.name for one in SCENARIOS)
        parser.error(f"no scenario holds {' or '.join(args.only)}; there are\n{names}")
    print(HEAD)
    ways = options.levers() if args.levers else (options,)
    rows, rates = run(chosen, ways, random_weights=args.random_weights, told=args.tell)
    result = {
        "rows": [asdict(row) for row in rows],
        "vram_limit_gb": args.vram_limit_gb,
        "per_hour": args.per_hour,
    } | provenance()
    machine = ModelManager().device_name
    if args.save or args.teach:
        try:
            _kept(rates, machine, anew=args.save)
        except (ImportError, OSError, OurVidzError) as error:
            print(f"The speeds are not kept: {error}")
    where = machine.lower().replace(" ", "-")
    keep(f"throughput-{where}", result, save=args.save, out=RESULTS)


if __name__ == "__main__":
    main()
