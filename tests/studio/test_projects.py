"""Drafts: what is kept of what was typed, and what is refused before it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed, PolicyRefused
from ourvidz.studio import characters, jobs, library, orders, projects
from tests.studio.conftest import Town
from tests.studio.scenes import REFUSED, deliver_stills, deliver_video

HOSTILE: list[tuple[str, dict[Any, Any]]] = [
    ("prompt", {"prompt": "a\x00cat"}),
    ("prompt", {"prompt": "half a \ud83d"}),
    ("prompt", {"prompt": "x" * 2_001}),
    ("prompt", {"prompt": ["a cat"]}),
    ("prompt", {"prompt": None}),
    ("prompt", {"prompt": {"$gt": ""}}),
    ("enhanced_prompt", {"enhanced_prompt": "x" * 2_001}),
    ("negative_prompt", {"negative_prompt": 1}),
    ("title", {"title": "x" * 121}),
    ("use_enhanced", {"use_enhanced": "yes"}),
    ("model", {"model": "sora"}),
    ("model", {"model": "starter'; drop table jobs; --"}),
    ("model", {"model": None}),
    ("profile", {"profile": "free"}),
    ("profile", {"profile": {}}),
    ("seconds", {"seconds": 0}),
    ("seconds", {"seconds": -5}),
    ("seconds", {"seconds": 1_801}),
    ("seconds", {"seconds": float("nan")}),
    ("seconds", {"seconds": float("inf")}),
    ("seconds", {"seconds": 10**400}),
    ("seconds", {"seconds": True}),
    ("seconds", {"seconds": "5"}),
    ("seed", {"seed": -1}),
    ("seed", {"seed": 2**63}),
    ("seed", {"seed": 1.5}),
    ("seed", {"seed": True}),
    ("project", {"user_id": "me"}),
    ("project", {"image_key": "videos-preview/x/y/a1/0.png"}),
    ("project", {"step": "done"}),
    ("project", {"cost": 0}),
    ("project", {"x" * 100_000: 1}),
    ("project", {7: 1}),
]


@pytest.mark.parametrize(("field", "values"), HOSTILE, ids=lambda value: str(value)[:40])
def test_hostile_values_are_refused_by_name_and_change_nothing(
    town: Town, field: str, values: dict[str, Any]
) -> None:
    me = town.person()
    before = projects.create_project(me, town.studio, {"prompt": "a cat"})
    for write in (
        lambda: projects.create_project(me, town.studio, values),
        lambda: projects.change_project(me, town.studio, before.id, values),
    ):
        with pytest.raises(InvalidRequest) as refused:
            write()
        assert refused.value.field == field
        assert len(str(refused.value)) < 300
    assert projects.projects(me, town.studio) == [before]


def test_a_draft_is_kept_as_it_was_typed(town: Town) -> None:
    me = town.person()
    typed = {
        "title": "Boat",
        "prompt": "a red [sailboat] 🚢 'at' \"sunset\" %s {}",
        "negative_prompt": "text",
        "profile": "fast",
        "seconds": 2.5,
        "seed": 2**63 - 1,
        "use_enhanced": False,
    }
    kept = projects.create_project(me, town.studio, typed)
    assert {name: getattr(kept, name) for name in typed} == typed
    assert kept.step == "prompt"
    assert projects.project(me, town.studio, str(kept.id)) == kept


def test_other_words_drop_the_enhanced_ones_and_other_settings_do_not(town: Town) -> None:
    me = town.person()
    project = projects.create_project(me, town.studio, {})
    assert project.step == "idea"
    both = {"prompt": "a dog", "enhanced_prompt": "A dog. Golden hour."}
    project = projects.change_project(me, town.studio, project.id, both)
    assert (project.step, project.enhanced_prompt) == ("prompt", "A dog. Golden hour.")
    project = projects.change_project(me, town.studio, project.id, {"seed": 7, "prompt": "a dog"})
    assert project.enhanced_prompt == "A dog. Golden hour."
    project = projects.change_project(me, town.studio, project.id, {"prompt": "a cat"})
    assert project.enhanced_prompt is None


def test_refused_words_are_kept_nowhere_but_as_a_hash(town: Town) -> None:
    me = town.person(credits=5)
    project = projects.create_project(me, town.studio, {"prompt": "a cat"})
    for write in (
        lambda: projects.create_project(me, town.studio, {"prompt": REFUSED}),
        lambda: projects.change_project(me, town.studio, project.id, {"prompt": REFUSED}),
        lambda: projects.change_project(me, town.studio, project.id, {"enhanced_prompt": REFUSED}),
        lambda: projects.change_project(me, town.studio, project.id, {"title": REFUSED}),
        lambda: characters.create_character(me, town.studio, "Mia", REFUSED),
        lambda: characters.create_character(me, town.studio, "Mia", "a girl", [REFUSED[:40]]),
    ):
        with pytest.raises(PolicyRefused) as refused:
            write()
        assert refused.value.category
    assert town.count("refusals", user_id=me.user_id) == 6
    assert projects.projects(me, town.studio) == [project]
    assert characters.characters(me, town.studio) == []
    assert town.ledger(me) == [("grant", 5)]
    words = f"%{REFUSED[:20]}%"
    for table in ("projects", "jobs", "characters", "usage_logs", "refusals", "alerts"):
        query = f"select count(*) from public.{table} t where t::text like %s"
        assert town.root.execute(query.encode(), (words,)).fetchone() == (0,), table


def test_the_approved_still_and_its_seed_are_what_the_video_starts_from(town: Town) -> None:
    me = town.person(credits=5)
    project = projects.create_project(me, town.studio, {"prompt": "a cat", "seed": 40})
    preview = orders.preview(me, town.studio, project.id, num_images=3)
    assert projects.stills(me, town.studio, project.id) == []
    keys = deliver_stills(town, me, preview)
    offered = projects.stills(me, town.studio, project.id)
    assert [(still["key"], still["seed"]) for still in offered] == [
        (key, 40 + i) for i, key in enumerate(keys)
    ]
    approved = projects.approve(me, town.studio, project.id, keys[2])
    assert (approved.step, approved.image_key, approved.image_seed) == ("render", keys[2], 42)
    job = orders.render(me, town.studio, project.id)
    assert (job.params["image_key"], job.params["seed"]) == (keys[2], 42)
    back = projects.approve(me, town.studio, project.id, None)
    assert (back.step, back.image_key, back.image_seed) == ("preview", None, None)


def test_an_older_preview_of_the_project_can_still_be_approved(town: Town) -> None:
    me = town.person()
    project = projects.create_project(me, town.studio, {"prompt": "a cat"})
    first = deliver_stills(town, me, orders.preview(me, town.studio, project.id, num_images=1))
    deliver_stills(town, me, orders.preview(me, town.studio, project.id, num_images=1))
    assert projects.approve(me, town.studio, project.id, first[0]).image_key == first[0]


def test_a_deleted_project_takes_its_stills_and_orders_along_and_leaves_its_videos(
    town: Town,
) -> None:
    me = town.person(credits=5)
    project = projects.create_project(me, town.studio, {"prompt": "a cat"})
    (key,) = deliver_stills(town, me, orders.preview(me, town.studio, project.id, num_images=1))
    deliver_video(town, me, orders.render(me, town.studio, project.id))
    waiting = orders.render(me, town.studio, project.id)
    assert town.studio.records.account(me).credits == 3
    projects.delete_project(me, town.studio, project.id)
    assert jobs.job(me, town.studio, waiting.id).state == "cancelled"
    assert town.studio.records.account(me).credits == 4
    assert len(library.videos(me, town.studio)) == 1
    assert town.studio.media.keys(f"videos-preview/{me.user_id}/") == []
    assert key not in town.studio.media.keys(f"videos-preview/{me.user_id}/")
    with pytest.raises(NotAllowed):
        projects.project(me, town.studio, project.id)


def test_a_character_is_said_first_and_judged_with_the_words(town: Town) -> None:
    me = town.person()
    mia = characters.create_character(me, town.studio, "Mia", "a girl with red hair", ["hat"])
    values = {"prompt": "a walk on the beach", "enhanced_prompt": "A walk.", "character_id": mia.id}
    project = projects.create_project(me, town.studio, values)
    job = orders.preview(me, town.studio, project.id)
    assert job.params["prompt"] == "Mia: a girl with red hair, hat. a walk on the beach"
    assert job.params["enhanced_prompt"] == "Mia: a girl with red hair, hat. A walk."
    assert orders.enhance(me, town.studio, project.id).params["prompt"] == "a walk on the beach"
    characters.change_character(me, town.studio, mia.id, "Mia", "a hat " * 166 + "a ha")
    projects.change_project(me, town.studio, project.id, {"prompt": "a walk " * 214 + "ab"})
    with pytest.raises(InvalidRequest, match="shorten one of them by 507"):
        orders.preview(me, town.studio, project.id)
    characters.delete_character(me, town.studio, str(mia.id))
    assert projects.project(me, town.studio, project.id).character_id is None
