"""The last step: the video."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.domain.library import Video
from ourvidz.pipeline.profiles import MAX_DRAWN_SEED
from ourvidz.studio import library, orders
from ourvidz.studio.door import Studio
from ourvidz.studio.going_on import go_on
from ourvidz.web.create import markup, render
from ourvidz.web.create.screen import Done, Painted, Screen, Where, look
from ourvidz.web.icons import icon
from ourvidz.web.pages.library_view import left
from ourvidz.web.texts_create import CREATE


def build() -> dict[str, Any]:
    """The components by name."""
    parts: dict[str, Any] = {}
    parts["video"] = gr.HTML(elem_id="ov-video", apply_default_css=False, js_on_load=None)
    with gr.Row(elem_classes=["ov-actions"]):
        parts["onward"] = gr.Button(CREATE["onward"], elem_id="ov-onward")
        parts["take"] = gr.Button(elem_id="ov-take")
    return parts


def paint(me: Identity, studio: Studio, screen: Screen) -> Painted:
    """What they show."""
    shown = _videos(me, studio, screen)
    quote = orders.quote(me, studio, screen.project.id)
    credits = CREATE["credit" if quote.credits == 1 else "credits"].format(quote.credits)
    affordable = quote.credits <= quote.have
    value = (
        _video(shown[0], len(shown), screen.project.prompt)
        if shown
        else markup.notice(CREATE["video_gone"])
    )
    if not affordable:
        value += render.too_dear(quote, "take_too_dear")
    return {
        "video": gr.update(value=value),
        "onward": gr.update(visible=bool(shown)),
        "take": gr.update(
            value=CREATE["take"].format(credits), interactive=affordable
        ),
    }  # fmt: skip


def take(me: Identity, studio: Studio, where: Where) -> Done:
    """The same once more with another seed; a second click is the same take."""
    screen = look(me, studio, where)
    job = screen.newest("video")
    if job is not None and not markup.running(job):
        orders.render(
            me, studio, where.project_id,
            seed=secrets.randbelow(MAX_DRAWN_SEED), key=f"take after {job.id}",
        )  # fmt: skip
    return Done(Where(where.project_id, "render"))


def onward(me: Identity, studio: Studio, where: Where) -> Done:
    """A new idea that starts with the last frame of the video shown."""
    shown = _videos(me, studio, look(me, studio, where))
    if not shown:
        return Done(where, CREATE["video_gone"])
    project = go_on(me, studio, shown[0].id)
    return Done(Where(str(project.id), "idea"), CREATE["said_onward"])


def _videos(me: Identity, studio: Studio, screen: Screen) -> list[Video]:
    """Those of this project, newest first."""
    made = library.videos(me, studio, project_id=screen.project.id, limit=20)
    return [one for one in made if one.deleted_at is None]


def _video(video: Video, count: int, words: str) -> str:
    source, name = f"/media/{video.id}", escape(video.title)
    facts = (
        f"{video.seconds:g} s", f"{video.width} x {video.height}", f"{CREATE['seed']} {video.seed}",
        CREATE["expires"].format(left(video.expires_at, datetime.now(UTC))),
    )  # fmt: skip
    listed = "".join(f"<li>{fact}</li>" for fact in facts)
    film = escape(urlencode({"idea": words}))
    more = CREATE["takes"].format(count) if count > 1 else CREATE["in_library"]
    return (
        f'<video controls playsinline preload="metadata" poster="{source}/thumbnail"'
        f' src="{source}" aria-label="{name}"></video>'
        f'<ul class="ov-facts">{listed}</ul><p class="ov-actions">'
        f'<a class="ov-button primary" id="ov-download" href="{source}?download=1">'
        f"{icon('download')}{CREATE['download']}</a>"
        f'<a class="ov-button quiet" id="ov-to-library" href="/app/library">{icon("library")}'
        f"{more}</a>"
        f'<a class="ov-button quiet" id="ov-to-film" href="/app/films?{film}">'
        f"{icon('films')}{CREATE['to_film']}</a></p>"
    )
