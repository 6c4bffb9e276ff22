"""A worker beside the storage: it reads and writes there itself."""

from __future__ import annotations

from pathlib import Path

from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.job import Lease
from ourvidz.ports import Media


class DirectCourier:
    """`ports.Courier` on a `Media` of the same machine, under the rules of the app's own door."""

    def __init__(self, media: Media) -> None:
        self._media = media

    def knock(self) -> None:
        """See `ports.Courier`: nobody stands between."""

    def fetch(self, lease: Lease, key: str, path: Path) -> None:
        """See `ports.Courier`."""
        if not lease.reads(key):
            raise NotAllowed("This job does not need that file. Fetch only what its params name.")
        self._media.get(key, path)

    def deliver(self, lease: Lease, bucket: str, path: Path, content_type: str) -> str:
        """See `ports.Courier`."""
        key = lease.key(bucket, path.name)
        self._media.put(key, path, content_type)
        return key
