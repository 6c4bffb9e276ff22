"""The characters' page: made, changed and deleted there, and told honestly how they are used."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, PolicyRefused
from ourvidz.studio import characters, projects
from ourvidz.web.pages.characters_view import acted
from ourvidz.web.pages.markup import Answer, Press
from tests.studio.conftest import Town, module_endpoints, postgres, town, valkey  # noqa: F401
from tests.studio.scenes import REFUSED

EVIL = '"></textarea><img src=x onerror=alert(1)>${alert(2)}{{alert}}'


def press(town: Town, me: Identity, act: str = "show", id: object = "", **fields: Any) -> Answer:  # noqa: F811
    lists = {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
    return acted(me, town.studio, Press.of({"act": act, "id": str(id), "fields": lists}))


def names(answer: Answer) -> list[str]:
    return re.findall(r'<h2 dir="auto">(.*?)</h2>', answer.markup)


def test_an_empty_page_says_what_characters_are_good_for(town: Town) -> None:  # noqa: F811
    markup = press(town, town.person()).markup
    assert "The same face in every video" in markup
    assert 'data-open="who-new"' in markup
    assert "reference" not in markup.lower()


def test_a_character_is_made_changed_and_deleted(town: Town) -> None:  # noqa: F811
    me = town.person()
    answer = press(
        town, me, "save", name="Mia", description="a woman with red hair.", tags=["hat", "boots"]
    )
    (mia,) = characters.characters(me, town.studio)
    assert names(answer) == ["Mia"]
    assert answer.said == "Mia is ready. Choose it in Create."
    assert "Mia: a woman with red hair, hat, boots." in answer.markup
    assert f'href="/app/library?character={mia.id}"' in answer.markup
    answer = press(town, me, "save", mia.id, name="Maya", description="", tags=[])
    assert names(answer) == ["Maya"]
    assert "Nothing goes into prompts yet" in answer.markup
    answer = press(town, me, "delete", mia.id)
    assert (names(answer), answer.said) == ([], "Maya was deleted.")


def test_the_sentence_that_is_shown_is_the_one_that_is_used(town: Town) -> None:  # noqa: F811
    from ourvidz.studio import orders

    me = town.person()
    shown = press(
        town, me, "save", name="Mia", description="a woman with red hair", tags=["hat"]
    ).markup
    (sentence,) = re.findall(r'<bdi dir="auto">(.*?)</bdi>', shown)
    (mia,) = characters.characters(me, town.studio)
    project = projects.create_project(
        me, town.studio, {"prompt": "walks", "character_id": mia.id}
    )  # fmt: skip
    assert orders.preview(me, town.studio, project.id).params["prompt"] == f"{sentence} walks"


def test_a_character_is_taken_to_create(town: Town) -> None:  # noqa: F811
    me = town.person()
    mia = characters.create_character(me, town.studio, "Mia", "a woman with red hair")
    answer = press(town, me, "use", mia.id)
    (project,) = projects.projects(me, town.studio)
    assert project.character_id == mia.id
    assert f'data-goto="/app/?project={project.id}"' in answer.markup


@pytest.mark.parametrize(
    ("fields", "family"),
    [
        ({"name": " "}, InvalidRequest),
        ({}, InvalidRequest),
        ({"name": "x" * 121}, InvalidRequest),
        ({"name": "Mia", "description": "x" * 1001}, InvalidRequest),
        ({"name": "Mia", "tags": [f"tag {i}" for i in range(13)]}, InvalidRequest),
        ({"name": "Mia", "description": "a\x00b"}, InvalidRequest),
        ({"name": "Mia", "description": REFUSED}, PolicyRefused),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_can_not_be_kept_is_refused(
    town: Town, fields: dict[str, Any], family: type[Exception]  # noqa: F811
) -> None:  # fmt: skip
    me = town.person()
    with pytest.raises(family):
        press(town, me, "save", **fields)
    assert characters.characters(me, town.studio) == []


def test_what_people_wrote_is_text(town: Town) -> None:  # noqa: F811
    me = town.person()
    town.studio.records.create_character(me, EVIL, EVIL, [EVIL[:40]])
    markup = press(town, me).markup
    assert "<img src=x" not in markup
    assert '"></textarea>' not in markup
    assert markup.count("&lt;img src=x") >= 4


@pytest.mark.parametrize("act", ["save", "delete", "use"])
def test_nobody_touches_the_characters_of_others(town: Town, act: str) -> None:  # noqa: F811
    me, mallory = town.person(), town.person()
    mia = characters.create_character(me, town.studio, "Mia", "a woman with red hair")
    for target in (mia.id, "1' or '1'='1"):
        with pytest.raises(NotAllowed):
            press(town, mallory, act, target, name="Mine")
    assert characters.characters(me, town.studio) == [mia]
    assert projects.projects(mallory, town.studio) == []
