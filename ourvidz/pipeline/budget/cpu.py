"""The plan on a CPU, where everything lies in one memory.

The constants are one eighth above what `benchmarks/memory.py` measured, whose result a test holds
against them.
"""

from __future__ import annotations

from dataclasses import replace

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import BITS, Precision
from ourvidz.domain.progress import Stage
from ourvidz.pipeline.budget import words
from ourvidz.pipeline.budget.machines import Machine
from ourvidz.pipeline.budget.memory import Needs
from ourvidz.pipeline.budget.plans import Change, Choices, ComponentPlan, Plan, StagePlan, Workload
from ourvidz.pipeline.budget.seconds import delivered_px, times
from ourvidz.pipeline.budget.work import checkpoint_of, tokens

_MIB = 2**20
#: Python with all libraries imported and at work.
_PROCESS_BYTES = 550 * _MIB
#: The enhancer beside its weights: its own sentence model and what it computes with.
_ENHANCING_BYTES = 180 * _MIB
#: Of one token while denoising, and of decoding one latent frame, for each pixel. In bf16 the
#: convolutions need no unfolded copies.
_DENOISE_BYTES_PER_TOKEN = {"fp32": 15_000, "bf16": 7_500}
_DECODE_BYTES_PER_PX = {"fp32": 2_100, "bf16": 400}
#: Scaling and encoding a clip: what H.264 needs at once, and each delivered pixel it looks ahead.
_EXPORT_BYTES = 100 * _MIB
_EXPORT_BYTES_PER_PX = 3.1


def plan(work: Workload, machine: Machine) -> Plan:
    """Everything in memory, in bf16 where that is known to be fast, else in fp32.

    Raises InvalidRequest for families that need a card.
    """
    family = catalog.family(work.family)
    if family.needs:
        raise InvalidRequest(
            "model",
            f"{family.name} needs {family.needs}; name one with --gpu, or plan 'starter'",
        )
    precision: Precision = "bf16" if machine.fast_bf16 else "fp32"
    choices = Choices(precision=precision, text_precision=precision, batch=work.num_videos)
    return _planned(work, machine, choices, ())


def lowered(made: Plan) -> Plan | None:
    """One rung down: pictures one by one, then the VAE by tiles; None when both are done."""
    choices, change = made.choices, None
    if choices.batch > 1:
        choices, change = replace(choices, batch=1), "one_by_one"
    elif not choices.vae_tiling:
        choices, change = replace(choices, vae_tiling=True), "tile_vae"
    if change is None:
        return None
    return _planned(made.workload, made.machine, choices, (*made.changes, change))


def _planned(
    work: Workload, machine: Machine, choices: Choices, changes: tuple[Change, ...]
) -> Plan:
    precision = choices.precision
    weights_bytes = _weights_bytes(work, precision)
    held = _PROCESS_BYTES + weights_bytes + (_ENHANCING_BYTES if work.enhanced else 0)
    denoise = choices.batch * tokens(work) * _DENOISE_BYTES_PER_TOKEN[precision]
    decode = work.width * work.height * _DECODE_BYTES_PER_PX[precision]
    export = decode
    if work.num_frames > 1:
        export += _EXPORT_BYTES + round(delivered_px(work) * _EXPORT_BYTES_PER_PX)
    parts = _components(work, precision)
    need = Needs(
        components=parts,
        encode_bytes=held + denoise,
        denoise_bytes=held + denoise,
        decode_bytes=held + decode,
        working_bytes=max(denoise, export),
    )
    time = times(work, choices, need, machine)
    peaks: dict[Stage, int] = {
        "encode": need.encode_bytes, "denoise": need.denoise_bytes,
        "decode": need.decode_bytes, "export": held + export,
    }  # fmt: skip
    made = Plan(
        workload=work,
        machine=machine,
        formats=(precision,),
        choices=choices,
        changes=changes,
        components=parts,
        attention=("native",),
        compile=False,
        cache=None,
        stages=tuple(
            StagePlan(stage=stage, peak_bytes=peak, seconds=time.by_stage.get(stage))
            for stage, peak in peaks.items()
        ),
        weights_bytes=weights_bytes,
        working_bytes=need.working_bytes,
        peak_bytes=max(peaks.values()),
        headroom_bytes=0,
        host_bytes=0,
        seconds=time.whole,
        calibrated=time.calibrated,
    )
    return replace(made, reasons=words.reasons(made, time.source))


def _components(work: Workload, precision: Precision) -> tuple[ComponentPlan, ...]:
    return tuple(
        ComponentPlan(
            name=part.name,
            precision=precision,
            placement="resident",
            device_bytes=part.weights_bytes(precision),
            host_bytes=0,
        )
        for part in checkpoint_of(work).components
    )


def _weights_bytes(work: Workload, precision: Precision) -> int:
    """The checkpoint's components, and the enhancer where it is still there."""
    small = catalog.ENHANCERS["smollm2-135m"]
    parts = checkpoint_of(work).components
    weights = sum(part.weights_bytes(precision) for part in parts)
    return weights + (small.parameters * int(BITS[precision]) // 8 if work.enhanced else 0)
