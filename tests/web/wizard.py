"""The Create page in a test's hands: go somewhere, see what is shown, let a worker deliver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ourvidz.domain.account import Identity
from ourvidz.domain.job import Job, JobKind
from ourvidz.studio import projects
from ourvidz.web.create import idea, previews
from ourvidz.web.create.screen import Where, look
from ourvidz.web.pages import create
from tests.studio.conftest import Town
from tests.studio.scenes import deliver_stills

#: Words that must be shown as words.
EVIL = 'with a "red" <b>hat</b>'


def begun(town: Town, me: Identity, prompt: str = "a red sailboat", **values: Any) -> Where:
    made = projects.create_project(me, town.studio, {"prompt": prompt, **values})
    return Where(str(made.id), "prompt")


def fields(prompt: str, **values: Any) -> list[Any]:
    kept = {"character_id": "", "model": "starter", "profile": "fast", "negative_prompt": ""}
    return [({"prompt": prompt, "seed": None} | kept | values)[name] for name in idea.FIELDS]


def shown(town: Town, me: Identity, where: Where) -> Mapping[str, Any]:
    return create.painted(me, town.studio, look(me, town.studio, where))


def newest(town: Town, me: Identity, where: Where, kind: JobKind) -> Job:
    job = look(me, town.studio, where).newest(kind)
    assert job is not None
    return job


def enhanced(town: Town, me: Identity, where: Where, text: str, **result: Any) -> None:
    """End the enhancement that is in line."""
    job = newest(town, me, where, "enhance")
    said = {"original": job.params["prompt"], "enhanced": text, "source": "model", "reason": ""}
    assert town.queue.finish(town.take(job), "succeeded", result=said | result)


def with_stills(town: Town, me: Identity, **values: Any) -> tuple[Where, list[str]]:
    where = previews.begin(me, town.studio, begun(town, me, **values)).where
    return where, deliver_stills(town, me, newest(town, me, where, "preview"))


def with_choice(town: Town, me: Identity, **values: Any) -> Where:
    where, keys = with_stills(town, me, **values)
    previews.acted(me, town.studio, where, "choose", keys[1])
    return previews.go(me, town.studio, where).where
