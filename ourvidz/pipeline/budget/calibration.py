"""Speeds that were measured on machines, kept in a file and read back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import Precision

Work = Literal["encode", "denoise", "decode"]

FORMAT = 2
#: Above it a figure is no speed but a mistake, TFLOP/s.
FASTEST_TFLOPS = 1e6
#: What a slower run can change at once: others may have been at work meanwhile.
_AT_MOST = 1.3


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

    def after(self, run: Calibration) -> Calibration:
        """What is known after one more run on this machine, the newest speeds last.

        A faster run is believed at once, a slower one step by step, so one that others disturbed
        does little and the next one undoes it.

        >>> def ran(tflops: float) -> Calibration:
        ...     rate = Rate(work="denoise", precision="fp32", tflops=tflops)
        ...     return Calibration(machine="CPU", rates=(rate,), export_s_per_mpx=1 / tflops)
        >>> [ran(1.3).after(ran(seen)).rates[0].tflops for seen in (0.1, 1.2, 2.0)]
        [1.0, 1.2, 2.0]
        >>> round(ran(1.0).after(ran(0.1)).export_s_per_mpx, 3)
        1.3
        """
        known = {_kind(rate): rate for rate in self.rates}
        for rate in run.rates:
            before = known.pop(_kind(rate), rate)
            tflops = max(rate.tflops, before.tflops / _AT_MOST)
            known[_kind(rate)] = replace(rate, tflops=tflops)
        export = run.export_s_per_mpx or self.export_s_per_mpx
        if export and self.export_s_per_mpx:
            export = min(export, self.export_s_per_mpx * _AT_MOST)
        return replace(run, rates=tuple(known.values()), export_s_per_mpx=export)


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Put the speeds of one machine into `path`, as the newest; those of others stay.

    Readers find the old file or the new one, never a part. A file that can not be read is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        others = [one for one in read_calibrations(path) if one.machine != calibration.machine]
    except InvalidRequest:
        others = []
    values = {"format": FORMAT, "machines": [asdict(one) for one in (*others, calibration)]}
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        part.write_text(json.dumps(values, indent=2) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_calibrations(path: Path) -> tuple[Calibration, ...]:
    """The speeds in `path` by machine, the newest last; none where there is no such file.

    Raises InvalidRequest("calibration") for a file that holds something else.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}")
        return tuple(_calibration(one) for one in found["machines"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(
            "calibration",
            f"{path} holds no speeds of a machine ({error}); delete it: the next clip that is "
            "made measures them again",
        ) from error


def _kind(rate: Rate) -> tuple[object, ...]:
    return rate.work, rate.precision, rate.family, rate.still


def _calibration(found: Mapping[str, Any]) -> Calibration:
    export = found.get("export_s_per_mpx")
    return Calibration(
        machine=str(found["machine"]),
        rates=tuple(_rate(**one) for one in found["rates"]),
        export_s_per_mpx=None if export is None else float(export),
        facts=dict(found.get("facts", {})),
    )


def _rate(**values: Any) -> Rate:
    rate = Rate(**values)
    if not 0 < rate.tflops < FASTEST_TFLOPS:
        raise ValueError(f"{rate.tflops} TFLOP/s")
    return rate
