"""How a benchmark ends: its figures, and what they depend on (hardware, versions, date, commit)."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("torch", "diffusers", "transformers", "av")


def add_saving(parser: ArgumentParser, *, note: bool = True) -> None:
    """The argument `--save` and, for results that have a note, `--note`."""
    parser.add_argument("--save", action="store_true", help="keep the result in results/")
    if note:
        parser.add_argument("--note", default="", help="what a reader of the result should know")


def keep(
    name: str,
    figures: Mapping[str, Any],
    *,
    more: Mapping[str, Any] | None = None,
    save: bool = True,
    out: Path = RESULTS,
) -> None:
    """Print the figures as the one JSON line that a benchmark ends with.

    save: first write them to OUT/NAME.json, with `more` that would be too much for a line.
    """
    if save:
        write(out / f"{name}.json", {**figures, **(more or {})})
    print(json.dumps(figures))


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Write a result whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    part.replace(path)


def provenance() -> dict[str, str]:
    """Names and values to print beside a result and to keep with it."""
    import torch  # Here: it would be in every peak that is measured.

    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "hardware": f"{_cpu()}, {os.cpu_count()} cores",
        "threads": str(torch.get_num_threads()),
        "python": platform.python_version(),
    }
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
    return facts | {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        ran = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:  # a lent machine may have no git, and a copy of the files no history
        return "unknown"
    return ran.stdout.strip() or "unknown"


def _cpu() -> str:
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
