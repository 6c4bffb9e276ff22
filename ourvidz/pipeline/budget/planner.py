"""The plan of a request: the most comfortable choices that fit, and the rungs below them."""

from __future__ import annotations

from dataclasses import replace

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Ability, Precision
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import advice, cpu, words
from ourvidz.pipeline.budget.ladder import (
    STAGES,
    Means,
    check_formats,
    fit,
    formats_of,
    rungs,
    stage_bytes,
    step_down,
)
from ourvidz.pipeline.budget.machines import CPU, Machine
from ourvidz.pipeline.budget.memory import needs
from ourvidz.pipeline.budget.plans import Change, Choices, GpuStage, Plan, StagePlan, Workload
from ourvidz.pipeline.budget.seconds import times
from ourvidz.pipeline.profiles import ability_of, resolve

#: The driver's context, the libraries' workspaces and what the allocator can not use.
HEADROOM_BYTES = 3 * 2**29
#: From so many steps on, most of them resemble the one before: a step cache saves some.
_CACHED_STEPS = 20
STEP_CACHE = "taylorseer-lite"
#: Backends of attention, the fastest first; the first one computes with 8 bits.
ATTENTION = ("sage_hub", "_native_cudnn", "native")


def plan(
    request: VideoRequest,
    machine: Machine | None = None,
    *,
    ability: Ability | None = None,
    num_videos: int = 1,
    num_references: int = 0,
    formats: tuple[Precision, ...] | None = None,
    transformer_bytes: int | None = None,
) -> Plan:
    """How `machine` (None: a CPU) makes `request`: where everything lies and what that takes.

    ability: what the checkpoint must be able to do; None follows from the request. formats: the
    transformer's, those that may be used, best first; None means all that the card computes well
    in. transformer_bytes: of its weights, where a user brings them along.

    Raises InvalidRequest for a size or length the family does not allow, for a family that needs
    a card on a machine without one, for a format the card can not, and where nothing makes it fit.
    """
    work = workload_of(request, ability, num_videos=num_videos, num_references=num_references)
    return plan_work(replace(work, transformer_bytes=transformer_bytes), machine or CPU, formats)


def plan_work(
    work: Workload, machine: Machine, formats: tuple[Precision, ...] | None = None
) -> Plan:
    """The plan of a workload; formats, and errors, as of `plan`."""
    family = catalog.family(work.family)
    check_formats(formats or (), family, machine)
    if machine.device == "cpu":
        return cpu.plan(work, machine)
    means = Means(machine=machine, formats=formats or formats_of(family, machine, work.profile))
    room_bytes = machine.vram_bytes - HEADROOM_BYTES
    fitting = fit(work, means, room_bytes)
    if fitting is None:
        raise InvalidRequest("model", advice.does_not_fit(work, means, room_bytes))
    choices, changes = fitting
    return _built(work, choices, means, changes)


def lowered(made: Plan, stage: GpuStage) -> Plan | None:
    """The plan after memory ran out in `stage`: one rung down, None when none is left."""
    if made.device == "cpu":
        return cpu.lowered(made)
    means = Means(machine=made.machine, formats=made.formats)
    found = step_down(made.workload, made.choices, means, stage)
    if found is None:
        return None
    change, choices = found
    changes = (*made.changes, change)
    return _built(made.workload, choices, means, changes)


def workload_of(
    request: VideoRequest,
    ability: Ability | None = None,
    *,
    num_videos: int = 1,
    num_references: int = 0,
) -> Workload:
    """What is to be made of `request`; raises InvalidRequest for what its family does not allow."""
    request = resolve(request)
    ability = ability or ability_of(request)
    sampling = catalog.family(request.model).sampling(request.profile, ability)
    steps = request.num_inference_steps or 0
    return Workload(
        family=request.model,
        ability=ability,
        profile=request.profile,
        width=request.width or 0,
        height=request.height or 0,
        num_frames=request.sampled_frames,
        num_videos=num_videos,
        num_references=num_references,
        num_inference_steps=steps,
        forwards=steps * (2 if (request.guidance_scale or 1) > 1 else 1),
        distilled=sampling.distilled,
        enhanced=request.enhanced_prompt is not None,
    )


def _built(
    work: Workload,
    choices: Choices,
    means: Means,
    changes: tuple[Change, ...],
) -> Plan:
    need, machine = needs(work, choices), means.machine
    time = times(work, choices, need, machine)
    many = work.num_inference_steps >= _CACHED_STEPS and not work.distilled
    built = Plan(
        workload=work,
        machine=machine,
        formats=means.formats,
        choices=choices,
        changes=changes,
        components=need.components,
        attention=ATTENTION if work.profile != "quality" else ATTENTION[1:],
        compile=work.num_frames > 1,
        cache=STEP_CACHE if many else None,
        stages=tuple(
            StagePlan(
                stage=stage,
                peak_bytes=stage_bytes(need, stage),
                seconds=time.by_stage.get(stage),
            )
            for stage in STAGES
        ),
        weights_bytes=need.weights_bytes,
        working_bytes=need.working_bytes,
        peak_bytes=need.peak_bytes,
        headroom_bytes=HEADROOM_BYTES,
        host_bytes=need.host_bytes,
        seconds=time.whole,
        calibrated=time.calibrated,
        ladder=tuple(rungs(work, choices, means)),
    )
    return replace(built, reasons=words.reasons(built, time.source))
