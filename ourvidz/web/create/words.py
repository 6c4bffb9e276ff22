"""The second step: the same idea in cinematic words, beside one's own."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed, Unavailable
from ourvidz.domain.job import Job
from ourvidz.studio import orders, projects
from ourvidz.studio.door import Studio
from ourvidz.web.create import markup, previews
from ourvidz.web.create.screen import Done, Painted, Screen, Where, look
from ourvidz.web.icons import icon
from ourvidz.web.texts_create import CREATE
from ourvidz.web.widgets.job import Job as JobWidget


def build() -> dict[str, Any]:
    """The components by name."""
    parts: dict[str, Any] = {}
    with gr.Row(equal_height=True, elem_classes=["ov-pair"]):
        with gr.Column(elem_classes=["ov-card"], min_width=280) as parts["mine_card"]:
            parts["mine"] = gr.HTML(elem_id="ov-mine", apply_default_css=False, js_on_load=None)
            parts["use_mine"] = gr.Button(CREATE["use_mine"], elem_id="ov-use-mine")
        with gr.Column(elem_classes=["ov-card"], min_width=280) as parts["enhanced_card"]:
            parts["enhanced_head"] = gr.HTML(apply_default_css=False, js_on_load=None)
            parts["enhance_job"] = JobWidget(picture=False, elem_id="ov-enhance-job")
            parts["enhanced"] = gr.Textbox(
                label=CREATE["enhanced_label"], show_label=False, lines=7, max_lines=14,
                elem_id="ov-enhanced",
            )  # fmt: skip
            parts["enhance_note"] = gr.HTML(
                elem_id="ov-enhance-note", apply_default_css=False, js_on_load=None
            )
            with gr.Row(elem_classes=["ov-actions"]):
                parts["undo"] = gr.Button(CREATE["undo"], elem_id="ov-undo")
                parts["redo"] = gr.Button(CREATE["redo"], elem_id="ov-redo")
                parts["again"] = gr.Button(CREATE["enhance_again"], elem_id="ov-again")
            parts["use_enhanced"] = gr.Button(CREATE["use_enhanced"], elem_id="ov-use-enhanced")
    with gr.Row(elem_classes=["ov-actions"]):
        parts["words_back"] = gr.Button(CREATE["words_back"], elem_id="ov-words-back")
        parts["words_go"] = gr.Button(CREATE["words_go"], variant="primary", elem_id="ov-words-go")
    return parts


def paint(me: Identity, studio: Studio, screen: Screen) -> Painted:
    """What they show."""
    project, job = screen.project, _job(screen)
    written, at = _written(screen), _at(screen)
    has_text = project.enhanced_prompt is not None
    is_used = has_text and project.use_enhanced
    busy = markup.running(job)
    return {
        "mine": gr.update(value=_mine(project.prompt, is_used=not is_used)),
        "use_mine": gr.update(visible=is_used),
        "mine_card": gr.update(elem_classes=_card(chosen=not is_used)),
        "enhanced_card": gr.update(elem_classes=_card(chosen=is_used)),
        "enhanced_head": gr.update(value=_title(CREATE["enhanced"], is_used=is_used)),
        "enhance_job": gr.update(value=busy, visible=bool(busy)),
        "enhanced": gr.update(
            value=project.enhanced_prompt or "", visible=has_text and not busy
        ),
        "enhance_note": gr.update(value="" if busy else _note(screen, job)),
        "undo": gr.update(visible=not busy and at + 1 < len(written)),
        "redo": gr.update(visible=not busy and at > 0),
        "again": gr.update(
            value=CREATE["enhance_again" if has_text else "enhance"], visible=not busy
        ),
        "use_enhanced": gr.update(visible=has_text and not is_used and not busy),
    }  # fmt: skip


def begin(me: Identity, studio: Studio, where: Where) -> Done:
    """Come here from the idea; the words are enhanced unless they were before."""
    here = Where(where.project_id, "prompt")
    screen = look(me, studio, here)
    if screen.project.enhanced_prompt is not None or _job(screen) is not None:
        return Done(here)
    try:
        return again(me, studio, here)
    except (NotAllowed, Unavailable) as error:
        return Done(here, str(error))  # one's own words do as well


def again(me: Identity, studio: Studio, where: Where) -> Done:
    """Enhance (once more), with another seed; nothing while one is being written."""
    job = _job(look(me, studio, where))
    if not markup.running(job):
        # The next seed, not any: of a few choices any two seeds often mean the same one.
        seed = int(job.params.get("seed") or 0) + 1 if job else None
        orders.enhance(me, studio, where.project_id, seed=seed)
        projects.change_project(me, studio, where.project_id, {"use_enhanced": True})
    return Done(where)


def save(me: Identity, studio: Studio, where: Where, text: str) -> Done:
    """Keep the edited words; none at all stand for one's own."""
    project = projects.project(me, studio, where.project_id)
    if project.enhanced_prompt is not None and text != project.enhanced_prompt:
        values = {"enhanced_prompt": text} if text.strip() else {"use_enhanced": False}
        projects.change_project(me, studio, project.id, values)
    return Done(where)


