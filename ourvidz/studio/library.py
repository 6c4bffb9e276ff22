"""Finished videos: to watch, to keep, to make again, to delete and to have back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.library import MAX_NAME_CHARS, Video, check_text
from ourvidz.studio.door import Studio, admit, as_id, check_page, judge

#: Seconds for which a link works: long enough to watch a film to its end.
LINK_S = 3600


@dataclass(frozen=True, kw_only=True)
class Links:
    """Signed addresses of one video's files; whoever has them can see it until they expire."""

    watch: str
    download: str
    thumbnail: str


def videos(
    me: Identity,
    studio: Studio,
    *,
    project_id: UUID | str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Video]:
    """One's videos, newest first, of one project or of all."""
    admit(me, studio)
    check_page(limit, offset)
    wanted = None if project_id is None else studio.records.project(me, as_id(project_id)).id
    return studio.records.videos(me, project_id=wanted, limit=limit, offset=offset)


def video(me: Identity, studio: Studio, video_id: UUID | str) -> Video:
    """One video with all its settings: seed, model, cost, metadata."""
    admit(me, studio)
    return studio.records.video(me, as_id(video_id))


def links(me: Identity, studio: Studio, video_id: UUID | str) -> Links:
    """Where to watch and download a video. Raises NotAllowed for a deleted one."""
    admit(me, studio)
    found = studio.records.video(me, as_id(video_id))
    if found.deleted_at is not None:
        raise NotAllowed("This video was deleted. Undo that within an hour to see it again.")
    return Links(
        watch=studio.media.url(found.media_key, expires_s=LINK_S),
        download=studio.media.url(found.media_key, expires_s=LINK_S, download=file_name(found)),
        thumbnail=studio.media.url(found.thumbnail_key, expires_s=LINK_S),
    )


def rename(me: Identity, studio: Studio, video_id: UUID | str, title: str) -> Video:
    """Give a video another title."""
    admit(me, studio, "write")
    found = studio.records.video(me, as_id(video_id))
    if not isinstance(title, str) or not title.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequest("title", "is empty; give the video a title")
    check_text("title", title, MAX_NAME_CHARS)
    judge(me, studio, [title])
    return studio.records.rename_video(me, found.id, title.strip())


def delete(me: Identity, studio: Studio, video_id: UUID | str) -> Video:
    """Delete a video; `undo` has it back for an hour, then its files go for good."""
    admit(me, studio, "write")
    found = studio.records.video(me, as_id(video_id))
    if found.deleted_at is not None:
        return found
    return studio.records.delete_video(me, found.id)


def undo(me: Identity, studio: Studio, video_id: UUID | str) -> Video:
    """Have a deleted video back."""
    admit(me, studio, "write")
    found = studio.records.video(me, as_id(video_id))
    return studio.records.delete_video(me, found.id, undo=True)


def file_name(video: Video) -> str:
    """Under which name a video is saved: words of its title and its seed."""
    words = re.findall(r"\w+", video.title.lower())[:8] or ["video"]
    return f"{'-'.join(words)[:60]}-{video.seed}.mp4"
