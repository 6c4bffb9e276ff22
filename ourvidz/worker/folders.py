"""The folders that a worker keeps for jobs, and when they go.

    <scratch>/<job id>/stages     finished stages, for the next attempt
    <scratch>/<job id>/<attempt>  files of one attempt

Workers of one machine may share the scratch folder.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from ourvidz.domain.errors import Unavailable
from ourvidz.domain.job import HARD_LIMIT_S, Lease

log = logging.getLogger(__name__)

#: Below it no job is taken: it would fail for lack of room while others could run it.
NEEDED_BYTES = 256 * 2**20
#: A folder that was used so lately may belong to a running job.
_IN_USE_S = 2 * max(HARD_LIMIT_S.values())


class Folders:
    """Folders of jobs below `root`; those over `age_s` or together over `size_bytes` go."""

    def __init__(self, root: Path, age_s: float, size_bytes: int) -> None:
        self.root, self._age_s, self._size_bytes = root, age_s, size_bytes

    def has_room(self) -> bool:
        """Whether the disk has room for a job."""
        try:
            # What people typed lies in there.
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(self.root).free
        except OSError as error:
            log.warning("%s can not be used: %s; no job is taken", self.root, error.strerror)
            return False
        if free < NEEDED_BYTES:
            log.warning("%s has only %d MB free; no job is taken", self.root, free // 2**20)
        return free >= NEEDED_BYTES

    def stages(self, lease: Lease) -> Path:
        """Where a job's finished stages are; made by whoever writes there."""
        return self._of(lease) / "stages"

    def open(self, lease: Lease) -> Path:
        """An empty folder for the files of this attempt. Raises Unavailable when there is none."""
        folder = self._attempt(lease)
        try:
            shutil.rmtree(folder, ignore_errors=True)  # of the same attempt before a release
            folder.mkdir(parents=True)
        except OSError as error:
            raise Unavailable(
                "disk", f"{folder} can not be made ({error.strerror}); free some space"
            ) from error
        return folder

    def close(self, lease: Lease, *, is_over: bool) -> None:
        """Delete this attempt's files; all of the job's when `is_over`."""
        shutil.rmtree(self._of(lease) if is_over else self._attempt(lease), ignore_errors=True)

    def sweep(self) -> int:
        """Delete folders that are too old, then the oldest while all are too large; how many."""
        found = sorted((age, folder) for folder in self._all() if (age := _age_s(folder)) >= 0)
        kept_bytes, gone = 0, 0
        for age_s, folder in found:  # the youngest first
            kept_bytes += _size_of(folder)
            if age_s > self._age_s or (kept_bytes > self._size_bytes and age_s > _IN_USE_S):
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
        return gone

    def _of(self, lease: Lease) -> Path:
        return self.root / str(lease.job.id)

    def _attempt(self, lease: Lease) -> Path:
        return self._of(lease) / f"{lease.worker}-{lease.attempt}"

    def _all(self) -> Iterator[Path]:
        """Folders named by a job, and nothing else that may lie there."""
        for folder in self.root.iterdir() if self.root.is_dir() else ():
            try:
                UUID(folder.name)
            except ValueError:
                continue
            yield folder


def _age_s(folder: Path) -> float:
    """Seconds since something was made in it; below 0 when it is gone."""
    try:
        changed = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return -1.0
    return max(0.0, time.time() - changed)


def _size_of(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:
        return 0
