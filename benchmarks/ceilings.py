"""What a device can do at best, measured here and now, and the power it draws meanwhile."""

from __future__ import annotations

import re
import resource
import shutil
import statistics
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn

from ourvidz.pipeline.budget.memory import INT8_ROWS
from ourvidz.pipeline.quantize import Fp8Linear, Int8Linear, fp8_product

_TERA, _GIGA = 1e12, 1e9
_LEAST_S = 0.15
_SAMPLE_S = 0.5
_SMI_S = 5
_RAPL = Path("/sys/class/powercap/intel-rapl:0/energy_uj")


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """Tera operations a second of products and of attention; GB/s of copies on the device, and
    to it from pinned host memory (None on a CPU). products: the format of the products.
    """

    products: str = ""
    matmul_tflops: float
    attention_tflops: float
    copy_gbps: float
    upload_gbps: float | None = None

    def seconds(self, linear: float, attention: float, uploaded_bytes: int = 0) -> float:
        """The least a forward can take: its products and attention, or the weights' way."""
        computing = linear / self.matmul_tflops / _TERA + attention / self.attention_tflops / _TERA
        if not uploaded_bytes or self.upload_gbps is None:
            return computing
        return max(computing, uploaded_bytes / self.upload_gbps / _GIGA)


def measure_ceilings(
    device: torch.device, dtype: torch.dtype, shape: tuple[int, int, int, int], precision: str = ""
) -> Ceilings:
    """shape: tokens, dim, ffn_dim and head_dim of the transformer that is compared with them.

    precision: of its layers. Products are measured in fp8 and int8 where layers multiply in them
    and the device can, else in dtype; `products` says which.
    """
    tokens, dim, ffn_dim, head_dim = shape
    x = torch.randn(tokens, dim, device=device, dtype=dtype)
    weight = torch.randn(ffn_dim, dim, device=device, dtype=dtype)
    q, k, v = torch.randn(3, 1, dim // head_dim, tokens, head_dim, device=device, dtype=dtype)
    source = torch.empty(64 * 2**20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    with torch.inference_mode():
        products, matmul_tflops = _products(x, weight, precision)
        attention = fastest(lambda: F.scaled_dot_product_attention(q, k, v), device)
        copy = fastest(lambda: target.copy_(source), device)
        upload = None
        if device.type == "cuda":
            host = torch.empty(source.shape, dtype=torch.uint8, pin_memory=True)
            upload = fastest(lambda: target.copy_(host, non_blocking=True), device)
    return Ceilings(
        products=products,
        matmul_tflops=matmul_tflops,
        attention_tflops=4 * tokens * tokens * dim / attention / _TERA,
        copy_gbps=2 * source.numel() / copy / _GIGA,
        upload_gbps=source.numel() / upload / _GIGA if upload else None,
    )


def _products(x: torch.Tensor, weight: torch.Tensor, precision: str) -> tuple[str, float]:
    """Format and tera operations a second of x (n, in) by weight (out, in)."""
    plain = str(x.dtype).removeprefix("torch.")
    if precision in ("fp8", "int8"):
        try:
            return precision, _tflops(*_in_8_bits(x, weight, precision), x.device)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, NotImplementedError):
            plain += f", no {precision} here"
    return plain, _tflops(lambda: F.linear(x, weight), 2 * x.numel() * len(weight), x.device)


def _in_8_bits(
    x: torch.Tensor, weight: torch.Tensor, precision: str
) -> tuple[Callable[[], object], int]:
    """The product that our layers make of rows that are scaled already, and its operations."""
    kind = Fp8Linear if precision == "fp8" else Int8Linear
    x = x if precision == "fp8" else x[:INT8_ROWS]
    rows, held = (_scaled(kind, one) for one in (x, weight))
    count = 2 * x.numel() * len(weight)
    if precision == "fp8":
        return lambda: fp8_product(rows.weight, rows.scale, held.weight, held.scale), count
    return lambda: torch._int_mm(rows.weight, held.weight.t()), count


def _scaled(kind: type[Fp8Linear | Int8Linear], values: torch.Tensor) -> Fp8Linear | Int8Linear:
    linear = nn.Linear(1, 1, bias=False, device="meta")
    linear.weight = nn.Parameter(values, requires_grad=False)
    return kind(linear, values.device)


def _tflops(work: Callable[[], object], operations: int, device: torch.device) -> float:
    return operations / fastest(work, device) / _TERA


def fastest(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of the fastest of several calls, after one that is thrown away."""
    work()
    synchronize(device)
    best, until = float("inf"), perf_counter() + _LEAST_S
    while perf_counter() < until or best == float("inf"):
        begin = perf_counter()
        work()
        synchronize(device)
        best = min(best, perf_counter() - begin)
    return best


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Clock:
    """Times between steps; the first step warms caches and compilers up and is no measure.

    on_tick: called at the end of each step.
    """

    def __init__(self, device: torch.device, on_tick: Callable[[], None] = lambda: None) -> None:
        self._device = device
        self._times: list[float] = []
        self._on_tick = on_tick

    def tick(self) -> None:
        """A step has ended."""
        synchronize(self._device)
        self._times.append(perf_counter())
        self._on_tick()

    def median(self) -> float:
        """Seconds of one step."""
        pairs = zip(self._times, self._times[1:], strict=False)
        return statistics.median(after - before for before, after in pairs)


class Meter:
    """Power from the first mark to the last: of the card by its driver, else of the processor by
    its counter.
    """

    def __init__(self, *, has_card: bool) -> None:
        self._has_card = has_card
        self._marks: list[tuple[float, int | None]] = []
        self._samples: list[tuple[float, float]] = []

    def mark(self) -> None:
        """What is measured begins here, ends here, or is on its way."""
        self._marks.append((perf_counter(), _energy_uj()))

    def sample(self, done: threading.Event) -> None:
        """Ask the driver again and again until `done`."""
        command = ["nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits"]
        while not done.is_set():
            try:
                ran = subprocess.run(command, capture_output=True, text=True, timeout=_SMI_S)
            except (OSError, subprocess.TimeoutExpired):
                return
            if found := re.match(r"\d+(\.\d+)?", ran.stdout):
                self._samples.append((perf_counter(), float(found[0])))
            done.wait(_SAMPLE_S)

    @property
    def watts(self) -> float | None:
        """On average; None where nothing can be read, or nothing was in so short a time."""
        if len(self._marks) < 2:
            return None
        (began, before), (ended, after) = self._marks[0], self._marks[-1]
        if self._has_card:
            drawn = [watts for at, watts in self._samples if began <= at <= ended]
            return statistics.mean(drawn) if drawn else None
        if before is None or after is None or after <= before:
            return None
        return (after - before) / 1e6 / (ended - began)


@contextmanager
def metered() -> Iterator[Meter]:
    """Measure between the marks that are made inside."""
    has_card, done = shutil.which("nvidia-smi") is not None, threading.Event()
    meter = Meter(has_card=has_card)
    sampling = threading.Thread(target=meter.sample, args=(done,), daemon=True)
    if has_card:
        sampling.start()
    try:
        yield meter
    finally:
        done.set()
        if has_card:
            sampling.join()


def _energy_uj() -> int | None:
    try:
        return int(_RAPL.read_text())
    except (OSError, ValueError):
        return None


def forget_peak_ram() -> None:
    """Count the peak of this process's memory anew, where the system lets it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_ram_bytes() -> int:
    """The most memory this process had since `forget_peak_ram`."""
    status = Path("/proc/self/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.M) if status.exists() else None
    return int(found[1]) * 1024 if found else resource.getrusage(0).ru_maxrss * 1024
