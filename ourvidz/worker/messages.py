"""What the parent and the child say to each other: plain values, in this order.

The child says Ready once. Then for each Task it sends any number of Reports and at last one Done
or Failed. The parent may send Cancel at any time; a Cancel that comes too late is for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from ourvidz.domain.job import JobKind
from ourvidz.domain.progress import Stage


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The child can run jobs. memory_bytes: of the GPU, or of the machine without one."""

    device: str
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """One attempt. image, last_image, clip, clips: where the job's files were fetched to.

    out_dir: for files of this attempt. scratch_dir: for stages that the next one may take.
    """

    job_id: UUID
    kind: JobKind
    params: Mapping[str, Any]
    out_dir: Path
    scratch_dir: Path
    image: Path | None = None
    last_image: Path | None = None
    clip: Path | None = None
    clips: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Cancel:
    """Stop at the next report."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A `Progress` whose picture is a JPEG."""

    stage: Stage
    step: int
    total: int
    eta_s: float | None = None
    jpeg: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A file to deliver; in a result it stands where its key will be."""

    path: Path
    bucket: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """result: JSON values and Parcels. loaded: the family that is in memory now."""

    result: Mapping[str, Any]
    loaded: str | None = None


@dataclass(frozen=True, kw_only=True)
class Failed:
    """family: class name in `domain.errors`, or "internal" for a bug, with its traceback.

    in_full: what only the operator may read. result: JSON values to keep with the failure.
    device_gone: this process can use its GPU no more, another one perhaps can.
    """

    family: str
    text: str
    trace: str = ""
    in_full: str = ""
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    loaded: str | None = None
    device_gone: bool = False


def with_keys(result: Any, deliver: Callable[[Parcel], str]) -> Any:
    """A result with every Parcel, however deep, replaced by the key it was delivered under.

    >>> parcel = Parcel(path=Path("a.png"), bucket="b", content_type="image/png")
    >>> with_keys({"stills": [{"key": parcel, "seed": 7}]}, lambda parcel: "b/a.png")
    {'stills': [{'key': 'b/a.png', 'seed': 7}]}
    """
    if isinstance(result, Parcel):
        return deliver(result)
    if isinstance(result, Mapping):
        items: Mapping[str, Any] = result  # pyright: ignore[reportUnknownVariableType]
        return {name: with_keys(value, deliver) for name, value in items.items()}
    if isinstance(result, list | tuple):
        values: list[Any] = list(result)  # pyright: ignore[reportUnknownArgumentType]
        return [with_keys(value, deliver) for value in values]
    return result
