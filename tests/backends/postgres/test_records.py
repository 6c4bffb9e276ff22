"""What people keep, as they keep it; and what is refused costs and loses nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest

from ourvidz.domain.errors import InvalidRequest, NotAllowed, OurVidzError
from ourvidz.domain.job import NewJob
from tests.backends.postgres.house import CARD, House, delivery


def test_a_project_remembers_what_was_decided(house: House) -> None:
    me = house.person()
    project = house.records.create_project(me, {"prompt": "a cat", "seconds": 15})
    assert (project.step, project.seconds, project.model) == ("idea", 15, "starter")
    changed = house.records.change_project(
        me,
        project.id,
        {"step": "prompt", "enhanced_prompt": "A cat. Soft light.", "seed": 2**63 - 1},
    )
    assert house.records.project(me, project.id) == changed
    assert changed.updated_at > project.updated_at
    assert [p.id for p in house.records.projects(me)] == [project.id]
    house.records.delete_project(me, project.id)
    assert house.records.projects(me) == []


def test_a_character_can_be_changed_and_deleted(house: House) -> None:
    me = house.person()
    ann = house.records.create_character(me, "Ann", "red hair", ["tall"])
    changed = house.records.change_character(me, ann.id, "Anna", "green hat", [])
    assert (changed.name, changed.description, changed.tags) == ("Anna", "green hat", ())
    project = house.records.create_project(me, {"prompt": "x", "character_id": ann.id})
    house.records.delete_character(me, ann.id)
    assert house.records.project(me, project.id).character_id is None
    assert house.records.characters(me) == []


def test_a_deleted_video_comes_back_until_its_file_goes(house: House) -> None:
    me = house.person(1)
    job = house.order(me)
    house.queue.register(CARD)
    lease = house.queue.claim(CARD, 60)
    assert lease is not None
    house.queue.finish(lease, "succeeded", result=delivery(job))
    (video,) = house.records.videos(me)
    assert house.records.rename_video(me, video.id, "My cat").title == "My cat"
    house.records.delete_video(me, video.id)
    assert house.records.videos(me) == []
    house.records.delete_video(me, video.id, undo=True)
    assert [v.id for v in house.records.videos(me)] == [video.id]
    house.root.execute("update public.videos set expires_at = now() where id = %s", (video.id,))
    assert [v.id for v in house.office.expired_videos()] == [video.id]
    for _ in range(2):
        house.office.forget_video(video.id)
    assert house.records.videos(me) == []
    assert house.records.ledger(me)[0].entry == "delete"


def test_a_later_policy_asks_for_the_age_again(house: House) -> None:
    me = house.person(adult=False)
    assert house.records.account(me).age_verified_at is None
    first = house.records.verify_age(me, "2026-11").age_verified_at
    assert house.records.verify_age(me, "2026-11").age_verified_at == first
    again = house.records.verify_age(me, "2027-01")
    assert again.age_policy_version == "2027-01"
    assert again.age_verified_at is not None
    assert first is not None
    assert again.age_verified_at > first


def test_the_ledger_is_read_in_pages(house: House) -> None:
    me = house.person()
    for i in range(5):
        house.office.add_credits(me.user_id, 1, f"gift {i}", f"{me.user_id} {i}")
    first = house.records.ledger(me, limit=2)
    rest = house.records.ledger(me, limit=9, before=first[-1].id)
    assert [line.note for line in [*first, *rest]] == [f"gift {i}" for i in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": "nul \x00 byte"},
        {"prompt": "x" * 2001},
        {"title": "x" * 121},
        {"model": "../../etc"},
        {"profile": "best"},
        {"seconds": -5},
        {"seconds": float("nan")},
        {"seed": -1},
        {"seed": 2**70},
        {"step": "paid"},
        {"credits": 100},
        {"user_id": uuid4()},
        {"image_key": "videos-final/x"},
        {"character_id": uuid4()},
        {"prompt": None},
    ],
    ids=lambda values: "-".join(values),
)
def test_what_can_not_be_kept_is_refused_and_nothing_changes(
    house: House, values: dict[str, object]
) -> None:
    me = house.person()
    project = house.records.create_project(me, {"prompt": "a cat"})
    with pytest.raises((InvalidRequest, NotAllowed)):
        house.records.change_project(me, project.id, values)
    with pytest.raises((InvalidRequest, NotAllowed)):
        house.records.create_project(me, values)
    assert house.records.projects(me) == [project]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"num_frames": -80},
        {"num_frames": 0},
        {"num_frames": 1.5},
        {"num_frames": "80"},
        {"num_frames": 10**30},
        {"num_frames": 80, "prompt": "nul \x00 byte"},
        {"num_frames": 80, "prompt": "\ud800"},
        {"num_frames": 80, "prompt": "x" * 70_000},
    ],
    ids=range(9),
)
def test_hostile_orders_cost_nothing(house: House, params: dict[str, object]) -> None:
    me = house.person(5)
    with pytest.raises(InvalidRequest):
        house.order(me, params=params)
    assert house.records.jobs(me) == []
    assert house.records.account(me).credits == 5


@pytest.mark.parametrize(
    ("kind", "model", "key"),
    [("stitch", "starter", "k"), ("video", "no such model!", "k"), ("video", "starter", "")],
)
def test_orders_that_no_one_may_place_are_refused(
    house: House, kind: str, model: str, key: str
) -> None:
    me = house.person(5)
    new = NewJob(
        kind=kind,  # type: ignore[arg-type]
        params={"num_frames": 80}, model=model, idempotency_key=key,
    )  # fmt: skip
    with pytest.raises(InvalidRequest):
        house.records.enqueue(me, new)
    assert house.records.account(me).credits == 5


def test_one_person_can_not_fill_the_line(house: House) -> None:
    me = house.person()
    for _ in range(50):
        house.order(me, "preview")
    with pytest.raises(NotAllowed, match="cancel one"):
        house.order(me, "preview")


def test_others_ids_and_unknown_ids_get_the_same_answer(house: House) -> None:
    ann, bob = house.person(1), house.person()
    job, project = house.order(ann), house.records.create_project(ann, {"prompt": "x"})
    character = house.records.create_character(ann, "Ann", "", [])
    records = house.records
    for theirs, ask in (
        (job.id, lambda i: records.job(bob, i)),
        (job.id, lambda i: records.cancel(bob, i)),
        (job.id, lambda i: records.line(bob, i)),
        (project.id, lambda i: records.project(bob, i)),
        (project.id, lambda i: records.change_project(bob, i, {"title": "x"})),
        (project.id, lambda i: records.delete_project(bob, i)),
        (project.id, lambda i: house.order(bob, "preview", project_id=i)),
        (character.id, lambda i: records.delete_character(bob, i)),
        (character.id, lambda i: records.change_character(bob, i, "x", "", [])),
        (uuid4(), lambda i: records.video(bob, i)),
        (uuid4(), lambda i: records.rename_video(bob, i, "x")),
        (uuid4(), lambda i: records.delete_video(bob, i)),
    ):
        texts: set[str] = set()
        for id in (theirs, uuid4()):
            with pytest.raises(OurVidzError) as refusal:
                ask(id)
            assert type(refusal.value) is NotAllowed
            texts.add(str(refusal.value))
        assert len(texts) == 1
