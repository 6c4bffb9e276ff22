"""What is shown: a project, one of its steps, and what was made for it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args
from urllib.parse import parse_qs, urlencode

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.job import Job, JobKind
from ourvidz.domain.library import Project, Step
from ourvidz.studio import jobs, projects
from ourvidz.studio.door import Studio

STEPS: tuple[Step, ...] = get_args(Step)
#: What components show, by their names.
Painted = Mapping[str, Any]


@dataclass(frozen=True)
class Where:
    """An address within the page. step: None for as far as the project has come."""

    project_id: str
    step: Step | None = None

    @staticmethod
    def read(query: object) -> Where:
        """What a browser says to be its address.

        >>> Where.read("?project=7&step=preview"), Where.read("?step=<script>"), Where.read(None)
        (Where(project_id='7', step='preview'), Where(project_id='', step=None), \
Where(project_id='', step=None))
        """
        values = parse_qs(str(query or "")[:500].lstrip("?"))
        said = values.get("step", [""])[-1]
        step: Step | None = next((name for name in STEPS if name == said), None)
        return Where(values.get("project", [""])[-1], step)

    @property
    def query(self) -> str:
        """As it stands in the address.

        >>> Where("7", "prompt").query
        '?project=7&step=prompt'
        """
        return "?" + urlencode({"project": self.project_id, "step": self.step or ""})


@dataclass(frozen=True)
class Done:
    """How an action ended: where to go on, and what to tell about it."""

    where: Where
    say: str = ""


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Everything that the steps paint from. jobs: of this project, newest first."""

    project: Project
    step: Step
    jobs: list[Job]

    @property
    def where(self) -> Where:
        """Its address."""
        return Where(str(self.project.id), self.step)

    def newest(self, kind: JobKind) -> Job | None:
        """The last job of a kind."""
        return next((job for job in self.jobs if job.kind == kind), None)

    @property
    def preview(self) -> Job | None:
        """The job whose stills are on offer."""
        return next((job for job in self.jobs if job.id == self.project.preview_job_id), None)

    @property
    def reachable(self) -> tuple[Step, ...]:
        """Steps for which there is something to show."""
        project, video = self.project, self.newest("video")
        is_there: dict[Step, bool] = {
            "idea": True,
            "prompt": bool(project.prompt.strip()),
            "preview": project.preview_job_id is not None,
            "render": project.image_key is not None or video is not None,
            "done": video is not None and any(_is_video(job) for job in self.jobs),
        }
        return tuple(step for step in STEPS if is_there[step])


def look(me: Identity, studio: Studio, where: Where) -> Screen:
    """What stands at an address; a step that is not there yet becomes the last one before it.

    Raises NotAllowed for a project that is not theirs.
    """
    project = projects.project(me, studio, where.project_id)
    made = jobs.jobs(me, studio, project_id=project.id, limit=100)
    seen = Screen(project=project, step=where.step or _came_to(project, made), jobs=made)
    upto = STEPS[: STEPS.index(seen.step) + 1]
    return replace(seen, step=[step for step in seen.reachable if step in upto][-1])


def _came_to(project: Project, made: list[Job]) -> Step:
    """How far it has come; an idea that was typed and never sent on is still an idea."""
    is_typed_only = project.step == "prompt" and project.enhanced_prompt is None and not made
    return "idea" if is_typed_only else project.step


def opened(me: Identity, studio: Studio, where: Where) -> Where:
    """Where a page that is opened leads: to its own project, or to the one touched last."""
    if where.project_id:
        try:
            projects.project(me, studio, where.project_id)
            return where
        except NotAllowed:
            pass  # gone, or never theirs
    latest = projects.projects(me, studio, limit=1)
    if latest and latest[0].step != "done":
        return Where(str(latest[0].id))
    return fresh(me, studio)


def fresh(me: Identity, studio: Studio) -> Where:
    """An empty project: one that was left empty, or a new one."""
    for project in projects.projects(me, studio, limit=20):
        if project.step == "idea" and not project.prompt.strip():
            return Where(str(project.id), "idea")
    return Where(str(projects.create_project(me, studio, {}).id), "idea")


def _is_video(job: Job) -> bool:
    return job.kind == "video" and job.state == "succeeded"
