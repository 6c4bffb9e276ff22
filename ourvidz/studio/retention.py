"""What the app does by itself, every now and then: lost jobs go back, old files go for good."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

from ourvidz.domain.errors import OurVidzError
from ourvidz.ports import Administration, Media

REAP_EVERY_S = 15.0
SWEEP_EVERY_S = 60.0
STILLS_KEPT = timedelta(days=30)

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
    gone = 0
    while jobs := administration.leftovers():
        for job in jobs:
            is_old = job.finished_at is not None and now - job.finished_at > STILLS_KEPT
            keeps = job.state == "succeeded" and not (job.kind == "preview" and is_old)
            found = [
                key
                for bucket in ("videos-preview", "videos-final", "videos-stitched")
                for key in media.keys(f"{bucket}/{job.user_id}/{job.id}/")
                if not (keeps and key.split("/")[3] == f"a{job.attempts}")
            ]
            media.delete(found)
            administration.tidied(job.id, gone=not keeps)
            gone += len(found)
    return gone


def keep_house(administration: Administration, media: Media, stopped: threading.Event) -> None:
    """Put lost jobs back and sweep, until `stopped` is set; several processes may do so at once.

    A server that is away is asked again next time.
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
