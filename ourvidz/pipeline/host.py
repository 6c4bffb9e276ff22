"""The host's memory, as far as this process may have it: a container often may not have all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

_ROOT = Path("/sys/fs/cgroup")


class _Group(NamedTuple):
    """Where a system says what a container may have and has; the second way is the older one."""

    limit: str
    used: str
    facts: str
    reclaimable: str


_GROUPS = (
    _Group("memory.max", "memory.current", "memory.stat", "inactive_file"),
    _Group(
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)


def host_bytes(root: Path = _ROOT) -> int:
    """All memory of the host, or of the container where that has a smaller limit."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [limit for one in _GROUPS if (limit := _number(root / one.limit)) is not None]
    return min([whole, *limits])


def free_host_bytes(root: Path = _ROOT) -> int:
    """Memory that this process can still have, with what the system would give up for it."""
    known = Path("/proc/meminfo")
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", _text(known), re.M)
    free = int(found[1]) * 1024 if found else host_bytes(root)
    for group in _GROUPS:
        limit, used = _number(root / group.limit), _number(root / group.used)
        if limit is not None and used is not None:
            files = re.search(rf"^{group.reclaimable} (\d+)$", _text(root / group.facts), re.M)
            free = min(free, limit - used + (int(files[1]) if files else 0))
    return max(0, free)


def _number(path: Path) -> int | None:
    """None for a file that is not there, and for "max"."""
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
