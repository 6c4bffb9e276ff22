"""Errors of a device get the name that tells people what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from ourvidz.domain.errors import Unavailable
from ourvidz.pipeline.budget import CPU
from ourvidz.pipeline.hardware import (
    find_device,
    free_bytes,
    free_memory,
    is_gone,
    machine_of,
    peak_bytes,
    ran_out,
    reachable,
    settle_allocators,
)
from ourvidz.pipeline.host import free_host_bytes, host_bytes
from ourvidz.pipeline.manager import ModelManager

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


@NO_GPU
def test_a_gpu_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(Unavailable, match=r"GPU: .*(device 'cpu'|nvidia-smi)"):
        ModelManager(device="cuda")


@NO_GPU
def test_without_a_gpu_the_device_is_the_cpu() -> None:
    assert find_device(None).type == "cpu"
    assert machine_of(torch.device("cpu")) == CPU


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_a_full_memory_is_known_however_it_is_said(error: BaseException) -> None:
    assert ran_out(error) and not is_gone(error)


@pytest.mark.parametrize("words", ["CUDA error: an illegal memory access", "GPU is lost"])
def test_a_card_that_stopped_answering_is_unavailable(words: str) -> None:
    with pytest.raises(Unavailable, match=r"stopped answering .*nvidia-smi"), reachable():
        raise RuntimeError(f"{words}\nCompile with TORCH_USE_CUDA_DSA")


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(RuntimeError, match="shapes"), reachable():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


def test_memory_is_counted() -> None:
    assert 0 < free_host_bytes() <= host_bytes()
    assert 0 < peak_bytes(torch.device("cpu")) < host_bytes()


@pytest.mark.parametrize(
    ("said", "settled"), [("", "pinned_max_round_threshold_mb:1"), ("max_split_size_mb:64", "64")]
)
def test_what_the_user_says_of_torchs_memory_goes_before(said: str, settled: str) -> None:
    code = """
import torch
from ourvidz.pipeline.hardware import settle_allocators
settle_allocators()
settle_allocators()
print(torch._C._accelerator_getAllocatorSettings())
"""
    variables = {"PATH": os.defpath, "PYTORCH_ALLOC_CONF": said}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert ran.stdout.strip().endswith(settled)


def test_an_older_torch_is_told_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with another CUDA may be all that a machine has; it refuses words of later ones."""
    told: list[str] = []

    def tell(words: str) -> None:
        if "pinned_max_round_threshold_mb" in words:
            raise RuntimeError("Unrecognized key 'pinned_max_round_threshold_mb'")
        told.append(words)

    monkeypatch.delattr(torch._C, "_accelerator_getAllocatorSettings")
    monkeypatch.setattr(torch._C, "_accelerator_setAllocatorSettings", tell)
    settle_allocators()
    assert told == ["expandable_segments:True"]
    monkeypatch.delattr(torch.accelerator.memory, "empty_host_cache")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: told.append("emptied"))
    free_memory()
    assert told[1:] == ["emptied"]


@NO_GPU
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_card_is_limited_by_its_number(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's own functions for it, which refuse a device without one, over a driver that is not
    there.
    """
    limits: dict[int, float] = {}
    card = SimpleNamespace(total_memory=40 * 2**30)
    monkeypatch.setattr(torch._C, "_cuda_setMemoryFraction", _by_number(limits), raising=False)
    monkeypatch.setattr(torch._C, "_cuda_getMemoryFraction", limits.get, raising=False)
    monkeypatch.setattr(torch._C, "_accelerator_setAllocatorSettings", lambda words: None)
    monkeypatch.setattr(torch.cuda.memory, "_lazy_init", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (30 * 2**30, 40 * 2**30))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 4 * 2**30)
    manager = ModelManager(device=name, vram_limit_bytes=24 * 2**30)
    assert limits == {manager.device.index or 0: 0.6}
    assert free_bytes(manager.device) == 20 * 2**30


def _by_number(limits: dict[int, float]) -> Callable[[float, int], None]:
    def limit(share: float, number: int) -> None:
        limits[number] = share

    return limit


@pytest.mark.gpu
def test_a_limit_is_what_the_plan_counts_with() -> None:
    try:
        limited = ModelManager(device="cuda", vram_limit_bytes=4 * 2**30)
        assert limited.machine.vram_bytes <= 4 * 2**30
        assert free_bytes(limited.device) <= 4 * 2**30
    finally:  # it is the process's, not the manager's
        torch.cuda.set_per_process_memory_fraction(1.0)
