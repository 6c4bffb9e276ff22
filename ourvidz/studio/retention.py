"""What the app does by itself, every now and then: lost jobs go back, old files go for good."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ourvidz.domain.errors import OurVidzError
from ourvidz.domain.job import Job
from ourvidz.ports import Administration, Media

REAP_EVERY_S = 15.0
SWEEP_EVERY_S = 60.0
#: The database decides by its own clock when thirty days are over; ours may be behind.
STILLS_KEPT = timedelta(days=29)

_log = logging.getLogger(__name__)


def sweep(administration: Administration, media: Media) -> int:
    """Delete expired videos, and those deleted by their owners when undo has ended.

    The file goes first: a crash in between leaves a row that the next sweep finds again, never a
    file that nobody knows. Returns how many videos went.
    """
    gone = 0
    while expired := administration.expired_videos():
        for video in expired:
            media.delete([video.media_key, video.thumbnail_key])
            administration.forget_video(video.id)
        gone += len(expired)
    return gone


def tidy(administration: Administration, media: Media, now: datetime) -> int:
    """Delete what lost attempts left in the storage, and stills nobody needs any more.

    Returns how many files went.
    """
    gone, seen = 0, set[UUID]()
    while jobs := [job for job in administration.leftovers() if job.id not in seen]:
        found = {job.id: _left_over(job, media, now) for job in jobs}
        # A film's clip may have been tried again by now: what comes from here on is not in `found`,
        # and what is of a job that runs must stay.
        ended = {(job.id, job.finished_at) for job in administration.leftovers()}
        for job in jobs:
            seen.add(job.id)
            if (job.id, job.finished_at) in ended:
                media.delete(found[job.id])
                administration.tidied(job.id, gone=not _keeps(job, now))
                gone += len(found[job.id])
    return gone


def _left_over(job: Job, media: Media, now: datetime) -> list[str]:
    """Keys of a job's files that its result does not name, or of all."""
    named = json.dumps(job.result) if _keeps(job, now) else ""
    return [
        key
        for bucket in ("videos-preview", "videos-final", "videos-stitched")
        for key in media.keys(f"{bucket}/{job.user_id}/{job.id}/")
        if json.dumps(key) not in named
    ]


def _keeps(job: Job, now: datetime) -> bool:
    is_old = job.finished_at is not None and now - job.finished_at > STILLS_KEPT
    return job.state == "succeeded" and not (job.kind == "preview" and is_old)


def keep_house(administration: Administration, media: Media, stopped: threading.Event) -> None:
    """Put lost jobs back and sweep, until `stopped` is set; several processes may do so at once.

    A server that is away is asked again next time, and a bug ends one round, not all of them.
    """
    rounds = 0
    while not stopped.wait(REAP_EVERY_S):
        rounds += 1
        try:
            administration.reap()
            if rounds * REAP_EVERY_S % SWEEP_EVERY_S == 0:
                sweep(administration, media)
                tidy(administration, media, datetime.now(UTC))
        except OurVidzError as error:
            _log.warning("housekeeping waits: %s", error)
        except Exception:  # noqa: BLE001 - a thread that ends here would never be missed
            _log.exception("housekeeping: internal error")
