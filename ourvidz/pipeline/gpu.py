"""What a GPU, its driver and the libraries for it can do on this machine: looked at, not assumed.

Nothing here raises for what is missing: a report says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import torch
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn

#: Number of NVIDIA on the PCI bus.
_NVIDIA = "0x10de"
_SMI_S = 20
#: A backend whose result differs more from the plain one, relatively, is not usable.
_TOLERANCE = 0.05
_PINNED_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Driver:
    """What `nvidia-smi` says. "" where it is not there."""

    version: str = ""
    card: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One CUDA device as torch sees it."""

    name: str
    capability: tuple[int, int]
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, kw_only=True)
class Backend:
    """One way to compute attention. problem: why it is not usable, "" when it is.

    error: largest relative difference from plain attention, where it ran.
    """

    name: str
    problem: str = ""
    error: float | None = None


def has_nvidia_card(devices: Path = Path("/sys/bus/pci/devices")) -> bool:
    """Whether an NVIDIA device is plugged in, with a driver or without."""
    vendors = devices.glob("*/vendor")
    return any(vendor.read_text().strip() == _NVIDIA for vendor in vendors)


def driver() -> Driver:
    """The driver and the first card it knows."""
    if shutil.which("nvidia-smi") is None:
        return Driver()
    command = ["nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_SMI_S)
    except (OSError, subprocess.TimeoutExpired):
        return Driver()
    number, _, name = ran.stdout.partition("\n")[0].partition(",")
    return Driver(version=number.strip(), card=name.strip()) if ran.returncode == 0 else Driver()


def cuda_build() -> str:
    """CUDA version that torch was built for, "" for a build without CUDA."""
    return torch.version.cuda or ""


def card() -> Card | None:
    """The device that torch would use, None when it can use none."""
    if not torch.cuda.is_available():
        return None
    free, total = torch.cuda.mem_get_info()
    return Card(
        name=torch.cuda.get_device_name(),
        capability=torch.cuda.get_device_capability(),
        total_bytes=total,
        free_bytes=free,
    )


def attention_backends(names: Sequence[str], device: str) -> Iterator[Backend]:
    """Run each backend on a small example and compare it with plain attention."""
    source = torch.Generator().manual_seed(0)
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    example = torch.randn(3, 1, 256, 4, 64, generator=source).to(device, dtype)
    with torch.inference_mode():
        query, key, value = example.float().transpose(2, 3)
        plain = torch.nn.functional.scaled_dot_product_attention(query, key, value).transpose(1, 2)
        for name in names:
            yield _tried(name, example, plain)


def _tried(name: str, example: torch.Tensor, plain: torch.Tensor) -> Backend:
    query, key, value = example
    if name.endswith("_hub") and not installed("kernels"):
        return Backend(name=name, problem="needs the package kernels, which is not installed")
    try:
        found = dispatch_attention_fn(query, key, value, backend=AttentionBackendName(name)).float()
    except Exception as error:  # noqa: BLE001 - backends fail each in their own way; the text tells
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return Backend(name=name, problem=reason)
    difference = float((found - plain).abs().max() / plain.abs().max())
    problem = "" if difference < _TOLERANCE else f"is wrong by {100 * difference:.0f} %"
    return Backend(name=name, problem=problem, error=difference)


def installed(package: str) -> str:
    """Version of an installed package, "" when it is not."""
    try:
        return version(package) if find_spec(package) else ""
    except PackageNotFoundError:
        return ""


def free_ram_bytes() -> int:
    """Host memory that a new program can have."""
    lines = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else ()
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def pinning_problem() -> str:
    """Why host memory can not be pinned for copies beside computing, "" when it can."""
    try:
        torch.empty(_PINNED_BYTES, dtype=torch.uint8, pin_memory=True)
    except RuntimeError as error:
        return str(error).partition("\n")[0]
    return ""
