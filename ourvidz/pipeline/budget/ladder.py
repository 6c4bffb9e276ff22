"""The changes that free memory, the cheapest first, and the steps down them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.family import IN_FILES, Family, Precision
from ourvidz.domain.request import Profile
from ourvidz.pipeline.budget import words
from ourvidz.pipeline.budget.machines import Machine
from ourvidz.pipeline.budget.memory import Needs, needs
from ourvidz.pipeline.budget.plans import Change, Choices, GpuStage, Rung, Workload
from ourvidz.pipeline.budget.work import checkpoint_of

STAGES: tuple[GpuStage, ...] = ("encode", "denoise", "decode")

#: What the operating system and the process itself keep of the host's memory.
HOST_RESERVE_BYTES = 4 * 2**30
#: Formats whose blocks can be streamed: bitsandbytes' layers do not move.
_STREAMABLE: frozenset[Precision] = frozenset({"bf16", "fp8", "int8", *IN_FILES})


@dataclass(frozen=True, kw_only=True)
class Means:
    """What the changes may use: the machine, and the transformer's formats, best first."""

    machine: Machine
    formats: tuple[Precision, ...]

    def holds(self, host_bytes: int) -> bool:
        """Whether the host has that much memory; an unknown host has."""
        ram = self.machine.ram_bytes
        return ram is None or host_bytes <= ram - HOST_RESERVE_BYTES


def formats_of(family: Family, machine: Machine, profile: Profile) -> tuple[Precision, ...]:
    """The transformer's formats to try, best first.

    Where speed matters, products of 8-bit floats come first on cards that have them; else 16 bits
    do, wherever they lie. The order does not depend on the size of the picture, so that previews
    and clips share one transformer.
    """
    eight: Precision = "fp8" if machine.has_fp8 else "int8"
    order: tuple[Precision, ...] = ("bf16", eight, "nf4")
    if machine.has_fp8 and profile != "quality":
        order = (eight, "nf4")
    return tuple(one for one in order if one in family.precisions) or family.precisions[:1]


def check_formats(formats: tuple[Precision, ...], family: Family, machine: Machine) -> None:
    """Raise InvalidRequest("quantization") for the first format that is not to be had there."""
    for one in formats:
        if machine.device == "cpu":
            reason = "is for cards; leave it out, a CPU takes fp32 or bf16, whichever is faster"
        elif one not in family.precisions:
            reason = f"is not there for {family.name}; use {' or '.join(family.precisions)}"
        elif one == "fp8" and not machine.has_fp8:
            reason = (
                f"needs a card that multiplies 8-bit floats (from RTX 40 on), and {machine.name} "
                "is not known to; use int8, nf4 or bf16"
            )
        else:
            continue
        raise InvalidRequest("quantization", f"{one} {reason}")


def _free_text(choices: Choices, means: Means) -> Choices | None:
    if choices.text_encoder != "resident":
        return None
    return replace(choices, text_encoder="freed after use")


def _tile_vae(choices: Choices, means: Means) -> Choices | None:
    return None if choices.vae_tiling else replace(choices, vae_tiling=True)


def _one_by_one(choices: Choices, means: Means) -> Choices | None:
    return replace(choices, batch=1) if choices.batch > 1 else None


def _free_vae(choices: Choices, means: Means) -> Choices | None:
    return replace(choices, vae="freed after use") if choices.vae == "resident" else None


def _free_transformer(choices: Choices, means: Means) -> Choices | None:
    if choices.transformer != "resident":
        return None
    return replace(_without_text(choices), transformer="freed after use")


def _stream(choices: Choices, means: Means) -> Choices | None:
    if choices.transformer == "streamed" or choices.precision not in _STREAMABLE:
        return None
    return replace(_without_text(choices), transformer="streamed")


def _without_text(choices: Choices) -> Choices:
    """A transformer does not leave for a text encoder that stays."""
    stays = choices.text_encoder == "resident"
    return replace(choices, text_encoder="freed after use") if stays else choices


def _quantize(choices: Choices, means: Means) -> Choices | None:
    """The next smaller format; one that can not be streamed lies on the device again."""
    later = means.formats[means.formats.index(choices.precision) + 1 :]
    if not later:
        return None
    lies = choices.transformer
    if lies == "streamed" and later[0] not in _STREAMABLE:
        lies = "freed after use"
    return replace(choices, precision=later[0], transformer=lies)


