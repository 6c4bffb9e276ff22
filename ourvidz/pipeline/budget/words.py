"""A plan's reasons, in words."""

from __future__ import annotations

from collections.abc import Mapping

from ourvidz.domain.family import Precision
from ourvidz.pipeline.budget.plans import Change, Placement, Plan

_GIB = 2**30

#: What each change does, and what it costs.
OF_CHANGE: Mapping[Change, str] = {
    "free_text": "the text encoder leaves the card when the words are encoded",
    "one_by_one": "the pictures are made one after the other",
    "free_vae": "the VAE leaves the card while denoising; there are no live pictures then",
    "tile_vae": "the VAE works tile by tile; pixels where tiles overlap are computed twice",
    "free_transformer": "the transformer is on the card for denoising only; moving it takes a "
    "second or two",
    "stream_text": "the text encoder's blocks come from host memory one after the other",
    "quantize_text": "the text encoder is held in nf4; words are understood a little worse",
    "stream": "the transformer's blocks come from host memory while others compute",
    "quantize": "the transformer is held in a smaller format",
}

_OF_FORMAT: Mapping[Precision, str] = {
    "bf16": "bf16: half of fp32 and faster here",
    "fp32": "fp32: what every CPU computes well in; bf16 where that turns out to be faster",
    "fp8": "fp8: half of bf16 and faster, for this card multiplies 8-bit floats",
    "int8": "int8: half of bf16, multiplied as 8-bit integers",
    "nf4": "nf4: a quarter of bf16, unpacked for each pass, which takes time",
    "q8_0": "q8_0: a file of half of bf16, unpacked for each pass, which takes time",
    "q5_k_m": "q5_k_m: a file of 6 bits a weight, unpacked for each pass, which takes time",
    "q4_k_s": "q4_k_s: a file of 5 bits a weight, unpacked for each pass, which takes time",
}
_OF_PLACEMENT: Mapping[Placement, str] = {
    "resident": "stays on the device",
    "freed after use": "is there for its own stage",
    "streamed": "comes block by block from host memory",
}


def frames(count: int) -> str:
    """So many frames, as people say it.

    >>> frames(1), frames(81)
    ('1 frame', '81 frames')
    """
    return f"{count} frame{'s' * (count != 1)}"


def reasons(plan: Plan, time_source: str) -> tuple[str, ...]:
    """Why everything lies where it does, a sentence each."""
    where = plan.component("transformer")
    lines = [
        f"transformer in {_OF_FORMAT[plan.quantization]}",
        f"it {_OF_PLACEMENT[where.placement]}: {_gib(where.device_bytes)} of it beside "
        f"{_gib(plan.working_bytes)} of tensors in the largest stage",
        *(OF_CHANGE[change] for change in plan.changes),
    ]
    if plan.interleaved:
        lines.append("control blocks run just before the block they guide: exact, and smaller")
    if plan.host_bytes:
        lines.append(f"{_gib(plan.host_bytes)} lie in host memory; {_host(plan)}")
    if plan.cache:
        lines.append(f"step cache {plan.cache}: right on every pipeline; its gain is not counted")
    lines.append(f"time: {time_source}")
    return tuple(lines)


def _host(plan: Plan) -> str:
    ram = plan.machine.ram_bytes
    return f"the host has {_gib(ram)}" if ram else "whether the host has that was not asked"


def _gib(count: int) -> str:
    """Bytes as people say them.

    >>> _gib(14_290_000_000), _gib(19_000_000)
    ('13.3 GiB', '18 MiB')
    """
    if count < _GIB // 10:
        return f"{count / 2**20:.0f} MiB"
    return f"{count / _GIB:.1f} GiB"
