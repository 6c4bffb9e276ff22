"""The preview benchmark runs from end to end, and says nothing of directions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks import starter_previews
from ourvidz.starter.critic import CriticNet
from tests.tiny import save_tiny_starter


def test_it_measures_and_keeps_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    save_file(CriticNet().state_dict(), tmp_path / "critic.safetensors")
    models = save_tiny_starter(tmp_path / "models")
    out = tmp_path / "results"
    arguments = f"--n 2 --threads 1 --models-dir {models} --out {out}"
    arguments += f" --critic {tmp_path / 'critic.safetensors'}"
    monkeypatch.setattr(sys, "argv", ["starter_previews", *arguments.split()])
    starter_previews.main()
    printed = capsys.readouterr().out.splitlines()
    result = json.loads(printed[-1])
    assert result == json.loads((out / "starter_previews.json").read_text())
    assert result["n"] == 2 and {"place", "subject", "colour", "commit"} <= set(result)
    assert "direction" not in result