def use_mine(me: Identity, studio: Studio, where: Where, text: str) -> Done:
    """Keep one's own words."""
    save(me, studio, where, text)
    projects.change_project(me, studio, where.project_id, {"use_enhanced": False})
    return Done(where, CREATE["said_mine"])


def use_enhanced(me: Identity, studio: Studio, where: Where, text: str) -> Done:
    """Use the enhanced words."""
    save(me, studio, where, text)
    projects.change_project(me, studio, where.project_id, {"use_enhanced": True})
    return Done(where, CREATE["said_enhanced"])


def undo(me: Identity, studio: Studio, where: Where) -> Done:
    """From edited words to the written ones, from these to those before."""
    return _turn(me, studio, where, +1)


def redo(me: Identity, studio: Studio, where: Where) -> Done:
    """Forward again."""
    return _turn(me, studio, where, -1)


def go(me: Identity, studio: Studio, where: Where, text: str) -> Done:
    """On to the pictures."""
    save(me, studio, where, text)
    return previews.begin(me, studio, where)


def _turn(me: Identity, studio: Studio, where: Where, by: int) -> Done:
    screen = look(me, studio, where)
    written, at = _written(screen), _at(screen) + by
    if 0 <= at < len(written):
        projects.change_project(me, studio, screen.project.id, {"enhanced_prompt": written[at]})
    return Done(where)


def _job(screen: Screen) -> Job | None:
    """The last job that enhanced these very words."""
    newest = screen.newest("enhance")
    return newest if newest and newest.params.get("prompt") == screen.project.prompt else None


def _written(screen: Screen) -> list[str]:
    """All enhanced texts of these words, newest first, each once."""
    texts = (
        str(job.result["enhanced"])
        for job in screen.jobs
        if job.kind == "enhance" and job.result and job.result.get("enhanced")
        if job.params.get("prompt") == screen.project.prompt
    )
    return list(dict.fromkeys(texts))


def _at(screen: Screen) -> int:
    """Which of them is shown; -1 for an edited one."""
    written, now = _written(screen), screen.project.enhanced_prompt
    return written.index(now) if now in written else -1


def _note(screen: Screen, job: Job | None) -> str:
    """What there is to say about the enhanced text: why it failed, or whose it is."""
    if job is None:
        return ""
    if job.state == "failed":
        return markup.notice(f"{job.error or ''} {CREATE['enhance_failed']}", bad=True)
    result = job.result or {}
    is_shown = screen.project.enhanced_prompt in (None, result.get("enhanced"))
    reason = str(result.get("reason") or "") if is_shown else ""
    end = {"template": CREATE["from_template"], "original": CREATE["from_original"]}
    return markup.notice(f"{reason} {end.get(str(result.get('source')), '')}" if reason else "")


def _mine(prompt: str, *, is_used: bool) -> str:
    return f'{_title(CREATE["mine"], is_used=is_used)}<p class="ov-quote">{escape(prompt)}</p>'


def _title(text: str, *, is_used: bool) -> str:
    badge = f'<span class="ov-badge">{icon("check")}{CREATE["used"]}</span>' if is_used else ""
    return f'<div class="ov-title"><h2>{text}</h2>{badge}</div>'


def _card(*, chosen: bool) -> list[str]:
    return ["ov-card", "chosen"] if chosen else ["ov-card"]