def _stream_text(choices: Choices, means: Means) -> Choices | None:
    if choices.text_encoder == "streamed":
        return None
    return replace(choices, text_encoder="streamed", text_parked=True)


def _quantize_text(choices: Choices, means: Means) -> Choices | None:
    if choices.text_precision != "bf16":
        return None
    return replace(choices, text_precision="nf4", text_encoder="freed after use")


Step = Callable[[Choices, Means], Choices | None]

#: The cheapest first: what costs nothing or a second, then copies between host and card, then
#: formats, which cost some of the picture.
STEPS: Mapping[Change, Step] = {
    "free_text": _free_text,
    "one_by_one": _one_by_one,
    "free_vae": _free_vae,
    "stream_text": _stream_text,
    "tile_vae": _tile_vae,
    "free_transformer": _free_transformer,
    "quantize_text": _quantize_text,
    "stream": _stream,
    "quantize": _quantize,
}


#: What a change makes of one before it.
_SUPERSEDES: Mapping[Change, Change] = {"stream": "free_transformer", "stream_text": "free_text"}


def stage_bytes(need: Needs, stage: GpuStage) -> int:
    """Device bytes of one stage."""
    return {
        "encode": need.encode_bytes, "denoise": need.denoise_bytes, "decode": need.decode_bytes,
    }[stage]  # fmt: skip


def parked(workload: Workload, choices: Choices, means: Means) -> Choices:
    """The same, with the text encoder kept in host memory where there is room for it."""
    kept = replace(choices, text_parked=True)
    if choices.text_encoder == "streamed" or means.holds(needs(workload, kept).host_bytes):
        return kept
    return replace(choices, text_parked=False)


def step_down(
    workload: Workload,
    choices: Choices,
    means: Means,
    stage: GpuStage,
    room_bytes: int = 0,
) -> tuple[Change, Choices] | None:
    """The first change after which `stage` fits into `room_bytes`, else the first that lowers it.

    None when nothing is left that does.
    """
    now = stage_bytes(needs(workload, choices), stage)
    lower: list[tuple[Change, Choices]] = []
    for change, step in STEPS.items():
        changed = step(choices, means)
        if changed is None:
            continue
        changed = parked(workload, changed, means)
        need = needs(workload, changed)
        then = stage_bytes(need, stage)
        if then >= now or not means.holds(need.host_bytes):
            continue
        lower.append((change, changed))
        if then <= room_bytes:
            return lower[-1]
    return lower[0] if lower else None


def fit(work: Workload, means: Means, room_bytes: int) -> tuple[Choices, tuple[Change, ...]] | None:
    """The first choices on the way down that fit into `room_bytes`, and the changes made.

    None when even the last ones do not.
    """
    choices = comfortable(work, means)
    changes: tuple[Change, ...] = ()
    while tight := _tight(work, choices, room_bytes):
        found = step_down(work, choices, means, tight, room_bytes)
        if found is None:
            return None
        change, choices = found
        changes = (*(one for one in changes if _SUPERSEDES.get(change) != one), change)
    return choices, changes


def comfortable(work: Workload, means: Means) -> Choices:
    """What one would choose with all memory there is."""
    return Choices(
        precision=means.formats[0],
        text_precision="bf16",
        interleaved=checkpoint_of(work).transformer.vace_layers > 0,
        batch=work.num_videos,
    )


def _tight(work: Workload, choices: Choices, room_bytes: int) -> GpuStage | None:
    """The first stage that needs more than there is."""
    need = needs(work, choices)
    return next((one for one in STAGES if stage_bytes(need, one) > room_bytes), None)


def rungs(workload: Workload, choices: Choices, means: Means) -> Iterator[Rung]:
    """Every change that is left, each on top of those before it, down to the least memory."""
    while True:
        need = needs(workload, choices)
        largest = sorted(STAGES, key=lambda stage: -stage_bytes(need, stage))
        steps = (step_down(workload, choices, means, stage) for stage in largest)
        found = next((step for step in steps if step is not None), None)
        if found is None:
            return
        change, choices = found
        need = needs(workload, choices)
        yield Rung(
            change=change,
            reason=words.OF_CHANGE[change],
            choices=choices,
            peak_bytes=need.peak_bytes,
            host_bytes=need.host_bytes,
        )
