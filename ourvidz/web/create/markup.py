"""Pieces of HTML that the steps share. Everything given to them is escaped here."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from ourvidz.domain.job import Job
from ourvidz.domain.library import Project, Step
from ourvidz.web.create.screen import STEPS, Screen
from ourvidz.web.icons import icon
from ourvidz.web.texts_create import CREATE


def head(screen: Screen) -> str:
    """The way so far, the title of the step, and what to do there."""
    way = "".join(_station(screen, step, number) for number, step in enumerate(STEPS, 1))
    new = (
        f'<button type="button" class="ov-button quiet ov-new" data-act="new" id="ov-new">'
        f"{CREATE['new_idea']}</button>"
        if screen.project.prompt.strip()
        else ""
    )
    title, hint = CREATE[f"{screen.step}_title"], CREATE[f"{screen.step}_hint"]
    return (
        f'<nav aria-label="{CREATE["steps"]}"><ol class="ov-steps">{way}</ol></nav>'
        f'<div class="ov-title"><h1 tabindex="-1" id="ov-step-title">{title}</h1>{new}</div>'
        f'<p class="ov-hint">{hint}</p>'
    )


def notice(text: str, *, bad: bool = False) -> str:
    """Something to know.

    >>> "&lt;b&gt;" in notice("<b>"), notice("")
    (True, '')
    """
    if not text:
        return ""
    kind = " bad" if bad else ""
    return f'<div class="ov-notice{kind}" role="status">{icon("alert")}<p>{escape(text)}</p></div>'


def failure(job: Job | None) -> str:
    """Why a job gave nothing, if so."""
    if job is None or job.state not in ("failed", "cancelled"):
        return ""
    if job.state == "cancelled":
        return notice(CREATE["cancelled_paid" if job.cost else "cancelled"])
    back = CREATE["refunded"] if job.cost else ""
    return notice(f"{job.error or CREATE['failed']} {back}", bad=True)


def picture(project: Project, key: str) -> str:
    """The address of a picture of a project, for an attribute: the same whenever it is shown, so
    that a browser which has it does not fetch it again.
    """
    return escape(f"/api/projects/{project.id}/still?{urlencode({'key': key})}")


def running(job: Job | None) -> str:
    """The id of a job that goes on, for the widget that follows it."""
    return str(job.id) if job is not None and not job.is_final else ""


def span(seconds: float) -> str:
    """As exact as it is sure.

    >>> span(4), span(42), span(200), span(5_300)
    ('5 s', '40 s', '3 min', '88 min')
    >>> span(5_400), span(7_190), span(9_300), span(100_000)
    ('1 h 30 min', '2 h', '2 h 35 min', '28 h')
    """
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(round(minutes / 5) * 5, 60)
    return f"{hours} h {rest} min" if rest and hours < 10 else f"{round(minutes / 60)} h"


def _station(screen: Screen, step: Step, number: int) -> str:
    label = f"<i>{number}</i><span>{CREATE[f'{step}_step']}</span>"
    if step == screen.step:
        return f'<li><b aria-current="step">{label}</b></li>'
    if step in screen.reachable:
        return f'<li><button type="button" data-act="go" data-id="{step}">{label}</button></li>'
    return f"<li><em>{label}</em></li>"
