"""The fourth step: the price, the click, and how far it is."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.studio import orders
from ourvidz.studio.door import Studio
from ourvidz.studio.orders import Quote
from ourvidz.web.create import markup, previews
from ourvidz.web.create.screen import Done, Painted, Screen, Where, look
from ourvidz.web.texts_create import CREATE
from ourvidz.web.widgets.job import Job as JobWidget


def build() -> dict[str, Any]:
    """The components by name."""
    parts: dict[str, Any] = {}
    parts["render_note"] = gr.HTML(
        elem_id="ov-render-note", apply_default_css=False, js_on_load=None
    )
    parts["render_job"] = JobWidget(elem_id="ov-render-job")
    parts["still"] = gr.HTML(elem_id="ov-still", apply_default_css=False, js_on_load=None)
    parts["price"] = gr.HTML(elem_id="ov-price", apply_default_css=False, js_on_load=None)
    with gr.Row(elem_classes=["ov-actions"]):
        parts["render_back"] = gr.Button(CREATE["render_back"], elem_id="ov-render-back")
        parts["render_go"] = gr.Button(variant="primary", elem_id="ov-render-go")
    return parts


def paint(me: Identity, studio: Studio, screen: Screen) -> Painted:
    """What they show."""
    job, project = screen.newest("video"), screen.project
    busy = markup.running(job)
    quote = orders.quote(me, studio, project.id)
    affordable = quote.credits <= quote.have
    note = "" if busy else markup.failure(job)
    if not busy and previews.is_old(me, studio, screen):
        note += markup.notice(CREATE["picture_old"])
    if not busy and not affordable:
        note += too_dear(quote)
    credits = CREATE["credit" if quote.credits == 1 else "credits"].format(quote.credits)
    return {
        "render_note": gr.update(value=note),
        "render_job": gr.update(value=busy, visible=bool(busy)),
        "still": gr.update(value=_still(screen), visible=not busy),
        "price": gr.update(value=_price(project.seconds, quote), visible=not busy),
        "render_back": gr.update(visible=not busy),
        "render_go": gr.update(
            value=CREATE["render_go"].format(credits), visible=not busy, interactive=affordable
        ),
    }


def go(me: Identity, studio: Studio, where: Where) -> Done:
    """Order it; nothing more while it is being made."""
    screen = look(me, studio, where)
    if not markup.running(screen.newest("video")):
        orders.render(me, studio, where.project_id)
    return Done(Where(where.project_id, "render"))


def moved(me: Identity, studio: Studio, where: Where) -> Done:
    """A video has been made, or not: on to it, or stay and say why."""
    screen = look(me, studio, where)
    job = screen.newest("video")
    if job is not None and job.state == "succeeded":
        return Done(Where(where.project_id, "done"))
    return Done(where)


def _still(screen: Screen) -> str:
    key = screen.project.image_key
    if key is None:
        return ""
    source, alt = markup.picture(screen.project, key), CREATE["first_frame"]
    return f'<img class="ov-frame" src="{source}" alt="{alt}" width="1280" height="720">'


def _price(seconds: float, quote: Quote) -> str:
    time = CREATE["time_unknown"]
    if quote.seconds is not None:
        time = CREATE["time"].format(markup.span(quote.seconds))
    have = CREATE["have_one" if quote.have == 1 else "have"].format(quote.have)
    length = CREATE["length"].format(f"{seconds:g}")
    return f'<ul class="ov-facts"><li>{length}</li><li>{time}</li><li>{have}</li></ul>'


def too_dear(quote: Quote, what: str = "too_dear") -> str:
    """That the credits do not suffice, and where to look. what: the text that says so."""
    text = CREATE[what].format(quote.credits, quote.have)
    return markup.notice(text, bad=True) + (
        f'<p><a class="ov-button quiet" href="/app/account">{CREATE["to_account"]}</a></p>'
    )
