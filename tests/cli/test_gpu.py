"""`ourvidz doctor --gpu`: what it finds on a machine, and that it never guesses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ourvidz.pipeline import gpu
from tests.cli.conftest import Run

LADDER = ("no_such_backend", "sage_hub", "native")


def findings(done: object) -> dict[str, dict[str, str]]:
    found = json.loads(getattr(done, "stdout"))["findings"]  # noqa: B009 - any `Done`
    return {one["what"]: one for one in found}


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_says_so_and_what_runs(ourvidz: Run) -> None:
    done = ourvidz("doctor", "--gpu", "--json")
    found = findings(done)
    assert done.status == 0
    assert (found["torch"]["state"], found["model starter"]["state"]) == ("warn", "ok")
    assert "224x128" in found["model starter"]["says"]
    assert "24 GB" in found["model wan2.1-14b"]["says"]
    assert found["attention native"]["state"] == "ok"
    assert "no the" not in done.stdout
    assert all(one["advice"] for one in found.values() if one["state"] != "ok")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_was_asked_for_must_be_there(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURVIDZ_DEVICE", "cuda")
    done = ourvidz("doctor", "--gpu", "--json")
    assert done.status == 1
    assert "Dockerfile" in findings(done)["torch"]["advice"]


def test_a_card_that_does_not_answer_is_a_finding(
    ourvidz: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> tuple[int, int]:
        raise RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable")

    monkeypatch.setenv("OURVIDZ_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", busy)
    done = ourvidz("doctor", "--gpu", "--json")
    assert done.status == 1
    assert "nvidia-smi" in findings(done)["card"]["advice"]


@pytest.mark.gpu
def test_a_gpu_is_described(ourvidz: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURVIDZ_DEVICE", "cuda")
    found = findings(ourvidz("doctor", "--gpu", "--json"))
    assert {"driver", "torch", "capability", "VRAM", "attention native"} <= found.keys()
    assert found["host memory"]["says"].endswith("can be pinned")


def test_a_card_is_seen_on_the_bus_even_without_a_driver(tmp_path: Path) -> None:
    assert not gpu.has_nvidia_card(tmp_path)
    for slot, vendor in (("0000:00:01.0", "0x8086"), ("0000:01:00.0", "0x10de")):
        (tmp_path / slot).mkdir()
        (tmp_path / slot / "vendor").write_text(f"{vendor}\n")
        assert gpu.has_nvidia_card(tmp_path) == (vendor == "0x10de")


def test_the_driver_is_asked_for_by_its_own_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    tool.write_text("#!/bin/sh\necho '550.54.14, NVIDIA GeForce RTX 4090'\n")
    tool.chmod(0o700)
    assert gpu.driver() == gpu.Driver(version="550.54.14", card="NVIDIA GeForce RTX 4090")
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    assert gpu.driver() == gpu.Driver()


def test_backends_are_tried_and_compared_with_plain_attention() -> None:
    tried = {one.name: one for one in gpu.attention_backends(LADDER, "cpu")}
    assert tried["no_such_backend"].problem
    assert tried["sage_hub"].problem
    assert tried["native"].problem == "" and (tried["native"].error or 0) < 1e-5


def test_packages_are_looked_at() -> None:
    assert gpu.installed("torch") == torch.__version__
    assert gpu.installed("no_such_package") == ""


def test_formats_are_tried_and_compared_with_bf16() -> None:
    tried = {one.name: one for one in gpu.formats(("int8", "q8_0"), "cpu")}
    assert tried["int8"].problem == "" and 0 < (tried["int8"].error or 0) < 0.05
    assert "can not be made" in tried["q8_0"].problem
