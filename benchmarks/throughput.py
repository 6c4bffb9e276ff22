"""What a machine makes of each family: `python -m benchmarks.throughput`

Each scenario runs as the planner says, and by plain diffusers in the same process: a few steps
of denoising, of which the first is thrown away, then the decoder. Large families have the real
architecture with random weights (`--random-weights`), which cost what trained ones do. Ceilings
of products, attention and copies are measured beside them. Without a GPU, what needs one is
printed as "not measured". `--save` keeps the rows in results/, and in OURVIDZ_HOME the speeds that
the planner counts with from then on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
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
from benchmarks.paces import export_s_per_mpx, load, ours, plain
from benchmarks.provenance import RESULTS, add_saving, keep, provenance
from benchmarks.scenarios import SCENARIOS, Scenario
from ourvidz.domain.errors import OurVidzError
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
from ourvidz.settings import read_settings

_GIB, _TERA = 2**30, 1e12


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario; None where a figure can not be had. clip_s: denoising and decoding.

    roofline_fraction: of the speed at the measured ceilings; ceiling: the format of the products
    among them. vs_diffusers: our seconds of a forward in those of plain diffusers. not_measured:
    why, when there is no figure at all.
    """

    scenario: str
    placement: str = ""
    precision: str = ""
    seconds_per_forward: float | None = None
    tflops: float | None = None
    roofline_fraction: float | None = None
    ceiling: str = ""
    peak_vram_gib: float | None = None
    predicted_gib: float | None = None
    peak_ram_gib: float | None = None
    vs_diffusers: float | None = None
    decode_s: float | None = None
    clip_s: float | None = None
    watts: float | None = None
    joules_per_clip: float | None = None
    cost_per_clip: float | None = None
    not_measured: str = ""


@dataclass(frozen=True, kw_only=True)
class Options:
    """steps: of one run. per_hour: price of the machine, for the cost of a clip.

    precision, attention, compiled, tiled: instead of what the plan says; None leaves it. compared:
    with plain diffusers.
    """

    steps: int
    per_hour: float | None = None
    limit_bytes: int | None = None
    precision: Precision | None = None
    attention: str | None = None
    compiled: bool | None = None
    tiled: bool | None = None
    compared: bool = True

    @property
    def label(self) -> str:
        """What is not as the plan says, behind a scenario's name; "" for nothing.

        >>> Options(steps=2, precision="nf4", compiled=False).label
        ' [nf4, eager]'
        """
        words = [one for one in (self.precision, self.attention) if one]
        words += [{True: "compiled", False: "eager", None: ""}[self.compiled]]
        words += [{True: "tiles", False: "no tiles", None: ""}[self.tiled]]
        return f" [{', '.join(filter(None, words))}]" if any(words) else ""

    def applied(self, made: Plan) -> Plan:
        """The plan with what was asked for instead."""
        if self.attention:
            made = replace(made, attention=(self.attention,))
        if self.compiled is not None:
            made = replace(made, compile=self.compiled)
        if self.tiled is not None:
            made = replace(made, choices=replace(made.choices, vae_tiling=self.tiled))
        return made


def measure(
    scenario: Scenario, manager: ModelManager, options: Options
) -> tuple[Row, tuple[Rate, ...]]:
    """One scenario's row, and the speeds for the planner."""
    device = manager.device
    formats = (options.precision,) if options.precision else None
    made = plan(scenario.request, manager.machine, ability=scenario.ability, formats=formats)
    made = options.applied(made)
    forget_peak_ram()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    names = load(scenario, manager, made)
    manager.follow(made, names)
    with manager.job(), metered() as draw:
        paces = ours(scenario, manager, names, options.steps)
    vram = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    ram = peak_ram_bytes()
    dims = scenario.checkpoint.transformer
    dtype = manager.get(names["transformer"]).dtype
    precision = manager.format(names["transformer"])
    shape = (tokens(made.workload), dims.dim, dims.ffn_dim, dims.head_dim)
    ceilings = measure_ceilings(device, dtype, shape, precision)
    room = (options.limit_bytes or manager.memory_bytes) - HEADROOM_BYTES
    theirs = plain(scenario, manager, names, options.steps, room) if options.compared else None
    needs = forward_operations(dims, tokens(made.workload))
    clip_s = paces.forward_s * made.workload.forwards + paces.decode_s
    row = Row(
        scenario=scenario.name + options.label,
        placement=made.placement,
        precision=precision,
        seconds_per_forward=paces.forward_s,
        tflops=needs.total / paces.forward_s / _TERA,
        roofline_fraction=_least_s(ceilings, needs, made) / paces.forward_s,
        ceiling=ceilings.products,
        peak_vram_gib=None if vram is None else vram / _GIB,
        predicted_gib=_planned_bytes(made) / _GIB,
        peak_ram_gib=ram / _GIB,
        vs_diffusers=None if theirs is None else paces.forward_s / theirs,
        decode_s=paces.decode_s,
        clip_s=clip_s,
        watts=draw.watts,
        joules_per_clip=None if draw.watts is None else draw.watts * clip_s,
        cost_per_clip=None if options.per_hour is None else options.per_hour * clip_s / 3600,
    )
    work = made.workload
    seconds: dict[Stage, float] = {
        "encode": paces.encode_s,
        "denoise": paces.forward_s * work.forwards * work.num_videos,
        "decode": paces.decode_s,
    }
    return row, rates_of(made, seconds)


