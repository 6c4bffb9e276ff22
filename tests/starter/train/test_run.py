"""A run learns, logs and saves, and goes on where it was stopped."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ourvidz.starter.train.run import Budget, Run


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "loss.csv").open() as file:
        return list(csv.DictReader(file))


def checkpoint(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def line_run(folder: Path, minutes: float, warmup: float = 1e-9) -> Run:
    """Learns y = 3 x."""
    torch.manual_seed(0)
    line = nn.Linear(1, 1)
    optimizer = torch.optim.Adam(line.parameters(), lr=0.1)
    return Run(folder, line, [optimizer], Budget(minutes=minutes, warmup=warmup))


def go(run: Run, steps: int) -> None:
    for step in run.steps():
        x = torch.linspace(-1, 1, 8)[:, None]
        loss = (run.model(x) - 3 * x).square().mean()
        loss.backward()
        run.log(loss=loss.item())
        if step + 1 >= steps:
            run.seconds = 60 * run.budget.minutes  # as if the time were up


def test_a_run_learns_logs_and_saves(tmp_path: Path) -> None:
    run = line_run(tmp_path, 10)
    go(run, 120)
    losses = [float(row["loss"]) for row in rows_of(tmp_path)]
    assert len(losses) == 120 and losses[-1] < 0.1 * losses[0]
    assert checkpoint(tmp_path)["step"] == 120
    assert not list(tmp_path.glob("*.part"))


def test_a_run_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    first = line_run(tmp_path, 10)
    go(first, 20)
    second = line_run(tmp_path, 20)
    assert (second.step, second.seconds) == (20, first.seconds)
    for mine, other in (
        (second.model, first.model),
        (second.average, first.average),
    ):
        assert torch.equal(mine.weight, other.weight)  # type: ignore[arg-type]
    moments = second.optimizers[0].state_dict()["state"][0]
    assert moments["step"] == 20 and moments["exp_avg"].abs().sum() > 0
    go(second, 25)
    assert [row["step"] for row in rows_of(tmp_path)] == [str(i) for i in range(25)]


def test_a_run_whose_time_is_up_takes_no_step(tmp_path: Path) -> None:
    go(line_run(tmp_path, 10), 5)
    assert list(line_run(tmp_path, 10).steps()) == []


def test_the_learning_rate_rises_then_falls(tmp_path: Path) -> None:
    run = line_run(tmp_path, 1, warmup=0.01)
    seen = []
    for seconds in (0.0, 0.6, 30.0, 59.9):
        run.seconds = seconds
        next(run.steps())
        seen.append(run.optimizers[0].param_groups[0]["lr"])
    assert seen[0] < 0.02 * seen[1] and seen[1] > seen[2] > seen[3] > 0
