"""How long it takes: by speeds measured on this machine, else by published ones of such a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

from ourvidz.domain import catalog
from ourvidz.domain.family import Precision
from ourvidz.domain.progress import Stage
from ourvidz.pipeline.budget.calibration import FASTEST_TFLOPS, Calibration, Rate, Work
from ourvidz.pipeline.budget.machines import Machine
from ourvidz.pipeline.budget.memory import Needs, blocks_bytes
from ourvidz.pipeline.budget.plans import Calibrated, Choices, ComponentPlan, Plan, Workload
from ourvidz.pipeline.budget.work import decode_flops, denoise_flops, encode_flops

_TERA = 1e12
#: From this share of its time on, a transformer waited for its blocks rather than computed.
_WAITED = 0.9


@dataclass(frozen=True, kw_only=True)
class Published:
    """What others reported of a card.

    tflops: TFLOP/s of the transformer. rest_s: all that is not the transformer, for 81 frames of
    1280x720; 0 where `tflops` was computed from the whole. source: who measured what.
    """

    card: str
    precision: Precision
    tflops: float
    rest_s: float
    source: str


#: Computed from the published times and the operations of those clips; none measured by us.
PUBLISHED = (
    Published(
        card="RTX 4090", precision="fp8", tflops=248.8, rest_s=65.8,
        source="LightX2V, 14B from an image, 720p, 81 frames, fp8 and SageAttention 2, blocks "
        "streamed: 2169 s with 40 guided steps, 171 s with 4 distilled ones",
    ),
    Published(
        card="RTX 4090", precision="bf16", tflops=118.0, rest_s=0.0,
        source="the models' authors, 1.3B from text, 480p, 81 frames: about 240 s with 50 guided "
        "steps",
    ),
    Published(
        card="A100 80GB", precision="bf16", tflops=195.2, rest_s=0.0,
        source="the models' authors, 14B from text, 720p, 81 frames: 3343 s with 50 guided steps",
    ),
    Published(
        card="H100", precision="bf16", tflops=354.9, rest_s=0.0,
        source="the models' authors, 14B from text, 720p, 81 frames: 1838 s with 50 guided steps",
    ),
    Published(
        card="H200", precision="bf16", tflops=537.3, rest_s=0.0,
        source="LightX2V, the authors' code, 14B from an image, 720p, 81 frames: 974 s with 40 "
        "guided steps",
    ),
    Published(
        card="H200", precision="fp8", tflops=793.0, rest_s=11.0,
        source="LightX2V, 14B from an image, 720p, 81 frames, fp8 and SageAttention 2: 671 s "
        "with 40 guided steps, 44 s with 4 distilled ones",
    ),
)  # fmt: skip
_PUBLISHED_PX = 1280 * 720 * 81


class Times(NamedTuple):
    """Seconds by stage (those that are known), of the whole job, and where they come from."""

    by_stage: Mapping[Stage, float]
    whole: float | None
    calibrated: Calibrated | None
    source: str


def times(workload: Workload, choices: Choices, need: Needs, machine: Machine) -> Times:
    """What is known about the time of a job with its models loaded."""
    if machine.calibration is not None:
        found = _measured(workload, choices, need, machine, machine.calibration)
        if found is not None:
            return found
    # A small network keeps a card far less busy than those that were measured.
    published = PUBLISHED if catalog.family(workload.family).needs else ()
    for one in published:
        known = (one.card, one.precision) == (machine.name, choices.precision)
        if known and workload.num_frames > 1:
            return _published(workload, choices, need, machine, one)
    return Times({}, None, None, f"nobody measured {choices.precision} on {machine.name} yet")


def _measured(
    workload: Workload, choices: Choices, need: Needs, machine: Machine, here: Calibration
) -> Times | None:
    def rate(work: Work) -> float | None:
        precision = _format(work, need.components)
        still = workload.num_frames == 1
        return here.tflops(work, precision, workload.family, still=still)

    denoise, decode = rate("denoise"), rate("decode")
    if denoise is None or decode is None:
        return None
    by_stage: dict[Stage, float] = {
        "denoise": denoise_seconds(workload, choices, need, machine, denoise),
        "decode": decode_flops(workload, tiled=choices.vae_tiling) / decode / _TERA,
    }
    if encode := rate("encode"):
        by_stage["encode"] = encode_flops(workload) / encode / _TERA
    if here.export_s_per_mpx is not None:
        by_stage["export"] = here.export_s_per_mpx * delivered_px(workload) / 1e6
    source = f"measured on {here.machine}, {here.facts.get('date', 'undated')}"
    return Times(by_stage, sum(by_stage.values()), "measured here", source)


def rates_of(made: Plan, seconds: Mapping[Stage, float]) -> tuple[Rate, ...]:
    """What `times` counts with, of a run by the plan `made` whose stages took `seconds`.

    Nothing of stages that computed nothing, or that only waited for weights to be copied.
    """
    work = made.workload
    operations: dict[Work, float] = {
        "encode": encode_flops(work),
        "denoise": denoise_flops(work),
        "decode": decode_flops(work, tiled=made.vae_tiling),
    }
    least_s = {stage: operations[stage] / FASTEST_TFLOPS / _TERA for stage in get_args(Work)}
    copies = _copy_seconds(work, made.choices, made.components, made.machine)
    least_s["denoise"] = max(least_s["denoise"], copies / _WAITED)
    return tuple(
        Rate(
            work=stage,
            precision=_format(stage, made.components),
            tflops=count / seconds[stage] / _TERA,
            family=work.family,
            still=work.num_frames == 1,
        )
        for stage, count in operations.items()
        if count and seconds.get(stage, 0.0) > least_s[stage]
    )


def _format(work: Work, components: Sequence[ComponentPlan]) -> Precision:
    """The format of the component that does most of the work."""
    name = "transformer" if work == "denoise" else "vae"
    return next(part.precision for part in components if part.name == name)


def _published(
    workload: Workload, choices: Choices, need: Needs, machine: Machine, one: Published
) -> Times:
    denoise = denoise_seconds(workload, choices, need, machine, one.tflops)
    px = workload.width * workload.height * workload.num_frames * workload.num_videos
    rest = one.rest_s * px / _PUBLISHED_PX
    return Times(
        {"denoise": denoise}, denoise + rest, "published", f"not measured here; {one.source}"
    )


def denoise_seconds(
    workload: Workload, choices: Choices, need: Needs, machine: Machine, tflops: float
) -> float:
    """All passes: blocks that are streamed come while others run, so the slower one counts."""
    copies = _copy_seconds(workload, choices, need.components, machine)
    return max(denoise_flops(workload) / tflops / _TERA, copies)


def _copy_seconds(
    workload: Workload, choices: Choices, components: Sequence[ComponentPlan], machine: Machine
) -> float:
    """Of the blocks that are streamed, in all passes, and once of what stays between them."""
    batches = -(-workload.num_videos // choices.batch)
    whole = sum(
        part.host_bytes
        for part in components
        if part.name == "transformer" and part.placement == "streamed"
    )
    blocks = blocks_bytes(workload, whole)
    copied = batches * (workload.forwards * blocks + whole - blocks)
    return copied / (machine.pcie_gbps * 1e9)


def delivered_px(workload: Workload) -> int:
    """Pixels of all frames in the file."""
    family = catalog.family(workload.family)
    width, height = family.delivered_size(workload.width, workload.height)
    return width * height * workload.num_frames * workload.num_videos
