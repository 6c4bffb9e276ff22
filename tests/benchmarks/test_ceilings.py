"""Ceilings and power of a device, measured here and with tools that stand in for a card's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from benchmarks import ceilings
from benchmarks.ceilings import Ceilings, measure_ceilings, metered, peak_ram_bytes

CPU = torch.device("cpu")


def test_the_roofline_is_the_slower_of_computing_and_uploading() -> None:
    found = Ceilings(matmul_tflops=2.0, attention_tflops=1.0, copy_gbps=100.0, upload_gbps=10.0)
    assert found.seconds(4e12, 3e12) == 5.0
    assert found.seconds(4e12, 3e12, uploaded_bytes=80_000_000_000) == 8.0
    assert replace(found, upload_gbps=None).seconds(0, 1e12, uploaded_bytes=10**12) == 1.0


def test_ceilings_are_measured_here() -> None:
    found = measure_ceilings(CPU, torch.float32, (64, 128, 256, 32))
    assert found.matmul_tflops > 0 and found.attention_tflops > 0 and found.copy_gbps > 0
    assert found.upload_gbps is None and found.products == "float32"
    assert peak_ram_bytes() > 2**20
    with metered() as meter:
        meter.mark()
        sleep(0.1)
        meter.mark()
    assert meter.watts is None or meter.watts > 0


def test_power_is_that_of_the_steps_that_are_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of loading and compiling before them, and not of what comes after."""
    tool, calls, draw = (tmp_path / name for name in ("nvidia-smi", "calls", "draw"))
    tool.write_text(f"#!/bin/sh\necho >> {calls}\ncat {draw}\n")
    tool.chmod(0o700)
    calls.touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(ceilings, "_SAMPLE_S", 0.01)

    def drawing(watts: str) -> None:
        draw.write_text(watts)
        until = len(calls.read_text()) + 3
        while len(calls.read_text()) < until:
            sleep(0.01)

    draw.write_text("500.0")
    with metered() as meter:
        drawing("500.0")
        drawing("300.0")
        meter.mark()
        drawing("300.0")
        meter.mark()
        drawing("70.0")
    assert meter.watts == 300
    with metered() as meter:
        meter.mark()
    assert meter.watts is None


@pytest.mark.parametrize(
    ("precision", "products"),
    [("fp8", "fp8"), ("int8", "int8"), ("nf4", "bfloat16"), ("bfloat16", "bfloat16")],
)
def test_products_are_measured_in_the_format_that_layers_multiply_in(
    precision: str, products: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.dtype] = []
    for place, name in ((torch, "_scaled_mm"), (torch, "_int_mm"), (F, "linear")):
        real = getattr(place, name)

        def noted(rows: torch.Tensor, *rest: object, real: Any = real, **more: object) -> object:
            seen.append(rows.dtype)
            return real(rows, *rest, **more)

        monkeypatch.setattr(place, name, noted)
    found = measure_ceilings(CPU, torch.bfloat16, (64, 128, 256, 32), precision)
    dtypes = {"fp8": torch.float8_e4m3fn, "int8": torch.int8, "bfloat16": torch.bfloat16}
    assert found.products == products and found.matmul_tflops > 0
    assert {*seen} == {dtypes[products]}


@pytest.mark.parametrize("name", ["_scaled_mm", "_int_mm"])
def test_a_device_without_8_bit_products_is_compared_with_16_bits_and_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise NotImplementedError("not on this device")

    monkeypatch.setattr(torch, name, missing)
    precision = {"_scaled_mm": "fp8", "_int_mm": "int8"}[name]
    found = measure_ceilings(CPU, torch.bfloat16, (64, 128, 256, 32), precision)
    assert found.products == f"bfloat16, no {precision} here" and found.matmul_tflops > 0
