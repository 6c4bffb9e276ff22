"""The plan on a CPU, where everything lies in one memory.

The constants are upper bounds of peaks that `benchmarks/memory.py` measured.
"""

from __future__ import annotations

from dataclasses import replace

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.budget import words
from ourvidz.pipeline.budget.machines import Machine
from ourvidz.pipeline.budget.memory import Needs
from ourvidz.pipeline.budget.plans import Choices, ComponentPlan, Plan, StagePlan, Workload
from ourvidz.pipeline.budget.seconds import times
from ourvidz.pipeline.budget.work import checkpoint_of

_MIB = 2**20
#: Python with all libraries imported, and the enhancer's own MiniLM.
_PROCESS_BYTES = 600 * _MIB
#: Scaling to 1280x720 and encoding H.264.
_EXPORT_BYTES = 250 * _MIB
#: Of decoding one latent frame, for each pixel; and of denoising, for each pixel of each frame.
_DECODE_BYTES_PER_PX = 1_500
_DENOISE_BYTES_PER_PX = 20


def plan(work: Workload, machine: Machine) -> Plan:
    """Everything in memory, in fp32 as a CPU without fast bf16 holds it.

    Raises InvalidRequest for families that need a card.
    """
    family = catalog.family(work.family)
    if family.needs:
        raise InvalidRequest(
            "model",
            f"{family.name} needs {family.needs}; name one with --gpu, or plan 'starter'",
        )
    choices = Choices(precision="fp32", text_precision="fp32", batch=work.num_videos)
    parts = tuple(
        ComponentPlan(
            name=part.name,
            precision="fp32",
            placement="resident",
            device_bytes=part.weights_bytes("fp32"),
            host_bytes=0,
        )
        for part in checkpoint_of(work).components
    )
    px = work.width * work.height
    weights_bytes = _weights_bytes(work)
    working_bytes = _EXPORT_BYTES + px * (
        _DECODE_BYTES_PER_PX + _DENOISE_BYTES_PER_PX * work.num_frames * work.num_videos
    )
    peak_bytes = _PROCESS_BYTES + weights_bytes + working_bytes
    need = Needs(
        components=parts,
        encode_bytes=peak_bytes,
        denoise_bytes=peak_bytes,
        decode_bytes=peak_bytes,
        working_bytes=working_bytes,
    )
    time = times(work, choices, need, machine)
    stages = ("encode", "denoise", "decode", "export")
    made = Plan(
        workload=work,
        machine=machine,
        formats=("fp32",),
        choices=choices,
        changes=(),
        components=parts,
        attention=("native",),
        compile=False,
        cache=None,
        stages=tuple(
            StagePlan(stage=stage, peak_bytes=peak_bytes, seconds=time.by_stage.get(stage))
            for stage in stages
        ),
        weights_bytes=weights_bytes,
        working_bytes=working_bytes,
        peak_bytes=peak_bytes,
        headroom_bytes=0,
        host_bytes=0,
        seconds=time.whole,
        calibrated=time.calibrated,
    )
    return replace(made, reasons=words.reasons(made, time.source))


def _weights_bytes(work: Workload) -> int:
    """Every component once and the CPU's enhancer."""
    family = catalog.family(work.family)
    parts = {part.source: part for model in family.checkpoints for part in model.components}
    small = catalog.ENHANCERS["smollm2-135m"]
    return sum(part.weights_bytes("fp32") for part in parts.values()) + small.parameters * 4
