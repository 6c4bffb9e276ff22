"""All that time with a card is for, the most valuable first: `python -m benchmarks.on_a_gpu`

Every part is a process with a limit of its own, and what it found is in results/on_a_gpu.json
before the next one begins: a machine that goes away takes one part with it. A second call goes on
with what is left or failed, for `--seconds` more. Large models have random weights and the cap of
a 24 GB card. Rows become the tables that `benchmarks.report` and notebook 04 read. Without a card
nothing is kept; what needs one is named.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import torch

from benchmarks.provenance import RESULTS, keep, provenance, write

State = Literal["done", "failed", "too long", "needs a card", "left"]

#: A part that has less than this can not even load.
_LEAST_S = 45.0
_TAIL = 1200
#: Seconds to end in when asked, before a part is ended without asking.
_GRACE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process: Python with these words. limit_s: after which it is stopped."""

    name: str
    words: tuple[str, ...]
    limit_s: float
    needs_card: bool = True


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a part. says: the end of what it printed. result: its last line."""

    state: State
    seconds: float = 0.0
    says: str = ""
    result: dict[str, Any] = field(default_factory=dict[str, Any])


def _rows(scenario: str, *more: str, limit_s: float) -> Part:
    """A scenario of the throughput benchmark; levers are compared with our own, not diffusers'."""
    words = ("-m", "benchmarks.throughput", "--only", scenario, "--steps", "3", *more)
    words += ("--random-weights", "--vram-limit-gb", "24")
    return Part(name=" ".join((scenario, *more)), words=words, limit_s=limit_s)


_T2V = "wan2.1-14b text_to_video"
_SD, _HD = f"{_T2V} 832x480x81 fast", f"{_T2V} 1280x720x81 fast"
_SMALL = "wan2.1-1.3b text_to_video 832x480x81 balanced"

#: Each one answers a question that nothing before it has answered.
PARTS = (
    Part(
        name="doctor", words=("-m", "ourvidz.cli", "doctor", "--gpu"), limit_s=60, needs_card=False
    ),
    Part(
        name="tests for cards",
        words=("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "gpu", "tests"),
        limit_s=120,
    ),
    Part(
        name="starter image 224x128x1 fast",
        words=("-m", "benchmarks.throughput", "--only", "starter image 224x128x1 fast"),
        limit_s=60,
        needs_card=False,
    ),
    _rows("wan2.1-14b image 1280x720x1 fast", "--teach", limit_s=120),
    _rows(_SD, "--teach", limit_s=200),
    _rows(_HD, "--teach", limit_s=300),
    _rows("wan2.1-14b first_frame 1280x720x81 fast", "--teach", "--alone", limit_s=220),
    _rows("wan2.1-vace-14b first_frame 1280x720x81 fast", "--teach", "--alone", limit_s=260),
    _rows(_HD, "--format", "bf16", "--alone", limit_s=220),
    _rows(_SD, "--format", "bf16", "--alone", limit_s=150),
    _rows(_SD, "--format", "nf4", "--alone", limit_s=150),
    _rows(_SD, "--compile", "no", "--alone", limit_s=110),
    _rows(_SD, "--compile", "no", "--attention", "native", "--alone", limit_s=110),
    _rows(_SD, "--compile", "no", "--attention", "_native_cudnn", "--alone", limit_s=110),
    _rows(_SD, "--compile", "no", "--attention", "sage_hub", "--alone", limit_s=110),
    _rows(_SMALL, "--tiles", "no", "--alone", limit_s=100),
    _rows(_SMALL, "--tiles", "yes", "--alone", limit_s=100),
    _rows(_SMALL, "--teach", limit_s=150),
    _rows("wan2.2-ti2v-5b text_to_video 1280x704x81 balanced", "--teach", limit_s=200),
    _rows(_HD, "--format", "nf4", "--alone", limit_s=220),
    _rows(f"{_T2V} 1280x720x81 quality", "--alone", limit_s=300),
)


def run_parts(
    parts: Sequence[Part], known: dict[str, Outcome], seconds: float, *, has_card: bool
) -> dict[str, Outcome]:
    """Outcomes by name, those that are `known` as done too; told and yielded as they come.

    seconds: for all of them; parts for which nothing is left are "left".
    """
    until = perf_counter() + seconds
    found = dict(known)
    for part in parts:
        if part.name in known and known[part.name].state == "done":
            continue
        rest = until - perf_counter()
        if part.needs_card and not has_card:
            found[part.name] = Outcome(state="needs a card")
        elif rest < min(_LEAST_S, part.limit_s):
            found[part.name] = Outcome(state="left")
        else:
            limit_s = part.limit_s if has_card else rest  # nobody hurries where nobody waits
            found[part.name] = run_part(part, min(limit_s, rest))
        told(part, found[part.name])
        if has_card:
            save(found, RESULTS)
    return found


def run_part(part: Part, limit_s: float) -> Outcome:
    """Run one part; never raises for what it does."""
    began = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *part.words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # its own children end with it
    )
    try:
        text, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        text = _stopped(process)
        return Outcome(state="too long", seconds=perf_counter() - began, says=text[-_TAIL:])
    result = _last_json(text)
    whys = [row["not_measured"] for row in result.get("rows", ()) if row.get("not_measured")]
    is_done = process.returncode == 0 and not whys
    return Outcome(
        state="done" if is_done else "failed",
        seconds=round(perf_counter() - began, 1),
        says="" if is_done else "\n".join(whys) or text[-_TAIL:],
        result=result,
    )


