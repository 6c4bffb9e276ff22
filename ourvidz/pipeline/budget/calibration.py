"""Speeds that were measured on one machine, kept in a file and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Precision

Work = Literal["encode", "denoise", "decode"]

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A speed, measured: TFLOP/s that a stage reached in a format.

    family: the models it was measured with, "" for any. still: of one frame, which keeps a device
    less busy than a clip. attention: the backend that ran.
    """

    work: Work
    precision: Precision
    tflops: float
    family: str = ""
    still: bool = False
    attention: str = ""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What one machine reached.

    export_s_per_mpx: scaling and encoding a million delivered pixels. facts: date, commit and
    versions, for people.

    >>> slow = Rate(work="denoise", precision="bf16", tflops=100.0)
    >>> own = Rate(work="denoise", precision="bf16", tflops=120.0, family="wan2.1-14b")
    >>> here = Calibration(machine="RTX 4090", rates=(slow, own))
    >>> [here.tflops("denoise", "bf16", family) for family in ("wan2.1-14b", "wan2.1-1.3b")]
    [120.0, 100.0]
    >>> here.tflops("denoise", "fp8", "wan2.1-14b") is None
    True
    """

    machine: str
    rates: tuple[Rate, ...]
    export_s_per_mpx: float | None = None
    facts: Mapping[str, str] = field(default_factory=dict[str, str])

    def tflops(
        self, work: Work, precision: Precision, family: str, *, still: bool = False
    ) -> float | None:
        """The speed measured with these models, else with any, else None."""
        for wanted in (family, ""):
            for rate in self.rates:
                known = (rate.work, rate.precision, rate.family, rate.still)
                if known == (work, precision, wanted, still):
                    return rate.tflops
        return None


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write the file that `read_calibration` reads, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"format": FORMAT, **asdict(calibration)}, indent=2) + "\n")
    part.replace(path)


def read_calibration(path: Path) -> Calibration | None:
    """The speeds in `path`, None where there is no such file.

    Raises InvalidRequest("calibration") for a file that is none.
    """
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}")
        rates = tuple(_rate(**one) for one in found["rates"])
        export = found.get("export_s_per_mpx")
        return Calibration(
            machine=str(found["machine"]),
            rates=rates,
            export_s_per_mpx=None if export is None else float(export),
            facts=dict(found.get("facts", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(
            "calibration",
            f"{path} holds no speeds of a machine ({error}); measure them again with "
            "`python -m benchmarks.throughput --save`",
        ) from error


def _rate(**values: Any) -> Rate:
    rate = Rate(**values)
    if not 0 < rate.tflops < 1e6:
        raise ValueError(f"{rate.tflops} TFLOP/s")
    return rate
