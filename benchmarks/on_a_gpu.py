"""All that time with a card is for, the most valuable first: `python -m benchmarks.on_a_gpu`

Every part is a process with a limit of its own (`--list` names them), and what it found is in
`--out` before the next one begins, rows of a part that was stopped too: a machine that goes away
takes no more than one row with it. A second call goes on with what is left or failed, for
`--seconds` more, and last with what took too long. Large models have random weights and the cap of
a 24 GB card. Rows become the tables that `benchmarks.report` and notebook 04 read. Where only one
folder comes back from the machine, name it as `--out` and as OURVIDZ_HOME: the planner's speeds are
kept there. Without a card nothing is kept; what needs one is named.
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

from benchmarks.gpu_parts import PARTS, Part
from benchmarks.provenance import RESULTS, keep, provenance, write

State = Literal["done", "failed", "too long", "needs a card", "left"]

_TAIL = 1200
#: Seconds to end in when asked, before a part is ended without asking.
_GRACE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a part. says: the end of what it printed. result: its last line."""

    state: State
    seconds: float = 0.0
    says: str = ""
    result: dict[str, Any] = field(default_factory=dict[str, Any])


def run_parts(
    parts: Sequence[Part],
    known: dict[str, Outcome],
    seconds: float,
    *,
    has_card: bool,
    out: Path = RESULTS,
) -> dict[str, Outcome]:
    """Outcomes by name, those that are `known` as done too; told, and kept in `out`, as they come.

    seconds: for all of them; parts for which nothing is left are "left".
    """
    until = perf_counter() + seconds
    found = dict(known)
    is_hopeless = False
    # What has taken too long would do so again, and what it told is kept: it waits for the others.
    slow = {name for name, one in known.items() if one.state == "too long"}
    for part in sorted(parts, key=lambda one: one.name in slow):
        before = known.get(part.name, Outcome(state="left"))
        if before.state == "done":
            continue
        rest = until - perf_counter()
        if part.needs_card and not has_card:
            found[part.name] = Outcome(state="needs a card")
        elif is_hopeless or rest < part.least_s:
            found[part.name] = before
        else:
            limit_s = part.limit_s if has_card else rest  # nobody hurries where nobody waits
            found[part.name] = run_part(part, min(limit_s, rest))
        told(part, found[part.name])
        is_hopeless |= part.is_vital and found[part.name].state in ("failed", "too long")
        if has_card:
            try:
                save(found, out)
            except OSError as error:  # the next parts are printed, too
                print(f"Not kept: {error}", flush=True)
    return found


def run_part(part: Part, limit_s: float) -> Outcome:
    """Run one part; never raises for what it does."""
    began = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-u", *part.words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # Its own children end with it, and it with the command that a machine was lent for.
        process_group=0,
    )
    is_late = False
    try:
        text, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        text, is_late = _stopped(process), True
    except KeyboardInterrupt:  # which its own group is not told of: it would keep the card
        _stopped(process)
        raise
    result = _last_json(text)
    whys = [row["not_measured"] for row in result.get("rows", ()) if row.get("not_measured")]
    is_done = process.returncode == 0 and not whys
    lines = [line for line in text.splitlines() if not line.startswith("{")]
    return Outcome(
        state="too long" if is_late else "done" if is_done else "failed",
        seconds=round(perf_counter() - began, 1),
        says="\n".join([*whys, "\n".join(lines)[-_TAIL:]]).strip(),
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
        print("    " + outcome.says.replace("\n", "\n    "), flush=True)
    for row in outcome.result.get("rows", ()):
        if row.get("seconds_per_forward"):
            figures = ("seconds_per_forward", "peak_vram_gib", "predicted_gib", "decode_s")
            shown = ", ".join(f"{name} {_short(row.get(name))}" for name in figures)
            print(f"    {row['scenario']}: {shown}", flush=True)


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def read(folder: Path) -> dict[str, Outcome]:
    """Outcomes that an earlier call kept; what another card gave says nothing of this one."""
    path = folder / "on_a_gpu.json"
    if not path.exists():
        return {}
    kept = json.loads(path.read_text())
    if kept.get("gpu") != provenance().get("gpu"):
        return {}
    return {name: Outcome(**one) for name, one in kept["parts"].items()}


def save(found: dict[str, Outcome], folder: Path) -> None:
    """All outcomes, and the tables of speeds and of peaks that others read."""
    facts = provenance()
    write(folder / "on_a_gpu.json", {"parts": {k: asdict(v) for k, v in found.items()}} | facts)
    measured = measured_rows(found)
    if not measured:
        return
    where = facts.get("gpu", "cpu").lower().replace(" ", "-")
    speeds = {"rows": measured, "vram_limit_gb": 24.0, "per_hour": None}
    write(folder / f"throughput-{where}.json", speeds | facts)
    if peaks := [as_peak(row) for row in measured if row.get("peak_vram_gib")]:
        ratios = [row["ratio"] for row in peaks]
        worst = {"worst_over": max(ratios), "worst_under": min(ratios), "rows": peaks}
        write(folder / "memory_gpu.json", worst | facts)


def measured_rows(found: dict[str, Outcome]) -> list[dict[str, Any]]:
    """Rows with figures, one of a name: a later part adds what those before it did not look at."""
    rows: dict[str, dict[str, Any]] = {}
    for one in found.values():
        for row in one.result.get("rows", ()):
            if row.get("seconds_per_forward"):
                known = rows.setdefault(row["scenario"], {})
                known |= {name: value for name, value in row.items() if value not in (None, "")}
                known |= {name: value for name, value in row.items() if name not in known}
                known["incomplete"] = row.get("incomplete", "")
    return [*rows.values()]


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
    parser.add_argument("--seconds", type=float, default=540, help="for all parts of this call")
    parser.add_argument("--only", default="", metavar="WORDS", help="parts that hold them")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FOLDER", help="for results")
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
    known = (read(args.out) or read(RESULTS)) if has_card else {}
    if args.again:
        known = {name: one for name, one in known.items() if args.only not in name}
    found = run_parts(parts, known, args.seconds, has_card=has_card, out=args.out)
    states = {part.name: found[part.name].state for part in parts}
    keep("on_a_gpu", {"parts": states} | provenance(), save=False)


if __name__ == "__main__":
    main()
