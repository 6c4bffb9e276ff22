"""What would help where a model does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Family
from ourvidz.pipeline.budget.ladder import (
    HOST_RESERVE_BYTES,
    Means,
    comfortable,
    fit,
    formats_of,
    rungs,
)
from ourvidz.pipeline.budget.memory import needs
from ourvidz.pipeline.budget.plans import Workload
from ourvidz.pipeline.budget.words import frames

_GIB = 2**30
#: Lengths to try, the longest first: 3, 2 and 1 second.
_SHORTER = (49, 33, 17)


def does_not_fit(work: Workload, means: Means, room_bytes: int) -> str:
    """How much is missing, and what to change: the size, the length, the host or the model."""
    says = (
        f"{work.family} needs {_gib(least_bytes(work, means))} at {work.width}x{work.height} "
        f"with {frames(work.num_frames)}, and {means.machine.name} has {_gib(room_bytes)} to give"
    )
    here = " or ".join(_remedies(work, means, room_bytes))
    others = [one.name for one in catalog.FAMILIES.values() if _runs(one, work, means, room_bytes)]
    if not catalog.family(work.family).needs:
        other = "choose a card with more memory, or run it on the CPU"
    elif others:
        other = f"choose {' or '.join(others[:2])}, which fit{'s' * (len(others) == 1)}"
    else:
        other = "no model for cards fits: choose a card with more memory, or 'starter'"
    return "; ".join([says, *([f"it fits with {here}"] if here else []), other])


def least_bytes(work: Workload, means: Means) -> int:
    """The smallest peak on a card that all changes together lead to."""
    start = comfortable(work, means)
    peaks = [rung.peak_bytes for rung in rungs(work, start, means)]
    return min([needs(work, start).peak_bytes, *peaks])


def _remedies(work: Workload, means: Means, room_bytes: int) -> Iterator[str]:
    """What makes the same model fit, the nearest first."""
    for width, height in catalog.family(work.family).checkpoint(work.ability).sizes:
        smaller = width * height < work.width * work.height
        alike = (width > height) == (work.width > work.height)
        sized = replace(work, width=width, height=height)
        if smaller and alike and _fits(sized, means, room_bytes):
            yield f"{width}x{height}"
            break
    for count in _SHORTER:
        shorter = replace(work, num_frames=count)
        if count < work.num_frames and _fits(shorter, means, room_bytes):
            yield frames(count)
            break
    if means.machine.ram_bytes is not None:
        roomy = replace(means, machine=replace(means.machine, ram_bytes=None))
        if found := fit(work, roomy, room_bytes):
            host = needs(work, found[0]).host_bytes + HOST_RESERVE_BYTES
            yield f"{_gib(host)} of host memory"


def _fits(work: Workload, means: Means, room_bytes: int) -> bool:
    return fit(work, means, room_bytes) is not None


def _runs(other: Family, work: Workload, means: Means, room_bytes: int) -> bool:
    """Whether another family can do it on this machine, at its own size."""
    if other.name == work.family or not other.needs:
        return False
    try:
        width, height = other.checkpoint(work.ability).sizes[0]
    except InvalidRequest:
        return False
    theirs = replace(
        work,
        family=other.name,
        width=width,
        height=height,
        num_frames=min(work.num_frames, other.max_frames),
    )
    formats = formats_of(other, means.machine, work.profile)
    return _fits(theirs, replace(means, formats=formats), room_bytes)


def _gib(count: int) -> str:
    return f"{max(0, count) / _GIB:.1f} GiB"
