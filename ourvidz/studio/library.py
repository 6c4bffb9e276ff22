"""The library: what is finished, being made or failed; to watch, to make again, to delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.job import Job
from ourvidz.domain.library import (
    MAX_NAME_CHARS,
    Character,
    Piece,
    Project,
    Shelf,
    Video,
    check_text,
)
from ourvidz.domain.request import FPS
from ourvidz.studio.door import Studio, admit, as_id, check_page, judge
from ourvidz.studio.projects import create_project
from ourvidz.studio.words import introduced

#: Seconds for which a link works: long enough to watch a film to its end.
LINK_S = 3600


@dataclass(frozen=True, kw_only=True)
class Links:
    """Signed addresses of one video's files; whoever has them can see it until they expire."""

    watch: str
    download: str
    thumbnail: str


def pieces(
    me: Identity,
    studio: Studio,
    *,
    shelf: Shelf | None = None,
    character_id: UUID | str | None = None,
    limit: int = 24,
    offset: int = 0,
) -> list[Piece]:
    """One shelf of the library, or all but the deleted, newest first.

    character_id: only what belongs to a project that has this character. What failed goes out of
    sight when it is put away or tried again, what was deleted when undo has ended.
    """
    admit(me, studio)
    check_page(limit, offset)
    if shelf is not None and shelf not in get_args(Shelf):
        raise InvalidRequest("shelf", f"must be one of {', '.join(get_args(Shelf))}")
    wanted = None if character_id is None else as_id(character_id)
    return studio.records.pieces(me, shelf=shelf, character_id=wanted, limit=limit, offset=offset)


def piece_counts(
    me: Identity, studio: Studio, *, character_id: UUID | str | None = None
) -> Mapping[Shelf, int]:
    """How much stands on each shelf; empty ones are not named."""
    admit(me, studio)
    wanted = None if character_id is None else as_id(character_id)
    return studio.records.piece_counts(me, character_id=wanted)


def put_away(me: Identity, studio: Studio, job_id: UUID | str) -> Job:
    """Take a failed or cancelled job out of the library."""
    admit(me, studio, "write")
    return studio.records.put_away(me, as_id(job_id))


def reuse(me: Identity, studio: Studio, job_id: UUID | str) -> Project:
    """A new project with the words, the seed and the model that a video was ordered with."""
    admit(me, studio)
    job = studio.records.job(me, as_id(job_id))
    if job.kind != "video":
        raise NotAllowed("Only the settings of a video can be used again.")
    return create_project(me, studio, settings_of(job, studio.records.characters(me)))


def settings_of(job: Job, characters: list[Character]) -> dict[str, Any]:
    """What a project needs so that the same video would be ordered again.

    A character's sentence stands at the beginning of the words; it is taken out of them and the
    character chosen, as long as it still looks the same.
    """
    params = job.params
    prompt, enhanced = str(params.get("prompt") or ""), params.get("enhanced_prompt")
    settings: dict[str, Any] = {
        "prompt": prompt,
        "enhanced_prompt": enhanced,
        "use_enhanced": bool(enhanced),
        "negative_prompt": str(params.get("negative_prompt") or ""),
        "model": job.model,
        "profile": params.get("profile") or "balanced",
        "seconds": int(params.get("num_frames") or FPS) / FPS,
        "seed": params.get("seed"),
    }
    for one in characters:
        sentence = introduced(one.name, one.description, one.tags)
        if sentence and prompt.startswith(f"{sentence} "):
            settings |= {"prompt": prompt.removeprefix(f"{sentence} "), "character_id": one.id}
            if enhanced:
                settings["enhanced_prompt"] = str(enhanced).removeprefix(f"{sentence} ")
            break
    return settings


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
