"""The library's shelves: everything stands on one, where it stands now, and nobody else's does."""

from __future__ import annotations

from uuid import UUID

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.job import Job, Outcome
from ourvidz.domain.library import Shelf
from tests.backends.postgres.house import CARD, House, delivery


def ended(house: House, me: Identity, outcome: Outcome, **more: object) -> Job:
    """A job whose only attempt has ended like that."""
    job = house.order(me, **more)  # type: ignore[arg-type]
    house.queue.register(CARD)
    while (lease := house.queue.claim(CARD, 60)) is not None and lease.job.id != job.id:
        house.queue.finish(lease, "failed", error="not now")
    assert lease is not None
    result = delivery(job) if outcome == "succeeded" else None
    assert house.queue.finish(lease, outcome, result=result, error="It broke.")
    return job


def on(house: House, me: Identity, shelf: Shelf | None = None, **more: UUID) -> list[UUID]:
    return [piece.job.id for piece in house.records.pieces(me, shelf=shelf, **more)]


def test_everything_stands_on_the_shelf_where_it_is_now(house: House) -> None:
    me = house.person(9)
    done, broken = ended(house, me, "succeeded"), ended(house, me, "failed")
    stopped = house.order(me)
    house.records.cancel(me, stopped.id)
    waiting = house.order(me)
    house.order(me, kind="preview", params={"prompt": "a cat"})
    assert on(house, me) == [waiting.id, stopped.id, broken.id, done.id]
    assert on(house, me, "finished") == [done.id]
    assert on(house, me, "making") == [waiting.id]
    assert on(house, me, "failed") == [stopped.id, broken.id]
    assert house.records.piece_counts(me) == {"finished": 1, "making": 1, "failed": 2}
    assert {piece.job.id: piece.shelf for piece in house.records.pieces(me)} == {
        done.id: "finished", broken.id: "failed", stopped.id: "failed", waiting.id: "making",
    }  # fmt: skip
    assert [piece.video is not None for piece in house.records.pieces(me)] == [False] * 3 + [True]


def test_a_deleted_video_has_its_own_shelf_for_an_hour(house: House) -> None:
    me = house.person(1)
    job = ended(house, me, "succeeded")
    (video,) = house.records.videos(me)
    house.records.delete_video(me, video.id)
    assert on(house, me) == []
    assert on(house, me, "deleted") == [job.id]
    house.root.execute(
        "update public.videos set deleted_at = now() - interval '61 min' where id = %s", (video.id,)
    )
    assert house.records.piece_counts(me) == {}
    house.office.forget_video(video.id)
    assert on(house, me) == []


def test_what_was_tried_again_is_shown_as_its_new_try(house: House) -> None:
    me = house.person(2)
    old = ended(house, me, "failed")
    new = house.order(me, key=f"retry:{old.id}")
    assert on(house, me) == [new.id]


def test_what_failed_can_be_put_away_and_nothing_else_can(house: House) -> None:
    me, other = house.person(3), house.person()
    broken, done = ended(house, me, "failed"), ended(house, me, "succeeded")
    waiting = house.order(me)
    for person, job in ((other, broken), (me, done), (me, waiting)):
        with pytest.raises(NotAllowed):
            house.records.put_away(person, job.id)
    for _ in range(2):
        assert house.records.put_away(me, broken.id).state == "failed"
    assert on(house, me) == [waiting.id, done.id]
    assert house.records.piece_counts(me) == {"finished": 1, "making": 1}


def test_only_what_belongs_to_a_character_is_shown(house: House) -> None:
    me, other = house.person(3), house.person(1)
    mia = house.records.create_character(me, "Mia", "red hair", [])
    project = house.records.create_project(me, {"prompt": "x", "character_id": mia.id})
    hers, _ = house.order(me, project_id=project.id), house.order(me)
    assert on(house, me, character_id=mia.id) == [hers.id]
    assert house.records.piece_counts(me, character_id=mia.id) == {"making": 1}
    house.order(other)
    assert on(house, other, character_id=mia.id) == []


def test_the_library_is_read_in_pages_and_alone(house: House) -> None:
    me = house.person(5)
    made = [house.order(me).id for _ in range(5)]
    pages = [house.records.pieces(me, limit=2, offset=at) for at in (0, 2, 4)]
    assert [piece.job.id for page in pages for piece in page] == made[::-1]
    assert on(house, house.person()) == []
