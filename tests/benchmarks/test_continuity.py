"""The benchmark of films runs from end to end and measures what it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from benchmarks import continuity
from benchmarks.continuity import Along
from ourvidz.starter.critic import CriticNet
from tests.tiny import save_tiny_starter


def along(colors: np.ndarray) -> Along:
    clips = len(colors)
    return Along(
        colors=colors,
        inside=np.full((clips, 79), 2.0),
        seams=np.linspace(2.0, 4.0, clips - 1),
        kept=np.ones((clips, 5), bool),
        seconds=1.0,
    )


def test_a_steady_change_is_drift_and_scatter_is_not() -> None:
    rng = np.random.default_rng(1)
    steady = 100 + rng.normal(0, 1, (60, 6))
    drifting = steady + np.arange(60)[:, None] / 10
    assert along(steady).drift(60) < 2 * along(steady).noise()
    assert along(drifting).drift(60) == pytest.approx(5.5, abs=1)
    assert along(drifting).drift(60) > 2 * along(drifting).noise()
    assert along(steady).seam_ratio() == pytest.approx(1.5)
    assert along(steady).worst_seam_ratio() == pytest.approx(2.0)


def test_it_measures_draws_and_keeps_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    save_file(CriticNet().state_dict(), tmp_path / "critic.safetensors")
    models = save_tiny_starter(tmp_path / "models")
    out = tmp_path / "results"
    arguments = f"--clips 2 --frames 12 --threads 1 --models-dir {models} --out {out}"
    arguments += f" --critic {tmp_path / 'critic.safetensors'}"
    monkeypatch.setattr(sys, "argv", ["continuity", *arguments.split()])
    continuity.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result == json.loads((out / "continuity.json").read_text())
    modes = ("anchored", "chained", "independent")
    assert {f"seam_ratio_{mode}" for mode in modes} <= set(result)
    assert all(result[f"drift_2_{mode}"] >= 0 for mode in modes)
    assert 0 <= result["attributes_kept_2"] <= 1 and result["frames_of_clips"] == {"2": 12}
    with Image.open(out / "continuity.png") as sheet:
        assert sheet.width > 800
