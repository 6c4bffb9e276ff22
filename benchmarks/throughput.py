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
from dataclasses import asdict, dataclass

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
from ourvidz.domain.progress import Stage
from ourvidz.pipeline import ModelManager
from ourvidz.pipeline.budget import (
    HEADROOM_BYTES,
    Calibration,
    Plan,
    Rate,
    plan,
    rates_of,
    write_calibration,
)
from ourvidz.pipeline.budget.work import Operations, forward_operations, tokens
from ourvidz.settings import read_settings

_GIB, _TERA = 2**30, 1e12


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario; None where a figure can not be had. clip_s: denoising and decoding.

    roofline_fraction: of the speed at the measured ceilings. vs_diffusers: our seconds of a
    forward in those of plain diffusers. not_measured: why, when there is no figure at all.
    """

    scenario: str
    placement: str = ""
    precision: str = ""
    seconds_per_forward: float | None = None
    tflops: float | None = None
    roofline_fraction: float | None = None
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
    """steps: of one run. per_hour: price of the machine, for the cost of a clip."""

    steps: int
    per_hour: float | None
    limit_bytes: int | None


def measure(
    scenario: Scenario, manager: ModelManager, options: Options
) -> tuple[Row, tuple[Rate, ...]]:
    """One scenario's row, and the speeds for the planner."""
    device = manager.device
    made = plan(scenario.request, manager.machine, ability=scenario.ability)
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
    dtype = next(manager.get(names["transformer"]).parameters()).dtype
    precision = manager.format(names["transformer"])
    shape = (tokens(made.workload), dims.dim, dims.ffn_dim, dims.head_dim)
    ceilings = measure_ceilings(device, dtype, shape)
    room = (options.limit_bytes or manager.memory_bytes) - HEADROOM_BYTES
    theirs = plain(scenario, manager, names, options.steps, room)
    needs = forward_operations(dims, tokens(made.workload))
    clip_s = paces.forward_s * made.workload.forwards + paces.decode_s
    row = Row(
        scenario=scenario.name,
        placement=made.placement,
        precision=precision,
        seconds_per_forward=paces.forward_s,
        tflops=needs.total / paces.forward_s / _TERA,
        roofline_fraction=_least_s(ceilings, needs, made) / paces.forward_s,
        peak_vram_gib=None if vram is None else vram / _GIB,
        predicted_gib=made.peak_bytes / _GIB,
        peak_ram_gib=ram / _GIB,
        vs_diffusers=paces.forward_s / theirs,
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
    return ceilings.seconds(needs.linear, needs.attention, streamed)


def not_measured(scenario: Scenario, why: str) -> Row:
    """A row without figures."""
    return Row(scenario=scenario.name, not_measured=why)


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
            rows.append(not_measured(scenario, "needs a GPU"))
        elif scenario.family.needs and not random_weights:
            rows.append(not_measured(scenario, "ask for it with --random-weights"))
        else:
            try:
                row, found = measure(scenario, manager, options)
            except (OurVidzError, torch.OutOfMemoryError) as error:
                manager.evict()
                row, found = not_measured(scenario, str(error).partition("\n")[0]), ()
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
    f"{'vs diffusers':>13}{'s/clip':>9}{'W':>6}{'cost':>8}"
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
        cell(row.watts, 6, 0), cell(row.cost_per_clip, 8, 4),
    ))  # fmt: skip


def main() -> None:
    """Measure, print a table, keep the result, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput")
    parser.add_argument("--only", default="", metavar="WORDS", help="scenarios that hold them")
    parser.add_argument("--steps", type=int, default=4, help="of one run, at least 2")
    parser.add_argument("--random-weights", action="store_true", help="measure large families")
    parser.add_argument("--vram-limit-gb", type=float, metavar="GB", help="cap of this process")
    parser.add_argument("--per-hour", type=float, metavar="PRICE", help="of the machine")
    add_saving(parser, note=False)
    args = parser.parse_args()
    limit = round(args.vram_limit_gb * _GIB) if args.vram_limit_gb else None
    options = Options(steps=max(2, args.steps), per_hour=args.per_hour, limit_bytes=limit)
    chosen = [one for one in SCENARIOS if args.only in one.name]
    print(HEAD)
    rows, calibration = run(chosen, options, random_weights=args.random_weights)
    result = {
        "rows": [asdict(row) for row in rows],
        "vram_limit_gb": args.vram_limit_gb,
        "per_hour": args.per_hour,
    } | provenance()
    if args.save:
        write_calibration(calibration, read_settings().speeds_path)
    where = calibration.machine.lower().replace(" ", "-")
    keep(f"throughput-{where}", result, save=args.save, out=RESULTS)


if __name__ == "__main__":
    main()
