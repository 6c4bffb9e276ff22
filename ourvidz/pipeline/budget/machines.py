"""Machines as a plan sees them: the cards people have, and what was measured on one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from ourvidz.domain.errors import InvalidRequest
from ourvidz.pipeline.budget.calibration import Calibration

GIB = 2**30


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One device and the host it sits in; None and 0 mean not known.

    vram_bytes: what a process can get of the card, a little less than is printed on the box.
    ram_bytes: of the host. compute_capability: (8, 9) for Ada. *_tflops, int8_tops: dense peaks
    with 32-bit sums, None where the card has no such units. memory_gbps: of the card's memory.
    pcie_gbps: what a copy from pinned host memory reaches, per direction. fast_bf16: whether it is
    faster than fp32; of a CPU only a measurement tells. calibration: speeds measured on this
    machine.
    """

    name: str
    device: Literal["cpu", "cuda"] = "cuda"
    vram_bytes: int = 0
    ram_bytes: int | None = None
    compute_capability: tuple[int, int] | None = None
    bf16_tflops: float | None = None
    fp8_tflops: float | None = None
    int8_tops: float | None = None
    memory_gbps: float | None = None
    pcie_gbps: float = 25.0
    fast_bf16: bool = True
    calibration: Calibration | None = None

    @property
    def has_fp8(self) -> bool:
        """Whether both factors of a product may be 8-bit floats."""
        return self.compute_capability is not None and self.compute_capability >= (8, 9)


#: A machine without a card, planned for as one that needs most.
CPU = Machine(name="CPU", device="cpu", fast_bf16=False)


def _card(
    name: str, vram_gib: float, capability: tuple[int, int], speeds: tuple[float | None, ...]
) -> Machine:
    """speeds: bf16, fp8 and int8 tera operations a second, GB/s of memory and of PCIe."""
    bf16, fp8, int8, memory, pcie = speeds
    return Machine(
        name=name,
        vram_bytes=round(vram_gib * GIB),
        compute_capability=capability,
        bf16_tflops=bf16,
        fp8_tflops=fp8,
        int8_tops=int8,
        memory_gbps=memory,
        pcie_gbps=pcie or 25.0,
    )


# Makers' figures, none measured here; memory as a driver reports it, a little below the label.
_AMPERE, _ADA, _HOPPER, _BLACKWELL = (8, 6), (8, 9), (9, 0), (12, 0)

_CARDS = (
    _card("RTX 3060", 11.7, _AMPERE, (25.5, None, 102, 360, 25)),
    _card("RTX 3080", 9.6, _AMPERE, (59.5, None, 238, 760, 25)),
    _card("RTX 3090", 23.6, _AMPERE, (71, None, 284, 936, 25)),
    _card("RTX 4060 Ti 16GB", 15.6, _ADA, (44.1, 88.2, 176, 288, 12)),
    _card("RTX 4070", 11.6, _ADA, (58.3, 116.6, 233, 504, 25)),
    _card("RTX 4080", 15.7, _ADA, (97.5, 194.9, 390, 717, 25)),
    _card("RTX 4090", 23.5, _ADA, (165.2, 330.3, 660, 1008, 25)),
    _card("RTX 5080", 15.5, _BLACKWELL, (112.6, 225.1, 450, 960, 50)),
    _card("RTX 5090", 31.3, _BLACKWELL, (209.5, 419, 838, 1792, 50)),
    _card("L4", 22.0, _ADA, (121, 242, 242, 300, 25)),
    _card("L40S", 44.4, _ADA, (362, 733, 733, 864, 25)),
    _card("RTX A6000", 47.4, _AMPERE, (154.8, None, 309.7, 768, 25)),
    _card("A100 40GB", 39.4, (8, 0), (312, None, 624, 1555, 25)),
    _card("A100 80GB", 79.1, (8, 0), (312, None, 624, 2039, 25)),
    _card("H100", 79.0, _HOPPER, (989, 1979, 1979, 3350, 50)),
    _card("H200", 139.7, _HOPPER, (989, 1979, 1979, 4800, 50)),
)

#: Cards by name, the smallest generation first.
MACHINES: Mapping[str, Machine] = MappingProxyType({card.name: card for card in _CARDS})


def machine_named(
    name: str, *, vram_bytes: int | None = None, ram_bytes: int | None = None
) -> Machine:
    """The card called `name`, as people or its driver write it, in a host with `ram_bytes`.

    vram_bytes: instead of the card's own, such as a limit or another edition; of a card that is not
    in the table all that is known. Raises InvalidRequest for such a card without it.

    >>> machine_named("NVIDIA GeForce RTX 4090").name
    'RTX 4090'
    >>> machine_named("4090 Ti")
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: gpu: '4090 Ti' is not known; give its memory with \
--vram, or one of RTX 4060 Ti 16GB, RTX 4090, RTX 3090
    """
    found = _found(name)
    if found is None and vram_bytes and name.strip():
        found = Machine(name=name.strip())
    if found is None:
        raise InvalidRequest(
            "gpu",
            f"{name!r} is not known; give its memory with --vram, or one of "
            f"{', '.join(_like(name))}",
        )
    return replace(found, vram_bytes=vram_bytes or found.vram_bytes, ram_bytes=ram_bytes)


def machine_seen(
    name: str, *, vram_bytes: int, ram_bytes: int, compute_capability: tuple[int, int]
) -> Machine:
    """The card that a driver reports: with its peak speeds where the table knows them."""
    known = _found(name) or Machine(name=name)
    return replace(
        known, vram_bytes=vram_bytes, ram_bytes=ram_bytes, compute_capability=compute_capability
    )


def machine_measured(found: Calibration) -> Machine:
    """The machine that `found` was measured on. What a CPU computed in last is what it is fast in.

    >>> from ourvidz.pipeline.budget.calibration import Rate
    >>> rate = Rate(work="denoise", precision="bf16", tflops=0.1)
    >>> machine_measured(Calibration(machine="CPU", rates=(rate,))).fast_bf16
    True
    """
    if found.machine == CPU.name:
        formats = [rate.precision for rate in found.rates if rate.work == "denoise"]
        return replace(CPU, fast_bf16=formats[-1:] == ["bf16"], calibration=found)
    known = _found(found.machine) or Machine(name=found.machine)
    return replace(known, calibration=found)


def _found(name: str) -> Machine | None:
    """Whole words must agree: a "4090 D" is no "4090", and "H100 80GB HBM3" is an "H100"."""
    wanted = _words(name)
    exact = [card for card in _CARDS if _words(card.name) == wanted]
    within = [card for card in _CARDS if _words(card.name) <= wanted <= _words(card.name) | _EXTRA]
    short = [card for card in _CARDS if wanted and _words(card.name) == wanted | {"rtx"}]
    return next(iter([*exact, *short, *within]), None)


#: What drivers add to a name without meaning another chip.
_EXTRA = frozenset({"rtx", "80gb", "141gb", "hbm3", "hbm3e", "sxm", "sxm4", "sxm5", "24gb"})


def _words(name: str) -> frozenset[str]:
    words = re.findall(r"[a-z]+\d+\w*|\d+\w*|[a-z]+", name.lower().replace("rtx", "rtx "))
    return frozenset(words) - {"nvidia", "geforce", "gpu"}


def _like(name: str) -> list[str]:
    """Names of the table, the most alike first."""

    def likeness(card: Machine) -> int:
        pairs = {name.lower()[i : i + 2] for i in range(len(name) - 1)}
        return -sum(pair in card.name.lower() for pair in pairs)

    return [card.name for card in sorted(_CARDS, key=likeness)[:3]]
