"""What people keep: projects on their way to a video, finished videos, characters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.job import Job

#: How far a project has come.
Step = Literal["idea", "prompt", "preview", "render", "done"]

#: Where something stands in the library; deleted: a short while ago, so that it can come back.
Shelf = Literal["finished", "making", "failed", "deleted"]

MAX_NAME_CHARS = 120
MAX_DESCRIPTION_CHARS = 1_000
MAX_TAGS = 12


@dataclass(frozen=True, kw_only=True)
class Project:
    """One idea and what was decided about it so far; enough to go on after a reload.

    preview_job_id: the job whose stills are offered. image_key, image_seed: the approved still.
    """

    id: UUID
    user_id: UUID
    title: str
    step: Step
    prompt: str
    enhanced_prompt: str | None
    use_enhanced: bool
    negative_prompt: str
    model: str
    profile: str
    seconds: float
    seed: int | None
    character_id: UUID | None
    preview_job_id: UUID | None
    image_key: str | None
    image_seed: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Video:
    """A delivered file. media_key, thumbnail_key: "bucket/path". expires_at: when it is deleted."""

    id: UUID
    user_id: UUID
    project_id: UUID | None
    job_id: UUID
    title: str
    media_key: str
    thumbnail_key: str
    width: int
    height: int
    num_frames: int
    fps: int
    seconds: float
    seed: int
    model: str
    cost: int
    size_bytes: int
    metadata: dict[str, Any]
    created_at: datetime
    expires_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One thing of the library: what was ordered, and the video once it was delivered."""

    job: Job
    video: Video | None

    @property
    def shelf(self) -> Shelf:
        """Where it stands; what was cancelled stands with what failed."""
        if self.video is not None:
            return "deleted" if self.video.deleted_at else "finished"
        return "failed" if self.job.is_final else "making"


@dataclass(frozen=True, kw_only=True)
class Character:
    """Someone who stays the same from clip to clip; the description goes into prompts."""

    id: UUID
    user_id: UUID
    name: str
    description: str
    tags: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


def check_character(name: str, description: str, tags: tuple[str, ...]) -> None:
    """Refuse what could not be shown or used in a prompt.

    >>> check_character("  ", "", ())
    Traceback (most recent call last):
    ourvidz.domain.errors.InvalidRequest: name: is empty; give the character a name
    """
    if not name.strip():
        raise InvalidRequest("name", "is empty; give the character a name")
    check_text("name", name, MAX_NAME_CHARS)
    check_text("description", description, MAX_DESCRIPTION_CHARS)
    if len(tags) > MAX_TAGS:
        raise InvalidRequest("tags", f"are {len(tags)}; keep at most {MAX_TAGS}")
    for tag in tags:
        check_text("tags", tag, 40)


def check_text(field: str, text: str, longest: int) -> None:
    """Raise InvalidRequest for a text that is too long or holds what no database can keep."""
    if len(text) > longest:
        raise InvalidRequest(field, f"has {len(text)} characters; shorten it to {longest}")
    if "\x00" in text:
        raise InvalidRequest(field, "contains a NUL character; remove it")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidRequest(field, "contains half a character; type it again")
