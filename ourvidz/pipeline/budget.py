"""What a render needs and where it goes: arithmetic on the catalog, without torch.

The constants are upper bounds of peaks measured on a CPU; `tests/pipeline/test_budget.py` holds
them against a real render.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Family
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.profiles import resolve

_MIB = 2**20
#: Python with all libraries imported, and the enhancer's own MiniLM.
_PROCESS_BYTES = 600 * _MIB
#: Scaling to 1280x720 and encoding H.264.
_EXPORT_BYTES = 250 * _MIB
#: Of decoding one latent frame, for each pixel; and of denoising, for each pixel of each frame.
_DECODE_BYTES_PER_PX = 1_500
_DENOISE_BYTES_PER_PX = 20


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the components of a family lie while it renders.

    width, height in px and num_frames: what the model samples. weights_bytes: all components
    and the enhancer. peak_bytes: of the process, never exceeded once the enhancer has been
    converted.
    """

    family: str
    placement: Literal["resident"]
    device: Literal["cpu"]
    width: int
    height: int
    num_frames: int
    weights_bytes: int
    working_bytes: int
    peak_bytes: int


def plan(request: VideoRequest) -> Plan:
    """The plan of `request` on a CPU, where everything stays in memory.

    Raises InvalidRequest for a size or length the family does not allow, and for families that
    need a GPU: those are not planned yet.
    """
    family = catalog.family(request.model)
    if family.needs:
        least = family.checkpoints[0].weights_bytes(family.precisions[-1]) / 2**30
        raise InvalidRequest(
            "model",
            f"{family.name} can not be planned yet: it needs {family.needs}; its smallest format "
            f"alone takes {least:.1f} GiB. Plan 'starter' instead",
        )
    request = resolve(request)
    width, height = request.width or 0, request.height or 0
    weights_bytes = _weights_bytes(family)
    working_bytes = _EXPORT_BYTES + width * height * (
        _DECODE_BYTES_PER_PX + _DENOISE_BYTES_PER_PX * request.sampled_frames
    )
    return Plan(
        family=family.name,
        placement="resident",
        device="cpu",
        width=width,
        height=height,
        num_frames=request.sampled_frames,
        weights_bytes=weights_bytes,
        working_bytes=working_bytes,
        peak_bytes=_PROCESS_BYTES + weights_bytes + working_bytes,
    )


def _weights_bytes(family: Family) -> int:
    """Every component once and the CPU enhancer, in fp32 as a CPU without fast bf16 holds them."""
    parts = {part.source: part for model in family.checkpoints for part in model.components}
    small = catalog.ENHANCERS["smollm2-135m"]
    return sum(part.weights_bytes("fp32") for part in parts.values()) + small.parameters * 4
