"""What each profile of a family costs: passes, operations, seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast, get_args

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Precision
from ourvidz.domain.request import Profile, VideoRequest
from ourvidz.pipeline.budget.machines import Machine
from ourvidz.pipeline.budget.planner import plan, workload_of
from ourvidz.pipeline.budget.plans import Calibrated
from ourvidz.pipeline.budget.work import decode_flops, denoise_flops, encode_flops


@dataclass(frozen=True, kw_only=True)
class ProfileCost:
    """One profile of a request.

    forwards: passes of the transformer. petaflops: of the whole job, 1e15 operations. seconds:
    on the machine that was asked about; None where it does not fit or nobody measured.
    """

    profile: Profile
    num_inference_steps: int
    forwards: int
    petaflops: float
    seconds: float | None
    calibrated: Calibrated | None


def profile_costs(
    request: VideoRequest,
    machine: Machine | None = None,
    formats: tuple[Precision, ...] | None = None,
) -> tuple[ProfileCost, ...]:
    """All profiles that the request's model has for it, the cheapest first. formats: as in a plan.

    >>> [cost.forwards for cost in profile_costs(VideoRequest(prompt="a cat"))]
    [20, 40, 80]
    """
    return tuple(_costs(request, machine, formats))


def _costs(
    request: VideoRequest, machine: Machine | None, formats: tuple[Precision, ...] | None
) -> Iterator[ProfileCost]:
    for profile in get_args(Profile):
        wanted = request.replace(profile=profile)
        try:
            work = workload_of(wanted)
        except InvalidRequest:  # no few-step version for this
            continue
        try:
            made = plan(wanted, machine, formats=formats)
        except InvalidRequest:
            made = None
        flops = (encode_flops(work), denoise_flops(work), decode_flops(work, tiled=False))
        yield ProfileCost(
            profile=profile,
            num_inference_steps=work.num_inference_steps,
            forwards=work.forwards,
            petaflops=sum(flops) / 1e15,
            seconds=made.seconds if made else None,
            calibrated=made.calibrated if made else None,
        )


def expected_seconds(model: str, profile: str, num_frames: int, machine: Machine) -> float | None:
    """How long such a clip takes on `machine`; None where it can not be made or nobody knows.

    >>> expected_seconds("wan2.1-14b", "fast", 80, Machine(name="RTX 3060")) is None
    True
    """
    try:
        request = VideoRequest(
            prompt="any", model=model, profile=cast("Profile", profile), num_frames=num_frames
        )
        return plan(request, machine).seconds
    except InvalidRequest:
        return None
