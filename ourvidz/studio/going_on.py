"""Going on where a video ended."""

from __future__ import annotations

from uuid import UUID

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.library import Project
from ourvidz.studio import orders
from ourvidz.studio.door import Studio, admit, as_id
from ourvidz.studio.library import settings_of
from ourvidz.studio.projects import create_project


def go_on(me: Identity, studio: Studio, video_id: UUID | str) -> Project:
    """A new project that starts with the last frame of a video, and with its words.

    Until that picture is chosen or replaced, the same video leads to the same project again: a
    second click changes nothing. The picture is cut from the file by a worker, at no cost.

    Raises NotAllowed for a deleted video, and for what is not a single clip.
    """
    admit(me, studio, "write")
    video = studio.records.video(me, as_id(video_id))
    if video.deleted_at is not None or not video.media_key.startswith("videos-final/"):
        raise NotAllowed("Only a clip that is still there can be gone on with.")
    if begun := _begun(me, studio, video.media_key):
        return begun
    job = studio.records.job(me, video.job_id)
    settings = settings_of(job, studio.records.characters(me))
    anew = {"seed": None, "enhanced_prompt": None, "use_enhanced": True}
    project = create_project(me, studio, settings | anew)
    orders.last_frame(me, studio, project.id, video.media_key)
    return studio.records.project(me, project.id)


def _begun(me: Identity, studio: Studio, clip_key: str) -> Project | None:
    for job in studio.records.jobs(me, limit=50):
        if job.kind != "preview" or job.params.get("clip_key") != clip_key or not job.project_id:
            continue
        project = studio.records.project(me, job.project_id)
        is_open = project.preview_job_id == job.id and project.image_key is None
        if is_open and job.state not in ("failed", "cancelled"):
            return project
    return None
