"""The third step: pictures to choose the first frame from."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.job import Job
from ourvidz.domain.library import Project
from ourvidz.studio import orders, projects
from ourvidz.studio.door import Studio
from ourvidz.studio.words import words_of
from ourvidz.web.create import markup
from ourvidz.web.create.screen import Done, Painted, Screen, Where, look
from ourvidz.web.icons import icon
from ourvidz.web.texts_create import CREATE
from ourvidz.web.widgets.cards import Cards
from ourvidz.web.widgets.job import Job as JobWidget

#: New pictures continue a kept seed one by one, up to so many.
_NEAR = 1_000


def build() -> dict[str, Any]:
    """The components by name."""
    parts: dict[str, Any] = {}
    parts["preview_job"] = JobWidget(elem_id="ov-preview-job")
    parts["preview_note"] = gr.HTML(
        elem_id="ov-preview-note", apply_default_css=False, js_on_load=None
    )
    parts["stills"] = Cards(elem_id="ov-stills")
    with gr.Row(elem_classes=["ov-actions", "ov-bottom"]):
        parts["count"] = gr.Radio([1, 2, 3, 4], value=4, label=CREATE["count"], elem_id="ov-count")
        parts["regenerate"] = gr.Button(CREATE["regenerate"], elem_id="ov-regenerate")
    with gr.Row(elem_classes=["ov-actions"]):
        parts["preview_back"] = gr.Button(CREATE["preview_back"], elem_id="ov-preview-back")
        parts["preview_go"] = gr.Button(
            CREATE["preview_go"], variant="primary", elem_id="ov-preview-go"
        )
    return parts  # fmt: skip


def paint(me: Identity, studio: Studio, screen: Screen) -> Painted:
    """What they show."""
    job, project = screen.preview, screen.project
    busy = markup.running(job)
    offered = projects.offered(job) if job else {}
    note = markup.failure(job)
    if offered and job and _is_last_frame(job):
        note = markup.notice(CREATE["still_last"])
    elif offered and job and not _is_of_now(me, studio, project, job):
        note = markup.notice(CREATE["stills_old"])
    return {
        "preview_job": gr.update(value=busy, visible=bool(busy)),
        "preview_note": gr.update(value=note),
        "stills": gr.update(value=_stills(offered, project, job), visible=bool(offered)),
        "count": gr.update(visible=not busy),
        "regenerate": gr.update(visible=not busy),
        "preview_go": gr.update(visible=not busy, interactive=project.image_key is not None),
    }


def begin(me: Identity, studio: Studio, where: Where) -> Done:
    """Come here from the words: pictures are made unless there are some of these very words."""
    here = Where(where.project_id, "preview")
    screen = look(me, studio, here)
    job = screen.preview
    if job is None or job.state in ("failed", "cancelled"):
        orders.preview(me, studio, where.project_id)
    elif not _is_of_now(me, studio, screen.project, job):
        projects.approve(me, studio, where.project_id, None)
        orders.preview(me, studio, where.project_id)
    elif _is_last_frame(job) and screen.project.image_key is None:
        for key in projects.offered(job):  # there is one at most
            projects.approve(me, studio, where.project_id, key)
    return Done(here)


def regenerate(me: Identity, studio: Studio, where: Where, count: int) -> Done:
    """Other pictures of the same words; nothing while some are being made."""
    screen = look(me, studio, where)
    if not markup.running(screen.preview):
        seed = _next_seed(screen.project, screen.preview)
        orders.preview(me, studio, where.project_id, num_images=count, seed=seed)
    return Done(Where(where.project_id, "preview"))


def acted(me: Identity, studio: Studio, where: Where, act: str, item: str) -> Done:
    """Choose a picture, or keep its seed to change the words."""
    if act == "choose":
        projects.approve(me, studio, where.project_id, item)
        return Done(Where(where.project_id, "preview"))
    job = look(me, studio, where).preview
    seed = projects.offered(job).get(item) if job else None
    if act != "like" or seed is None:
        return Done(where)
    projects.change_project(me, studio, where.project_id, {"seed": seed})
    return Done(Where(where.project_id, "prompt"), CREATE["said_like"].format(seed))


def go(me: Identity, studio: Studio, where: Where) -> Done:
    """On with the chosen picture."""
    if projects.project(me, studio, where.project_id).image_key is None:
        raise InvalidRequest("picture", CREATE["nothing_chosen"])
    return Done(Where(where.project_id, "render"))


def is_old(me: Identity, studio: Studio, screen: Screen) -> bool:
    """Whether the chosen picture shows other words than the project has now."""
    key = screen.project.image_key or ""
    made = next((job for job in screen.jobs if str(job.id) in key), None)
    return made is not None and not _is_of_now(me, studio, screen.project, made)


def _is_of_now(me: Identity, studio: Studio, project: Project, job: Job) -> bool:
    """Whether its pictures show the words, and the seed, that the project has now."""
    if _is_last_frame(job):
        return True
    words, made = words_of(me, studio, project), job.params
    same = (
        made.get("prompt") == words.prompt
        and (made.get("enhanced_prompt") or None) == words.enhanced
        and (made.get("negative_prompt") or "") == words.negative
        and made.get("model") == project.model
    )
    return same and (project.seed is None or _is_near(project.seed, job))


def _is_last_frame(job: Job) -> bool:
    """Of another video: it fits whatever happens next."""
    return "clip_key" in job.params


def _is_near(seed: int, job: Job) -> bool:
    return seed <= int(job.params.get("seed") or 0) < seed + _NEAR


def _next_seed(project: Project, job: Job | None) -> int | None:
    """None draws one; a kept seed goes on where the last pictures ended."""
    if project.seed is None or job is None or not _is_near(project.seed, job):
        return None
    return int(job.params["seed"]) + int(job.params.get("num_images") or 1)


def _stills(offered: Mapping[str, int], project: Project, job: Job | None) -> str:
    has_seeds = job is not None and not _is_last_frame(job)  # pictures that came of a seed
    tiles = "".join(
        _tile(project, key, number, seed if has_seeds else None)
        for number, (key, seed) in enumerate(offered.items(), 1)
    )
    hint = f'<p class="ov-soft">{CREATE["like_hint"]}</p>' if has_seeds else ""
    return f'<div class="ov-stills">{tiles}</div>{hint}'


def _tile(project: Project, still: str, number: int, seed: int | None) -> str:
    key, alt, is_chosen = escape(still), CREATE["still"].format(number), still == project.image_key
    badge = f'<span class="ov-badge">{icon("check")}{CREATE["chosen"]}</span>' if is_chosen else ""
    like = (
        f"<figcaption><span>{CREATE['seed']} {seed}</span>"
        f'<button type="button" class="ov-link" data-act="like" data-id="{key}">{CREATE["like"]}'
        "</button></figcaption>"
    )
    return (
        f'<figure class="ov-still{" chosen" if is_chosen else ""}">'
        f'<button type="button" data-act="choose" data-id="{key}" aria-pressed="{_js(is_chosen)}">'
        f'<img class="ov-skeleton" src="{markup.picture(project, still)}" alt="{alt}" width="1280"'
        f' height="720">{badge}</button>{"" if seed is None else like}</figure>'
    )


def _js(value: bool) -> str:
    return "true" if value else "false"
