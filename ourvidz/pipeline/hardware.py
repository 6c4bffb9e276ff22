"""What a device is, how full it is, and what its errors mean."""

from __future__ import annotations

import gc
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from ourvidz.domain.errors import Unavailable
from ourvidz.pipeline.budget import CPU, Machine, machine_seen
from ourvidz.pipeline.host import host_bytes

#: Memory that others may hold on a card before a plan counts with less than all of it.
_OTHERS_BYTES = 2**30
#: How torch best keeps memory here: a card's in pieces that grow, for gigabytes come and go; the
#: host's not rounded up to powers of two, which would make 27 GiB of locked weights 40. A torch
#: before 2.13 knows the first of it only.
_ALLOCATORS = (
    "expandable_segments:True,pinned_max_round_threshold_mb:1",
    "expandable_segments:True",
)
#: How libraries beside torch say that memory ran out, and how all say that the card is gone.
_FULL = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
_GONE = (
    "CUDA error", "unspecified launch failure", "device-side assert", "GPU is lost",
    "fallen off the bus", "CUDA driver", "NVML", "no CUDA-capable device",
)  # fmt: skip


def find_device(name: str | None) -> torch.device:
    """The device called `name`; None takes CUDA where there is a GPU, else the CPU.

    Raises Unavailable for a GPU that torch can not reach, with what to do.
    """
    device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    if device.type != "cuda" or torch.cuda.is_available():
        return device
    if torch.version.cuda is None:
        raise Unavailable(
            "GPU", "this torch was built for CPUs; install its CUDA build, or use the device 'cpu'"
        )
    raise Unavailable(
        "GPU",
        "the NVIDIA driver does not answer; run `nvidia-smi`, install or restart the driver, give "
        "the container its GPU, or use the device 'cpu'",
    )


def settle_allocators() -> None:
    """Let torch keep memory as suits large models, unless PYTORCH_ALLOC_CONF says how."""
    told = getattr(torch._C, "_accelerator_getAllocatorSettings", None)
    if told is not None and told():
        return
    for settings in _ALLOCATORS:
        with suppress(RuntimeError):
            torch._C._accelerator_setAllocatorSettings(settings)
            return


def machine_of(device: torch.device, limit_bytes: int | None = None) -> Machine:
    """What a plan counts with: the card as it is now and the host's memory.

    limit_bytes: of the card, never to be exceeded by this process.
    """
    if device.type != "cuda":
        return CPU
    card = torch.cuda.get_device_properties(device)
    free, total = torch.cuda.mem_get_info(device)
    others = total - free - torch.cuda.memory_reserved(device)
    vram_bytes = total if others < _OTHERS_BYTES else total - others
    return machine_seen(
        card.name,
        vram_bytes=min(vram_bytes, limit_bytes or vram_bytes),
        ram_bytes=host_bytes(),
        compute_capability=(card.major, card.minor),
    )


def allocated_bytes(device: torch.device) -> int:
    """Of all live tensors on a card; 0 on a CPU, which does not count them."""
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def free_bytes(device: torch.device) -> int:
    """What a card can still give to this process; 0 on a CPU, where nobody knows."""
    if device.type != "cuda":
        return 0
    free, total = torch.cuda.mem_get_info(device)
    limit = round(total * torch.cuda.get_per_process_memory_fraction(device.index))
    return max(0, min(free, limit - torch.cuda.memory_reserved(device)))


def peak_bytes(device: torch.device) -> int:
    """The most that was in use: by tensors on a card since its count was reset, else by the
    process.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # Linux: rusage counts the parent that this process was forked from as well.
    status = Path("/proc/self/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.M) if status.exists() else None
    if found:
        return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes


def free_memory() -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        # Locked memory, of which the host has less. A torch before 2.13 keeps it.
        getattr(torch.accelerator.memory, "empty_host_cache", lambda: None)()


def ran_out(error: BaseException) -> bool:
    """Whether `error` says that memory ran out, of the device or of the host.

    >>> ran_out(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"))
    True
    >>> ran_out(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    False
    """
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _FULL)


def is_gone(error: BaseException) -> bool:
    """Whether `error` says that the card does not answer any more.

    >>> is_gone(RuntimeError("CUDA error: unspecified launch failure"))
    True
    """
    if not isinstance(error, RuntimeError) or ran_out(error):
        return False
    accelerator: type = getattr(torch, "AcceleratorError", RuntimeError)
    known = any(words in str(error) for words in _GONE)
    return known or (accelerator is not RuntimeError and isinstance(error, accelerator))


@contextmanager
def reachable() -> Iterator[None]:
    """A card that stops answering inside becomes Unavailable."""
    try:
        yield
    except RuntimeError as error:
        if not is_gone(error):
            raise
        first = str(error).splitlines()[0]
        raise Unavailable(
            "GPU",
            f"it stopped answering ({first}); look at `nvidia-smi` and the kernel's log, then "
            "start this program again",
        ) from error