def _least_s(ceilings: Ceilings, needs: Operations, made: Plan) -> float:
    part = made.component("transformer")
    streamed = part.host_bytes if part.placement == "streamed" else 0
    copied = blocks_bytes(made.workload, streamed)
    return ceilings.seconds(needs.linear, needs.attention, copied)


def _planned_bytes(made: Plan) -> int:
    """Of the stages that run here; words are not encoded."""
    return max(one.peak_bytes for one in made.stages if one.stage != "encode")


def not_measured(scenario: Scenario, why: str, options: Options | None = None) -> Row:
    """A row without figures."""
    label = options.label if options else ""
    return Row(scenario=scenario.name + label, not_measured=why)


def run(
    scenarios: Sequence[Scenario], options: Options, *, random_weights: bool
) -> tuple[list[Row], Calibration]:
    """Every scenario that this machine can run; the rest with the reason why not."""
    manager = ModelManager(vram_limit_bytes=options.limit_bytes)
    has_gpu = manager.device.type == "cuda"
    rows: list[Row] = []
    rates: dict[tuple[object, ...], Rate] = {}
    for scenario in scenarios:
        if scenario.family.needs and not has_gpu:
            rows.append(not_measured(scenario, "needs a GPU", options))
        elif scenario.family.needs and not random_weights:
            rows.append(not_measured(scenario, "ask for it with --random-weights", options))
        else:
            try:
                row, found = measure(scenario, manager, options)
            except (OurVidzError, torch.OutOfMemoryError) as error:
                manager.evict()
                why = str(error).partition("\n")[0]
                row, found = not_measured(scenario, why, options), ()
            rows.append(row)
            rates |= {(r.work, r.precision, r.family, r.still): r for r in found}
        print(line(rows[-1]), flush=True)
    calibration = Calibration(
        machine=manager.device_name,
        rates=tuple(rates.values()),
        export_s_per_mpx=export_s_per_mpx(),
        facts=provenance(),
    )
    return rows, calibration


HEAD = (
    f"{'scenario':52}{'s/forward':>10}{'TFLOP/s':>9}{'roofline':>9}{'VRAM':>7}{'RAM':>7}"
    f"{'vs diffusers':>13}{'s/clip':>9}{'W':>6}{'cost':>8}  ceiling"
)


def line(row: Row) -> str:
    """The row for people."""
    if row.not_measured:
        return f"{row.scenario:52}  not measured: {row.not_measured}"

    def cell(value: float | None, width: int, digits: int) -> str:
        return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"

    return f"{row.scenario:52}" + "".join((
        cell(row.seconds_per_forward, 10, 3), cell(row.tflops, 9, 3),
        cell(row.roofline_fraction, 9, 2), cell(row.peak_vram_gib, 7, 1),
        cell(row.peak_ram_gib, 7, 1), cell(row.vs_diffusers, 13, 3), cell(row.clip_s, 9, 2),
        cell(row.watts, 6, 0), cell(row.cost_per_clip, 8, 4), f"  {row.ceiling}",
    ))  # fmt: skip


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput")
    parser.add_argument("--only", default="", metavar="WORDS", help="scenarios that hold them")
    parser.add_argument("--steps", type=int, default=4, help="of one run, at least 2")
    parser.add_argument("--random-weights", action="store_true", help="measure large families")
    parser.add_argument("--vram-limit-gb", type=float, metavar="GB", help="cap of this process")
    parser.add_argument("--per-hour", type=float, metavar="PRICE", help="of the machine")
    parser.add_argument("--format", choices=get_args(Precision), help="not as the plan says")
    parser.add_argument("--attention", metavar="NAME", help="one backend, not the plan's")
    parser.add_argument("--compile", choices=("yes", "no"), help="blocks, not as the plan says")
    parser.add_argument("--tiles", choices=("yes", "no"), help="of the VAE, not as the plan says")
    parser.add_argument("--alone", action="store_true", help="without plain diffusers beside it")
    parser.add_argument("--teach", action="store_true", help="keep the speeds, for the planner")
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
    )
    chosen = [one for one in SCENARIOS if f"{args.only} " in f"{one.name} "]
    print(HEAD)
    rows, calibration = run(chosen, options, random_weights=args.random_weights)
    result = {
        "rows": [asdict(row) for row in rows],
        "vram_limit_gb": args.vram_limit_gb,
        "per_hour": args.per_hour,
    } | provenance()
    if args.save:
        write_calibration(calibration, read_settings().speeds_path)
    if args.teach:
        Speeds(read_settings().speeds_path).learn(calibration)
    where = calibration.machine.lower().replace(" ", "-")
    keep(f"throughput-{where}", result, save=args.save, out=RESULTS)


if __name__ == "__main__":
    main()
