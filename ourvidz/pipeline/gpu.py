"""What a GPU, its driver and the libraries for it can do on this machine: looked at, not assumed.

Nothing here raises for what is missing: a report says so.
"""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import WanTransformer3DModel
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn
from torch import nn

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.family import Precision
from ourvidz.pipeline.attention import attending
from ourvidz.pipeline.quantize import quantize

#: Number of NVIDIA on the PCI bus.
_NVIDIA = "0x10de"
_SMI_S = 20
_FORMATS = ("fp8", "int8", "nf4")
#: What differs more from the plain way, relatively, is not usable: backends, and formats.
_TOLERANCE = (0.05, 0.15)
_HEADS, _HEAD_DIM = 4, 64
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
class Trial:
    """One way to compute something. problem: why it is not usable, "" when it is.

    error: relative difference from the plain way, where it ran.
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
    """The device that torch would use, None when it can use none.

    Raises Unavailable when it does not answer: another process holds it, or it fell off the bus.
    """
    if not torch.cuda.is_available():
        return None
    try:
        free, total = torch.cuda.mem_get_info()
    except RuntimeError as error:
        raise Unavailable(
            "card", "see `nvidia-smi` for who uses it or what ails it, then try again"
        ) from error
    return Card(
        name=torch.cuda.get_device_name(),
        capability=torch.cuda.get_device_capability(),
        total_bytes=total,
        free_bytes=free,
    )


def attention_backends(names: Sequence[str], device: str) -> Iterator[Trial]:
    """Attend by each backend once, as a transformer does, and compare with plain attention."""
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    transformer = WanTransformer3DModel(
        num_attention_heads=_HEADS, attention_head_dim=_HEAD_DIM, num_layers=1, ffn_dim=8,
        text_dim=8,
    )  # fmt: skip
    nn.Module.to(transformer, torch.device(device))
    source = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 1, 256, _HEADS, _HEAD_DIM, generator=source).to(device, dtype)
    plain = F.scaled_dot_product_attention(_heads_first(q), _heads_first(k), _heads_first(v))

    def attend(name: str) -> torch.Tensor:
        with attending(transformer, name):
            made = dispatch_attention_fn(q, k, v, backend=AttentionBackendName(name))
        return _heads_first(made)

    for name in names:
        yield _tried(name, partial(attend, name), plain)


def formats(names: Sequence[Precision], device: str) -> Iterator[Trial]:
    """Run a linear layer in each format, and compare with bf16."""
    where = torch.device(device)
    torch.manual_seed(0)
    layer = nn.Linear(256, 128, dtype=torch.bfloat16)
    x = torch.randn(64, 256, dtype=torch.bfloat16)
    plain = layer(x).detach().to(where, torch.float32)

    def multiply(name: Precision) -> torch.Tensor:
        layers = nn.Sequential(copy.deepcopy(layer))
        quantize(layers, name, where)
        return layers.to(where)(x.to(where))

    for name in names:
        yield _tried(name, partial(multiply, name), plain)


def _heads_first(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float().transpose(1, 2)


def _tried(name: str, work: Callable[[], torch.Tensor], plain: torch.Tensor) -> Trial:
    try:
        with torch.inference_mode():
            found = work().float()
    except Exception as error:  # noqa: BLE001 - each fails in its own way; the text tells
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return Trial(name=name, problem=reason)
    difference = float((found - plain).norm() / plain.norm())
    problem = "" if difference < _TOLERANCE[name in _FORMATS] else (
        f"is wrong by {100 * difference:.0f} %"
    )  # fmt: skip
    return Trial(name=name, problem=problem, error=difference)


def installed(package: str) -> str:
    """Version of an installed package, "" when it is not."""
    try:
        return version(package) if find_spec(package) else ""
    except PackageNotFoundError:
        return ""


def pinning_problem() -> str:
    """Why host memory can not be pinned for copies beside computing, "" when it can."""
    try:
        torch.empty(_PINNED_BYTES, dtype=torch.uint8, pin_memory=True)
    except RuntimeError as error:
        return str(error).partition("\n")[0]
    return ""
