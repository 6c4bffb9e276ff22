"""What `ourvidz plan` is asked: about which video, and on which machine."""

from __future__ import annotations

import re
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from ourvidz.domain import catalog
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.request import VideoRequest
from ourvidz.pipeline.budget import (
    Calibration,
    Machine,
    Speeds,
    machine_measured,
    machine_named,
    read_calibrations,
)
from ourvidz.pipeline.given import is_file
from ourvidz.pipeline.host import host_bytes
from ourvidz.settings import read_settings

GIB = 2**30
#: Host memory where it was not said: what a machine for such work usually has.
USUAL_RAM_GIB = 64
_SIZES = {"720p": (1280, 720), "480p": (832, 480)}
#: Memory that there is, GB: what is beyond was meant in another unit.
_LEAST_GB, _MOST_GB = 0.1, (("vram", 2_000), ("ram", 100_000))
#: What --matrix goes through itself.
_OF_MATRIX = ("gpu", "vram", "calibration", "model", "size", "width", "height")


def check(args: Namespace) -> None:
    """Raise InvalidRequest for what can not be meant, or would be ignored."""
    for field, most in _MOST_GB:
        if (amount := getattr(args, field)) is not None and not _LEAST_GB <= amount <= most:
            raise InvalidRequest(field, "must be an amount in GB, such as 24")
    for field in ("width", "height"):
        if (px := getattr(args, field)) is not None and (args.size or px < 1):
            reason = "is in --size; leave one of both out" if args.size else "must be at least 1 px"
            raise InvalidRequest(field, reason)
    for field in _OF_MATRIX if args.matrix else ():
        if getattr(args, field) is not None:
            raise InvalidRequest(
                field,
                "is not for --matrix, which has all cards, and all models at their own sizes; "
                "leave it out",
            )


def request_of(args: Namespace) -> VideoRequest:
    """What would be rendered; raises InvalidRequest("size") for what is no size."""
    width, height = args.width, args.height
    if args.size:
        width, height = _size(args.size, args.model)
    return VideoRequest(
        prompt="any",
        model=args.model,
        profile=args.profile,
        width=width,
        height=height,
        num_frames=args.frames,
        image=Path("first.png") if args.from_image else None,
    )


def _size(text: str, model: str) -> tuple[int, int]:
    """Width and height of a name, as near to it as the model was trained at, or of numbers."""
    if wanted := _SIZES.get(text.lower()):
        trained = catalog.family(model).sizes
        return next((size for size in trained if size[0] == wanted[0]), wanted)
    found = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text.lower())
    if not found:
        raise InvalidRequest("size", f"{text!r} is no size; use 720p, 480p or such as 832x480")
    return int(found[1]), int(found[2])


def machine_of(args: Namespace) -> Machine:
    """The machine that was named, else this one, with the speeds that were measured on it.

    Raises InvalidRequest for a card or a file of speeds that nobody knows.
    """
    named = args.gpu is not None or args.vram is not None
    speeds = Speeds(read_settings().speeds_path)
    machine = _named(args) if named else _here(args, speeds)
    if args.calibration is None:
        return speeds.known(machine)
    found = _speeds_in(args.calibration)
    same = [one for one in found if machine_measured(one).name == machine.name]
    return replace(machine, calibration=(same or found)[-1])


def _speeds_in(path: Path) -> tuple[Calibration, ...]:
    """A file that was named is no one's to delete, as the text of our own would say."""
    if not is_file(path):
        raise InvalidRequest("calibration", f"there is no file {path}; check its name")
    try:
        found, why = read_calibrations(path), "holds no speeds of a machine"
    except InvalidRequest as error:
        found, why = (), error.reason.partition("; ")[0].removeprefix(f"{path} ")
    if not found:
        raise InvalidRequest("calibration", f"{path} {why}; name another file or leave it out")
    return found


def _named(args: Namespace) -> Machine:
    ram = round((args.ram or USUAL_RAM_GIB) * GIB)
    vram = None if args.vram is None else round(args.vram * GIB)
    if args.gpu is not None:
        return machine_named(args.gpu, vram_bytes=vram, ram_bytes=ram)
    return Machine(name=f"a card with {args.vram:g} GB", vram_bytes=vram or 0, ram_bytes=ram)


def _here(args: Namespace, speeds: Speeds) -> Machine:
    """This machine: the CPU that made the last clip, else what torch finds, which takes longer."""
    machine = speeds.newest()
    if machine is None or machine.device != "cpu" or catalog.family(args.model).needs:
        from ourvidz.pipeline.precision import machine_here

        machine = machine_here(read_settings().device)
    return replace(machine, ram_bytes=round(args.ram * GIB) if args.ram else host_bytes())
