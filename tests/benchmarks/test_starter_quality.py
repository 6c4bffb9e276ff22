"""The quality benchmark runs from end to end; tiny random models do not pass for good ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from benchmarks import starter_quality
from benchmarks.contact_sheet import BAD, GOOD, Row, write_sheet
from ourvidz.starter.critic import CriticNet
from tests.tiny import save_tiny_starter


def test_it_measures_shows_and_keeps_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    save_file(CriticNet().state_dict(), tmp_path / "critic.safetensors")
    models = save_tiny_starter(tmp_path / "models")
    out = tmp_path / "results"
    arguments = f"--n 1 --checks 4 --threads 1 --models-dir {models} --out {out}"
    arguments += f" --critic {tmp_path / 'critic.safetensors'}"
    monkeypatch.setattr(sys, "argv", ["starter_quality", *arguments.split()])
    starter_quality.main()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("critic on 4 held-out clips")
    result = json.loads(printed[-1])
    assert result == json.loads((out / "starter_quality.json").read_text())
    assert result["n"] == 1 and result["classifier_accuracy"] < 0.7
    assert 0 < result["vae_psnr_db"] < 25 and result["frame0_psnr_db"] > 0
    assert {"subject", "colour", "direction", "place", "commit", "hardware"} <= set(result)
    with Image.open(out / "starter_quality.png") as sheet:
        assert sheet.width > 1000


def test_two_processes_make_the_clips_of_one_in_the_same_order(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_file(CriticNet().state_dict(), tmp_path / "critic.safetensors")
    place = starter_quality.Place(
        models_dir=save_tiny_starter(tmp_path / "models"),
        critic=tmp_path / "critic.safetensors",
        threads=1,
    )
    alone, shared = (list(starter_quality.film_all(place, 6, count)) for count in (1, 2))
    assert [seen.wish for seen, _, _ in shared] == starter_quality.wishes(6)
    assert [words is not None for _, words, _ in shared] == [True, False, False, False, True, False]
    for one, other in zip(alone, shared, strict=True):
        assert np.array_equal(one[0].frames, other[0].frames)
        assert one[0].read == other[0].read


def test_the_contact_sheet_marks_failures_red_and_the_rest_green(tmp_path: Path) -> None:
    frames = np.full((3, 64, 112, 3), 128, np.uint8)

    def colors(right: bool) -> set[tuple[int, int, int]]:
        row = Row(caption="a red car", frames=frames, readings=(("car", right),))
        write_sheet([row], tmp_path / "sheet.png", "title")
        with Image.open(tmp_path / "sheet.png") as sheet:
            pixels = np.asarray(sheet.convert("RGB")).reshape(-1, 3)
        return {tuple(map(int, pixel)) for pixel in np.unique(pixels, axis=0)}  # type: ignore[misc]

    assert GOOD in colors(True) and BAD not in colors(True)
    assert BAD in colors(False) and GOOD not in colors(False)
