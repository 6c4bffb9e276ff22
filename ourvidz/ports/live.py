"""What may be lost at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A live picture of a running job, JPEG, with its progress as JSON values."""

    jpeg: bytes | None
    progress: Mapping[str, Any]


class Live(Protocol):
    """Bells, progress, preview frames, cancel and rate limits.

    Nothing here is the only copy of anything. When the server is gone nothing raises: bells are
    lost (workers poll), progress is empty, and rate limits are kept in this process.
    """

    def ring(self, model: str) -> None:
        """Wake a worker that runs `model`."""
        ...

    def wait(self, models: Sequence[str], timeout_s: float) -> bool:
        """Sleep until a bell for one of `models` rings; False after `timeout_s`."""
        ...

    def publish(
        self, job_id: UUID, progress: Mapping[str, Any], jpeg: bytes | None = None
    ) -> None: ...
    def watch(self, job_id: UUID) -> Frame | None: ...
    def request_cancel(self, job_id: UUID) -> None: ...
    def cancel_requested(self, job_id: UUID) -> bool: ...

    def allow(self, what: str, who: str, *, limit: int, per_s: int) -> float:
        """0.0 when `who` may do `what` once more, else the seconds to wait."""
        ...
