"""Files, and how workers that hold no key of the storage get and give them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ourvidz.domain.job import Lease
from ourvidz.domain.media import UploadTarget


class Media(Protocol):
    """Private files by key ("bucket/path"), under the rules of `domain.media`.

    InvalidRequest for a bad key, type or size; NotAllowed for a key that does not exist.
    """

    def put(self, key: str, path: Path, content_type: str) -> None:
        """Store a file; replaces nothing half: readers see the old file, the new one, or none."""
        ...

    def get(self, key: str, path: Path) -> None:
        """Fetch a file to `path`, which appears complete or not at all."""
        ...

    def url(self, key: str, *, expires_s: int = 300, download: str | None = None) -> str:
        """A signed link that works with Range; download: name under which it is saved."""
        ...

    def upload_target(self, key: str, content_type: str) -> UploadTarget: ...

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files; those that are gone already are no error."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """All keys below "bucket/folder/": what to delete with an account."""
        ...


class Courier(Protocol):
    """How a worker gets and gives files, holding no key of the storage.

    Where it runs beside the storage it signs itself; elsewhere it asks the app, which looks
    whether the lease holds and hands out links for exactly this attempt. NotAllowed for a file
    that the job does not need or that is gone, WorkerRefused when no job of this worker is served.
    """

    def knock(self) -> None:
        """Asked before any job is claimed: WorkerRefused when none would be served, Unavailable
        when nobody answers now.
        """
        ...

    def fetch(self, lease: Lease, key: str, path: Path) -> None: ...
    def deliver(self, lease: Lease, bucket: str, path: Path, content_type: str) -> str:
        """Upload a file of this attempt; returns its key. Resumes after a dropped connection."""
        ...
