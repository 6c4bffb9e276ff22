"""One line of the throughput benchmark, what may differ from the plan in it, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.scenarios import Scenario
from ourvidz.domain.family import Precision
from ourvidz.pipeline.budget import Plan


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario; None where a figure can not be had. clip_s: denoising and decoding.

    attention, compiled: what ran, which is not always what the plan wanted. *_gib: peaks, of
    denoising and decoding together and each. roofline_fraction: of the speed at the measured
    ceilings; ceiling: the format of the products among them. vs_diffusers: our seconds of a forward
    in those of plain diffusers. watts: while forwards are timed; joules_per_clip: as if decoding
    drew as much. not_measured: why, when there is no figure at all. incomplete: why some are
    missing.
    """

    scenario: str
    placement: str = ""
    precision: str = ""
    attention: str = ""
    compiled: bool | None = None
    seconds_per_forward: float | None = None
    tflops: float | None = None
    roofline_fraction: float | None = None
    ceiling: str = ""
    peak_vram_gib: float | None = None
    denoise_gib: float | None = None
    decode_gib: float | None = None
    predicted_gib: float | None = None
    peak_ram_gib: float | None = None
    vs_diffusers: float | None = None
    encode_s: float | None = None
    decode_s: float | None = None
    clip_s: float | None = None
    watts: float | None = None
    joules_per_clip: float | None = None
    cost_per_clip: float | None = None
    not_measured: str = ""
    incomplete: str = ""


@dataclass(frozen=True, kw_only=True)
class Options:
    """steps: of one run. per_hour: price of the machine, for the cost of a clip.

    precision, attention, compiled, tiled: instead of what the plan says; None leaves it. compared:
    with plain diffusers. passes_only: nothing but denoising is timed.
    """

    steps: int
    per_hour: float | None = None
    limit_bytes: int | None = None
    precision: Precision | None = None
    attention: str | None = None
    compiled: bool | None = None
    tiled: bool | None = None
    compared: bool = True
    passes_only: bool = False

    @property
    def label(self) -> str:
        """What is not as the plan says, behind a scenario's name; "" for nothing.

        >>> Options(steps=2, precision="nf4", compiled=False).label
        ' [nf4, eager]'
        """
        words = [one for one in (self.precision, self.attention) if one]
        words += [{True: "compiled", False: "eager", None: ""}[self.compiled]]
        words += [{True: "tiles", False: "no tiles", None: ""}[self.tiled]]
        return f" [{', '.join(filter(None, words))}]" if any(words) else ""

    @property
    def is_planned(self) -> bool:
        """Whether it runs as a plan may say: formats are among its choices, levers are not."""
        return self.attention is None and self.compiled is None and self.tiled is None

    def applied(self, made: Plan) -> Plan:
        """The plan with what was asked for instead."""
        if self.attention:
            made = replace(made, attention=(self.attention,))
        if self.compiled is not None:
            made = replace(made, compile=self.compiled)
        if self.tiled is not None:
            made = replace(made, choices=replace(made.choices, vae_tiling=self.tiled))
        return made

    def levers(self) -> tuple[Options, ...]:
        """These options, and one lever after the other pulled, all by the same weights."""
        eager = replace(self, compiled=False, passes_only=True)
        attentions = ("native", "_native_cudnn", "sage_hub")
        return (
            self,
            *(replace(self, compiled=False, tiled=tiled) for tiled in (True, False)),
            eager,
            *(replace(eager, attention=name) for name in attentions),
        )


def not_measured(scenario: Scenario, why: str, options: Options | None = None) -> Row:
    """A row without figures."""
    label = options.label if options else ""
    return Row(scenario=scenario.name + label, not_measured=why)


HEAD = (
    f"{'scenario':52}{'s/forward':>10}{'TFLOP/s':>9}{'roofline':>9}{'VRAM':>7}{'RAM':>7}"
    f"{'vs diffusers':>13}{'s/clip':>9}{'W':>6}{'cost':>8}  ceiling"
)


def line(row: Row) -> str:
    """The row for people."""
    if row.not_measured:
        return f"{row.scenario:52}  not measured: {row.not_measured}"

    def cell(value: float | None, width: int, digits: int) -> str:
        return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"

    return f"{row.scenario:52}" + "".join((
        cell(row.seconds_per_forward, 10, 3), cell(row.tflops, 9, 3),
        cell(row.roofline_fraction, 9, 2), cell(row.peak_vram_gib, 7, 1),
        cell(row.peak_ram_gib, 7, 1), cell(row.vs_diffusers, 13, 3), cell(row.clip_s, 9, 2),
        cell(row.watts, 6, 0), cell(row.cost_per_clip, 8, 4), f"  {row.ceiling}",
        f"  ({row.incomplete})" if row.incomplete else "",
    ))  # fmt: skip
