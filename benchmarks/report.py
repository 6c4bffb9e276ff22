"""Results as Markdown tables and plots: `python -m benchmarks.report`

Reads what the benchmarks left in results/, measures nothing, and says of every table on which
machine, when and at which commit it was made. What nobody measured is called that.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from benchmarks.provenance import RESULTS

Result = Mapping[str, Any]

#: Columns of the throughput table: heading, key, digits.
_THROUGHPUT = (
    ("s a forward", "seconds_per_forward", 3), ("TFLOP/s", "tflops", 3),
    ("of the roofline", "roofline_fraction", 2), ("VRAM, GiB", "peak_vram_gib", 1),
    ("RAM, GiB", "peak_ram_gib", 1), ("times diffusers' time", "vs_diffusers", 2),
    ("s a clip", "clip_s", 1), ("cost of a clip", "cost_per_clip", 4),
)  # fmt: skip
_TRADEOFFS = (
    ("passes", "forwards", 0), ("denoising, s", "denoise_s", 2), ("decoding, s", "decode_s", 2),
    ("PSNR to the reference, dB", "psnr_db", 1),
)  # fmt: skip
_MEMORY = (("predicted, GiB", "predicted_gib", 2), ("measured, GiB", "measured_gib", 2))


def read(folder: Path, pattern: str) -> list[Result]:
    """Result files that match, by name."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob(pattern))]


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table.

    >>> print(markdown(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [heads, ["---"] * len(heads), *rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return text.replace("| --- |", "|---|").replace(" --- |", "---|")


def cell(value: float | None, digits: int) -> str:
    """A figure, or a dash where there is none.

    >>> cell(0.5, 2), cell(None, 2)
    ('0.50', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def origin(result: Result) -> str:
    """Where and when a result was measured."""
    machine = result.get("gpu") or result.get("hardware", "?")
    return f"{machine}, {result.get('date', '?')}, commit {result.get('commit', '?')}"


def throughput_table(result: Result) -> str:
    """One machine's rows; those without figures in a sentence below."""
    done = [row for row in result["rows"] if not row["not_measured"]]
    left = [row for row in result["rows"] if row["not_measured"]]
    rows = [
        [
            row["scenario"],
            *(cell(row[key], digits) for _, key, digits in _THROUGHPUT),
            row.get("ceiling") or "-",
        ]
        for row in done
    ]
    heads = ["scenario", *(head for head, _, _ in _THROUGHPUT), "products of the roofline"]
    table = markdown(heads, rows)
    missing = "".join(
        f"\n- not measured ({row['not_measured']}): {row['scenario']}" for row in left
    )
    limit = result.get("vram_limit_gb")
    cap = f", capped at {limit:g} GB" if limit else ""
    return f"{origin(result)}{cap}\n\n{table}\n{missing}"


def tradeoffs_table(result: Result) -> str:
    """A row for each setting, with the interval of what the critic read."""
    rows = [
        [
            f"{row['lever']} {row['value']}",
            *(cell(row[key], digits) for _, key, digits in _TRADEOFFS),
            f"{100 * row['adherence']:.0f} % ({100 * row['adherence_low']:.0f} to "
            f"{100 * row['adherence_high']:.0f})",
        ]
        for row in result["rows"]
    ]
    heads = ["setting", *(head for head, _, _ in _TRADEOFFS), "shown of the caption"]
    few = {row.get("captions", result["captions"]) for row in result["rows"]}
    few -= {result["captions"]}
    slow = f" ({', '.join(map(str, sorted(few)))} where a CPU is slow)" if few else ""
    about = f"{result['captions']} captions{slow}, {result['frames']} frames each"
    return f"{origin(result)}, {about}\n\n{markdown(heads, rows)}"


def memory_table(result: Result) -> str:
    """Predicted and measured peaks."""
    rows = [
        [str(row.get("case") or row.get("name", "?")),
         *(cell(row.get(key), digits) for _, key, digits in _MEMORY)]
        for row in result["rows"]
    ]  # fmt: skip
    heads = ["job", *(head for head, _, _ in _MEMORY)]
    worst = f"predicted / measured: {result['worst_under']:.2f} to {result['worst_over']:.2f}"
    return f"{origin(result)}, {worst}\n\n{markdown(heads, rows)}"


def report(folder: Path) -> str:
    """All tables of the results in `folder`."""
    parts = ["# What was measured"]
    found = read(folder, "throughput-*.json")
    parts += ["## Speed", *map(throughput_table, found)]
    if not any(result.get("gpu") for result in found):
        parts.append("Not measured on a GPU yet.")
    for result in read(folder, "memory*.json"):
        parts.append("## Memory\n\n" + memory_table(result))
    for result in read(folder, "tradeoffs.json"):
        parts.append("## Quality against time, the starter\n\n" + tradeoffs_table(result))
    return "\n\n".join(parts) + "\n"


def plot_throughput(results: Sequence[Result], path: Path) -> None:
    """Seconds of a clip by machine, and our share of plain diffusers' time."""
    rows = [
        (f"{row['scenario']}\n{result.get('gpu') or result['hardware']}", row)
        for result in results
        for row in result["rows"]
        if not row["not_measured"]
    ]
    height = 1.2 + 0.55 * max(1, len(rows))
    figure, axes = plt.subplots(1, 2, figsize=(11, height), sharey=True)
    names = [name for name, _ in rows]
    for axis, key, title in zip(
        axes, ("clip_s", "vs_diffusers"), ("s a clip", "of diffusers' time"), strict=True
    ):
        axis.barh(names, [row[key] or 0 for _, row in rows], color="tab:blue")
        axis.set_title(title)
    axes[1].axvline(1, color="grey", linewidth=1)
    figure.savefig(path, bbox_inches="tight", dpi=110)
    plt.close(figure)


def plot_tradeoffs(result: Result, path: Path) -> None:
    """What the critic saw, and the distance to the reference, against the time it took."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4))
    for lever in dict.fromkeys(row["lever"] for row in result["rows"]):
        rows = sorted(
            (row for row in result["rows"] if row["lever"] == lever),
            key=lambda row: row["denoise_s"],
        )
        seconds = [row["denoise_s"] + row["decode_s"] for row in rows]
        share = [100 * row["adherence"] for row in rows]
        low = [100 * (row["adherence"] - row["adherence_low"]) for row in rows]
        high = [100 * (row["adherence_high"] - row["adherence"]) for row in rows]
        style = "o-" if lever == "steps" else "o"
        axes[0].errorbar(seconds, share, [low, high], fmt=style, label=lever, capsize=2, alpha=0.8)
        near = [(s, row["psnr_db"]) for s, row in zip(seconds, rows, strict=True) if row["psnr_db"]]
        axes[1].plot([s for s, _ in near], [db for _, db in near], style, label=lever)
        for (at, db), row in zip(near, (row for row in rows if row["psnr_db"]), strict=True):
            axes[1].annotate(row["value"], (at, db), fontsize=7)
    axes[0].set(xlabel="CPU seconds", ylabel="shown of the caption, %, with 95 % interval")
    axes[1].set(xlabel="CPU seconds", ylabel="PSNR to 40 guided steps, dB")
    axes[0].legend(fontsize=8)
    figure.savefig(path, bbox_inches="tight", dpi=110)
    plt.close(figure)


def main() -> None:
    """Write results/REPORT.md and its plots."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report")
    parser.add_argument("--results", type=Path, default=RESULTS, help="what is read")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the report is written")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "REPORT.md").write_text(report(args.results))
    if found := read(args.results, "throughput-*.json"):
        plot_throughput(found, args.out / "throughput.png")
    for result in read(args.results, "tradeoffs.json"):
        plot_tradeoffs(result, args.out / "tradeoffs.png")
    print(json.dumps({"report": "REPORT.md", "throughput_results": len(found)}))


if __name__ == "__main__":
    main()
