"""The first step: what should be seen."""

from __future__ import annotations

import contextlib
from html import escape
from typing import Any

import gradio as gr

from ourvidz.domain.account import Identity
from ourvidz.domain.catalog import FAMILIES
from ourvidz.domain.errors import InvalidRequest
from ourvidz.domain.library import Project
from ourvidz.studio import characters, orders, projects
from ourvidz.studio.door import Studio
from ourvidz.web.create import markup, words
from ourvidz.web.create.screen import Done, Painted, Screen, Where
from ourvidz.web.texts_create import CREATE, EXAMPLES
from ourvidz.web.widgets.cards import Cards
from ourvidz.web.widgets.choice import Choice

#: What of a project this step asks for, in the order of the fields.
FIELDS = ("prompt", "character_id", "model", "profile", "negative_prompt", "seed")


def build() -> dict[str, Any]:
    """The components by name; the fields have the names of `FIELDS`."""
    parts: dict[str, Any] = {}
    parts["prompt"] = gr.Textbox(
        label=CREATE["prompt"], placeholder=CREATE["prompt_placeholder"], lines=4, max_lines=10,
        elem_id="ov-prompt",
    )  # fmt: skip
    parts["examples"] = Cards(elem_id="ov-examples")
    parts["character_id"] = Choice(
        label=CREATE["character"], choices=[(CREATE["nobody"], "")], value="", visible=False,
        elem_id="ov-character",
    )  # fmt: skip
    parts["facts"] = gr.HTML(elem_id="ov-facts", apply_default_css=False, js_on_load=None)
    with gr.Accordion(CREATE["more"], open=False, elem_id="ov-more"):
        offered = [(f"{one.name}: {one.summary}", one.name) for one in FAMILIES.values()
                   if not one.needs]  # fmt: skip
        parts["model"] = gr.Dropdown(
            label=CREATE["model"], choices=offered, visible=len(offered) > 1, elem_id="ov-model"
        )
        parts["profile"] = gr.Radio(
            label=CREATE["profile"], elem_id="ov-profile",
            choices=[(CREATE[name], name) for name in ("fast", "balanced", "quality")],
        )  # fmt: skip
        parts["negative_prompt"] = gr.Textbox(
            label=CREATE["negative"], placeholder=CREATE["negative_placeholder"], lines=2,
            elem_id="ov-negative",
        )  # fmt: skip
        parts["seed"] = gr.Number(
            label=CREATE["seed"], placeholder=CREATE["seed_placeholder"], precision=0, minimum=0,
            maximum=2**53 - 1, elem_id="ov-seed",
        )  # fmt: skip
    parts["idea_go"] = gr.Button(CREATE["idea_go"], variant="primary", elem_id="ov-idea-go")
    parts["drafts"] = gr.HTML(elem_id="ov-drafts", apply_default_css=False, js_on_load=None)
    return parts


def paint(me: Identity, studio: Studio, screen: Screen) -> Painted:
    """What they show."""
    project = screen.project
    people = characters.characters(me, studio)
    choices = [(CREATE["nobody"], ""), *((one.name, str(one.id)) for one in people)]
    return {
        "prompt": gr.update(value=project.prompt),
        "examples": gr.update(value=_examples(project)),
        "character_id": gr.update(
            choices=choices, value=str(project.character_id or ""), visible=bool(people)
        ),
        "facts": gr.update(value=_facts(me, studio, project)),
        "model": gr.update(value=project.model),
        "profile": gr.update(value=project.profile),
        "negative_prompt": gr.update(value=project.negative_prompt),
        "seed": gr.update(value=project.seed),
        "drafts": gr.update(value=_drafts(me, studio, project)),
    }


def save(me: Identity, studio: Studio, where: Where, *fields: Any) -> Done:
    """Keep what was typed."""
    project = projects.project(me, studio, where.project_id)
    values: dict[str, Any] = dict(zip(FIELDS, fields, strict=True))
    values["character_id"] = values["character_id"] or None
    values["model"] = values["model"] or project.model
    new = {name: value for name, value in values.items() if value != _now(project, name)}
    if new.get("character_id") and not _is_there(me, studio, new["character_id"]):
        del new["character_id"]  # deleted while this page was open: what was typed is kept
    if new:
        projects.change_project(me, studio, project.id, new)
    return Done(where)


def go(me: Identity, studio: Studio, where: Where, *fields: Any) -> Done:
    """Keep it, and have it enhanced unless that was done already."""
    save(me, studio, where, *fields)
    if not str(fields[0] or "").strip():
        raise InvalidRequest("prompt", CREATE["prompt_empty"])
    return words.begin(me, studio, where)


def example(me: Identity, studio: Studio, where: Where, act: str, item: str) -> Done:
    """Take an example as the idea."""
    with contextlib.suppress(ValueError, IndexError):
        projects.change_project(me, studio, where.project_id, {"prompt": EXAMPLES[int(item)]})
    return Done(Where(where.project_id, "idea"))


def _is_there(me: Identity, studio: Studio, character_id: str) -> bool:
    return character_id in {str(one.id) for one in characters.characters(me, studio)}


def _now(project: Project, name: str) -> Any:
    value = getattr(project, name)
    return str(value) if name == "character_id" and value is not None else value


def _examples(project: Project) -> str:
    chips = "".join(
        f'<button type="button" class="ov-chip" data-act="example" data-id="{index}">'
        f"{escape(text)}</button>"
        for index, text in enumerate(EXAMPLES)
        if text != project.prompt
    )
    return f'<p class="ov-label">{CREATE["examples"]}</p><div class="ov-chips">{chips}</div>'


def _facts(me: Identity, studio: Studio, project: Project) -> str:
    quote = orders.quote(me, studio, project.id)
    price = CREATE["credit" if quote.credits == 1 else "credits"].format(quote.credits)
    time = CREATE["time_unknown"]
    if quote.seconds is not None:
        time = CREATE["time"].format(markup.span(quote.seconds))
    length = CREATE["length"].format(f"{project.seconds:g}")
    return (
        f'<ul class="ov-facts"><li>{length}</li><li>{price}</li><li>{time}</li>'
        f"<li>{CREATE['free']}</li></ul>"
    )


def _drafts(me: Identity, studio: Studio, project: Project) -> str:
    """Other ideas that were begun, while there is nothing here yet."""
    if project.prompt.strip():
        return ""
    begun = [one for one in projects.projects(me, studio, limit=20)
             if one.step != "done" and one.prompt.strip()][:3]  # fmt: skip
    links = "".join(
        f'<li><a class="ov-chip" href="/app/?project={one.id}">{escape(one.prompt[:90])}</a></li>'
        for one in begun
    )
    return f'<h2>{CREATE["drafts"]}</h2><ul class="ov-chips">{links}</ul>' if links else ""
