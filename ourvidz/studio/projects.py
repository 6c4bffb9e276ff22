"""Projects: one idea each, from its first words to the approved still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.domain.job import Job
from ourvidz.domain.library import Project
from ourvidz.domain.media import split_key
from ourvidz.studio.door import Studio, admit, as_id, check_page, judge
from ourvidz.studio.drafts import character_of, checked
from ourvidz.studio.jobs import cancel, everything
from ourvidz.studio.words import introduced

#: Texts of a project, which are judged before they are kept anywhere.
_TEXTS = ("title", "prompt", "enhanced_prompt")


def create_project(me: Identity, studio: Studio, values: Mapping[str, Any]) -> Project:
    """A new project; values: any of title, prompt, enhanced_prompt, use_enhanced,
    negative_prompt, model, profile, seconds, seed, character_id.

    Raises PolicyRefused before anything is kept.
    """
    admit(me, studio, "write")
    kept = checked(me, studio, values)
    _judge(me, studio, kept)
    kept["step"] = "prompt" if kept.get("prompt", "").strip() else "idea"
    return studio.records.create_project(me, kept)


def change_project(
    me: Identity, studio: Studio, project_id: UUID | str, values: Mapping[str, Any]
) -> Project:
    """Save a draft: the given values replace the old ones.

    A new prompt without an enhanced one drops the old enhanced prompt: it was made from other
    words. The approved still stays; `approve` with None lets go of it.
    """
    admit(me, studio, "write")
    before = studio.records.project(me, as_id(project_id))
    kept = checked(me, studio, values)
    if "prompt" in kept and kept["prompt"] != before.prompt:
        kept.setdefault("enhanced_prompt", None)
        if before.step == "idea" and kept["prompt"].strip():
            kept["step"] = "prompt"
    old = {name: getattr(before, name) for name in ("negative_prompt", "character_id", *_TEXTS)}
    _judge(me, studio, old | kept)
    return studio.records.change_project(me, before.id, kept)


def project(me: Identity, studio: Studio, project_id: UUID | str) -> Project:
    """One project, with all that is needed to go on after a reload."""
    admit(me, studio)
    return studio.records.project(me, as_id(project_id))


def projects(me: Identity, studio: Studio, *, limit: int = 50, offset: int = 0) -> list[Project]:
    """One's projects, the last touched first."""
    admit(me, studio)
    check_page(limit, offset)
    return studio.records.projects(me, limit=limit, offset=offset)


def stills(me: Identity, studio: Studio, project_id: UUID | str) -> list[dict[str, Any]]:
    """The pictures on offer, as {"key", "seed", "url"}; empty while they are made."""
    admit(me, studio)
    found = studio.records.project(me, as_id(project_id))
    if found.preview_job_id is None:
        return []
    job = studio.records.job(me, found.preview_job_id)
    return [
        {"key": key, "seed": seed, "url": studio.media.url(key)}
        for key, seed in offered(job).items()
    ]


def approved(me: Identity, studio: Studio, project_id: UUID | str) -> dict[str, Any] | None:
    """The picture that the video starts from, as `stills` has it; None when none was chosen."""
    admit(me, studio)
    found = studio.records.project(me, as_id(project_id))
    if found.image_key is None:
        return None
    url = studio.media.url(found.image_key)
    return {"key": found.image_key, "seed": found.image_seed, "url": url}


def approve(me: Identity, studio: Studio, project_id: UUID | str, image_key: str | None) -> Project:
    """Choose the still that the video starts from; None takes the choice back.

    Raises NotAllowed for a picture that was not made as a preview of this very project.
    """
    admit(me, studio, "write")
    found = studio.records.project(me, as_id(project_id))
    if image_key is None:
        back = "preview" if found.preview_job_id else "prompt"
        return studio.records.change_project(
            me, found.id, {"image_key": None, "image_seed": None, "step": back}
        )
    seed = offered(_preview_behind(me, studio, found, image_key)).get(image_key)
    if seed is None:
        raise NotAllowed
    return studio.records.change_project(
        me, found.id, {"image_key": image_key, "image_seed": seed, "step": "render"}
    )


def delete_project(me: Identity, studio: Studio, project_id: UUID | str) -> None:
    """Delete a draft and its stills, and stop what is made for it. Its videos stay.

    What was reserved for stopped jobs comes back.
    """
    admit(me, studio, "write")
    found = studio.records.project(me, as_id(project_id))
    for job in everything(
        lambda limit, offset: studio.records.jobs(
            me, project_id=found.id, limit=limit, offset=offset
        )
    ):
        if not job.is_final:
            cancel(me, studio, job.id)
        if job.kind == "preview":
            studio.media.delete(studio.media.keys(f"videos-preview/{me.user_id}/{job.id}/"))
    studio.records.delete_project(me, found.id)


def offered(job: Job) -> dict[str, int]:
    """Seeds of a preview job's stills by their key."""
    entries: list[Any] = list((job.result or {}).get("stills") or [])
    if job.kind != "preview" or job.state != "succeeded":
        return {}
    rows = [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]
    return {str(row["key"]): int(row["seed"]) for row in rows}


def _preview_behind(me: Identity, studio: Studio, found: Project, image_key: str) -> Job:
    """The job that made a still: its id is in the key, "bucket/user/job/attempt/file"."""
    try:
        parts = split_key(image_key)[1].split("/")
    except (InvalidRequest, AttributeError):
        raise NotAllowed from None
    job = studio.records.job(me, as_id(parts[1] if len(parts) == 4 else ""))
    if job.project_id != found.id:
        raise NotAllowed
    return job


def _judge(me: Identity, studio: Studio, values: Mapping[str, Any]) -> None:
    """All the words of a project together, with the character they are about."""
    texts = [values.get(name) or "" for name in _TEXTS]
    if values.get("character_id"):
        character = character_of(me, studio, values["character_id"])
        texts.append(introduced(character.name, character.description, character.tags))
    judge(me, studio, texts, negative_prompt=values.get("negative_prompt") or "")
