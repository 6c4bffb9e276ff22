"""`ourvidz doctor --gpu`: whether this machine's card can render, and what to do if not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ourvidz.cli.findings import Finding, damage
from ourvidz.cli.inventory import take_inventory
from ourvidz.cli.screen import as_bytes
from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.errors import InvalidRequest, Unavailable
from ourvidz.domain.family import Precision
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline import ModelManager, gpu
from ourvidz.pipeline.budget import Machine, machine_seen, plan
from ourvidz.pipeline.budget.planner import ATTENTION
from ourvidz.pipeline.host import free_host_bytes
from ourvidz.settings import Settings

#: Products in bf16, and in 8-bit floats, are computed by the card itself from here on.
_BF16_FROM, _FP8_FROM = (8, 0), (8, 9)
_FREE_SHARE = 0.9
_PACKAGES = {"bitsandbytes": "4-bit models", "kernels": "the fastest attention"}


def gpu_findings(settings: Settings) -> Iterator[Finding]:
    """Driver, torch's build, the card, attention, formats, host memory, weights, what would run."""
    try:
        card = gpu.card() if settings.device != "cpu" else None
    except Unavailable as away:
        yield Finding("card", "fail", "does not answer", away.advice)
        return
    yield from _driver(settings, card)
    if card is not None:
        yield from _card(card)
    yield from _attention("cpu" if card is None else "cuda")
    yield from _formats(card)
    yield from _host(card)
    yield from _families(settings, card)


def _driver(settings: Settings, card: gpu.Card | None) -> Iterator[Finding]:
    driver, build = gpu.driver(), gpu.cuda_build()
    wanted = settings.device == "cuda" or gpu.has_nvidia_card()
    bad: Literal["fail", "warn"] = "fail" if wanted else "warn"
    if not driver.version:
        plugged = "a card is plugged in" if gpu.has_nvidia_card() else "no NVIDIA card was found"
        yield Finding(
            "driver", bad, f"none; {plugged}",
            "install NVIDIA's driver, until `nvidia-smi` lists the card; in a container, start it "
            "with `--gpus all`",
        )  # fmt: skip
    else:
        yield Finding("driver", "ok", f"{driver.version}, {driver.card}")
    if not build:
        yield Finding(
            "torch", bad, "is built without CUDA",
            "install the CUDA build of the same version of torch, as the Dockerfile does",
        )  # fmt: skip
    elif card is None:
        yield Finding(
            "torch", bad, f"is built for CUDA {build} but can use no card",
            f"update the driver to one that knows CUDA {build}, and look at CUDA_VISIBLE_DEVICES "
            "and OURVIDZ_DEVICE",
        )  # fmt: skip
    else:
        yield Finding("torch", "ok", f"built for CUDA {build}")


def _card(card: gpu.Card) -> Iterator[Finding]:
    number = ".".join(map(str, card.capability))
    if card.capability < _BF16_FROM:
        yield Finding(
            "capability", "fail", f"{number}: no bf16", "use a card of the RTX 30 series or later"
        )
    else:
        formats = "bf16 and fp8" if card.capability >= _FP8_FROM else "bf16 and int8, no fp8"
        yield Finding("capability", "ok", f"{number}: {formats}")
    says = f"{as_bytes(card.free_bytes)} of {as_bytes(card.total_bytes)} free on {card.name}"
    if card.free_bytes < _FREE_SHARE * card.total_bytes:
        yield Finding(
            "VRAM", "warn", says, "stop what else uses the card; `nvidia-smi` lists it"
        )  # fmt: skip
    else:
        yield Finding("VRAM", "ok", says)


def _attention(where: str) -> Iterator[Finding]:
    names = ATTENTION if where == "cuda" else ATTENTION[-1:]
    for one in gpu.attention_backends(names, where):
        what = f"attention {one.name}"
        if one.problem:
            yield Finding(
                what, "fail" if one.name == "native" else "warn", one.problem,
                "not needed: the next backend is taken" if one.name != "native" else
                "install the pinned versions of torch and diffusers again",
            )  # fmt: skip
        else:
            yield Finding(what, "ok", f"runs on {where}, off by {100 * (one.error or 0):.2f} %")


def _formats(card: gpu.Card | None) -> Iterator[Finding]:
    names: tuple[Precision, ...] = ("fp8", "int8", "nf4")
    for one in gpu.formats(names, "cuda") if card else ():
        off = f"runs, off by {100 * (one.error or 0):.1f} %"
        advice = "another format is taken where one is needed" if one.problem else ""
        yield Finding(
            f"format {one.name}", "warn" if one.problem else "ok", one.problem or off, advice
        )
    for package, what in _PACKAGES.items():
        found = gpu.installed(package)
        if found:
            yield Finding(package, "ok", f"{found}: {what}" + ("" if card else ", on a GPU"))
        else:
            yield Finding(
                package, "warn", f"is not installed: needed for {what}", f"`pip install {package}`"
            )


def _host(card: gpu.Card | None) -> Iterator[Finding]:
    free = free_host_bytes()
    problem = gpu.pinning_problem() if card else ""
    if problem:
        yield Finding(
            "host memory", "warn", f"can not be pinned: {problem}",
            "streamed models copy slower; free memory, or raise the container's limit",
        )  # fmt: skip
    else:
        yield Finding("host memory", "ok", f"{as_bytes(free)} free" + (", can be pinned"
                      if card else ""))  # fmt: skip


def _families(settings: Settings, card: gpu.Card | None) -> Iterator[Finding]:
    manager = ModelManager(models_dir=settings.models_dir, device="cpu" if card is None else "cuda")
    machine = None
    if card is not None:
        machine = machine_seen(
            card.name,
            vram_bytes=card.total_bytes,
            ram_bytes=free_host_bytes(),
            compute_capability=card.capability,
        )
    for family in FAMILIES.values():
        found = take_inventory(family, manager)
        missing = [one for one, at in found.parts.items() if at == "missing"]
        fits, says = _fits(family.name, machine)
        what = f"model {family.name}"
        if found.damaged:
            yield damage(family.name, found.damaged)
        if not fits:
            yield Finding(what, "warn", says, "use a model that runs here")
        elif missing:
            yield Finding(
                what, "warn", f"{says}; {len(missing)} parts are not here",
                f"`ourvidz models pull {family.name}`",
            )  # fmt: skip
        elif not found.damaged:
            yield Finding(what, "ok", says)


def _fits(name: str, machine: Machine | None) -> tuple[bool, str]:
    try:
        made = plan(VideoRequest(prompt="any", model=name), machine)
    except InvalidRequest as error:
        return False, error.reason.partition(";")[0]
    size = f"{made.width}x{made.height}, {made.num_frames} frames"
    return True, f"{size}: transformer {made.placement}, peak {as_bytes(made.peak_bytes)}"