def _stopped(process: subprocess.Popen[str]) -> str:
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            return process.communicate(timeout=_GRACE_S)[0]
        except subprocess.TimeoutExpired:
            continue
    return ""


def _last_json(text: str) -> dict[str, Any]:
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            with suppress(ValueError):
                return json.loads(line)
    return {}


def told(part: Part, outcome: Outcome) -> None:
    """One line for people, and why not."""
    print(f"{outcome.state:13}{outcome.seconds:7.0f} s  {part.name}", flush=True)
    if outcome.state in ("failed", "too long"):
        print("    " + outcome.says.strip().replace("\n", "\n    "), flush=True)
    for row in outcome.result.get("rows", ()):
        if row.get("seconds_per_forward"):
            figures = ("seconds_per_forward", "peak_vram_gib", "predicted_gib", "decode_s")
            print("    " + ", ".join(f"{name} {_short(row.get(name))}" for name in figures))


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def read(folder: Path) -> dict[str, Outcome]:
    """Outcomes that an earlier call kept."""
    path = folder / "on_a_gpu.json"
    if not path.exists():
        return {}
    parts: dict[str, Any] = json.loads(path.read_text())["parts"]
    return {name: Outcome(**one) for name, one in parts.items()}


def save(found: dict[str, Outcome], folder: Path) -> None:
    """All outcomes, and the tables of speeds and of peaks that others read."""
    facts = provenance()
    rows = [row for one in found.values() for row in one.result.get("rows", ())]
    measured = [row for row in rows if row.get("seconds_per_forward")]
    write(folder / "on_a_gpu.json", {"parts": {k: asdict(v) for k, v in found.items()}} | facts)
    if not measured:
        return
    where = facts.get("gpu", "cpu").lower().replace(" ", "-")
    speeds = {"rows": measured, "vram_limit_gb": 24.0, "per_hour": None}
    write(folder / f"throughput-{where}.json", speeds | facts)
    if peaks := [as_peak(row) for row in measured if row.get("peak_vram_gib")]:
        ratios = [row["ratio"] for row in peaks]
        worst = {"worst_over": max(ratios), "worst_under": min(ratios), "rows": peaks}
        write(folder / "memory_gpu.json", worst | facts)


def as_peak(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the memory benchmark."""
    predicted, measured = row["predicted_gib"], row["peak_vram_gib"]
    return {
        "case": row["scenario"],
        "predicted_gib": round(predicted, 3),
        "measured_gib": round(measured, 3),
        "ratio": round(predicted / measured, 3),
    }


def main(argv: list[str] | None = None) -> None:
    """Run what is left of the list, and end with one JSON line of what became of each part."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.on_a_gpu", description=__doc__)
    parser.add_argument("--seconds", type=float, default=570, help="for all parts of this call")
    parser.add_argument("--only", default="", metavar="WORDS", help="parts that hold them")
    parser.add_argument("--again", action="store_true", help="what is done already, too")
    parser.add_argument("--list", action="store_true", help="name the parts and end")
    args = parser.parse_args(argv)
    parts = [one for one in PARTS if args.only in one.name]
    if args.list:
        print("\n".join(f"{one.limit_s:5.0f} s  {one.name}" for one in parts))
        return
    has_card = torch.cuda.is_available()
    if not has_card:
        print("There is no CUDA device: what needs one is named and not run, nothing is kept")
    known = read(RESULTS) if has_card else {}
    if args.again:
        known = {name: one for name, one in known.items() if args.only not in name}
    found = run_parts(parts, known, args.seconds, has_card=has_card)
    states = {part.name: found[part.name].state for part in parts}
    keep("on_a_gpu", {"parts": states} | provenance(), save=False)


if __name__ == "__main__":
    main()
