"""What the app does by itself, every now and then: files whose time is over go for good."""

from __future__ import annotations

from ourvidz.ports import Administration, Media


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
