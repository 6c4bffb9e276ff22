"""One lever at a time: passes are counted, and the autoencoder is left as it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import tradeoffs
from benchmarks.starter_quality import wishes
from benchmarks.tradeoffs import REFERENCE, SETTINGS, Bench, Setting, held
from ourvidz.pipeline.forecast import Schedule
from tests.tiny import tiny_vae

FEW = (
    Setting(lever="steps", value="2", num_inference_steps=2),
    Setting(lever="guidance", value="1.0", num_inference_steps=2, guidance_scale=1.0),
    Setting(lever="step cache", value="every 2", num_inference_steps=9, interval=2),
    Setting(lever="layers", value="int8", num_inference_steps=2, int8=True),
    Setting(lever="autoencoder", value="bf16", num_inference_steps=2, vae_bf16=True),
)


def test_settings_differ_and_move_one_lever() -> None:
    assert len(set(SETTINGS)) == len(SETTINGS)
    plain = Setting(lever="steps", value="20")
    for one in SETTINGS:
        moved = [name for name in vars(plain) if name not in ("lever", "value")
                 and vars(one)[name] != vars(plain)[name]]  # fmt: skip
        assert len(moved) <= 1, one


def test_a_module_is_in_another_format_for_a_while_only() -> None:
    vae = tiny_vae()
    before = {name: tensor.clone() for name, tensor in vae.state_dict().items()}
    with held(vae, torch.bfloat16):
        assert vae.dtype == torch.bfloat16
    assert vae.dtype == torch.float32
    assert all(torch.equal(vae.state_dict()[name], one) for name, one in before.items())


def test_rows_tell_passes_time_distance_and_what_was_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tradeoffs, "SETTINGS", FEW)
    short = Setting(lever="steps", value="3", num_inference_steps=3)
    monkeypatch.setattr(tradeoffs, "REFERENCE", short)
    words = ["tradeoffs", "--n", "2", "--n-slow", "1", "--frames", "5", "--processes", "2",
             "--models-dir", str(home / "models"), "--out", str(tmp_path)]  # fmt: skip
    monkeypatch.setattr(sys, "argv", words)
    tradeoffs.main()
    rows = {
        row["lever"]: row for row in json.loads((tmp_path / "tradeoffs.json").read_text())["rows"]
    }
    passes = {lever: row["forwards"] for lever, row in rows.items()}
    schedule = Schedule(num_steps=9, first=4, interval=2)
    computed = 2 * sum(map(schedule.computes, range(9)))
    assert passes == {
        "steps": 4, "guidance": 2, "step cache": computed, "layers": 4, "autoencoder": 4
    }  # fmt: skip
    assert computed < 18
    for row in rows.values():
        assert row["adherence_low"] <= row["adherence"] <= row["adherence_high"]
        slow = row["lever"] in ("layers", "autoencoder")
        assert row["captions"] == (1 if slow else 2)
        assert row["answers"] >= 4 * row["captions"] and row["psnr_db"] > 5


def test_the_reference_is_at_no_distance_from_itself(home: Path) -> None:
    bench = Bench(1, home / "models")
    (one,) = wishes(1)
    few = Setting(lever="steps", value="2", num_inference_steps=2)
    best = [bench.make(one, 1000, few)]
    assert bench.row(few, best)["psnr_db"] is None
    assert REFERENCE in SETTINGS
