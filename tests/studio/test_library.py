"""The library, and what happens to files whose time is over."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, PolicyRefused
from ourvidz.domain.library import Video
from ourvidz.studio import library, orders, projects, retention
from tests.studio.conftest import Town
from tests.studio.scenes import REFUSED, deliver_video


def made(town: Town, me: Identity, title: str = "Boat at 'sunset'/..") -> Video:
    project = projects.create_project(me, town.studio, {"prompt": "a cat", "title": title})
    deliver_video(town, me, orders.render(me, town.studio, project.id))
    return library.videos(me, town.studio, project_id=project.id)[0]


def test_a_video_is_watched_and_saved_under_its_name(town: Town) -> None:
    me = town.person(credits=1)
    video = made(town, me)
    links = library.links(me, town.studio, str(video.id))
    assert f"download=boat-at-sunset-{video.seed}.mp4" in links.download
    assert {link.split("?")[0].rpartition(".")[2] for link in vars(links).values()} == {
        "mp4", "jpg",
    }  # fmt: skip


def test_a_deleted_video_is_gone_until_it_is_taken_back(town: Town) -> None:
    me = town.person(credits=1)
    video = made(town, me)
    deleted = library.delete(me, town.studio, video.id)
    assert library.delete(me, town.studio, video.id) == deleted
    assert library.videos(me, town.studio) == []
    with pytest.raises(NotAllowed, match="Undo"):
        library.links(me, town.studio, video.id)
    library.undo(me, town.studio, video.id)
    assert library.videos(me, town.studio) == [video]
    assert library.links(me, town.studio, video.id).watch


def test_a_title_can_be_changed_within_the_rules(town: Town) -> None:
    me = town.person(credits=1)
    video = made(town, me)
    assert library.rename(me, town.studio, video.id, " My [boat] ").title == "My [boat]"
    refused: list[tuple[Any, type[Exception]]] = [
        ("", InvalidRequest),
        ("  ", InvalidRequest),
        (None, InvalidRequest),
        ("x" * 121, InvalidRequest),
        ("a\x00b", InvalidRequest),
        (REFUSED, PolicyRefused),
    ]
    for title, family in refused:
        with pytest.raises(family):
            library.rename(me, town.studio, video.id, title)
    assert library.video(me, town.studio, video.id).title == "My [boat]"


@pytest.mark.parametrize(
    "page",
    [{"limit": -1}, {"limit": 101}, {"limit": "9"}, {"offset": -1}, {"offset": 10**400}],
    ids=lambda page: str(page)[:30],
)
def test_only_real_pages_are_shown(town: Town, page: dict[str, Any]) -> None:
    me = town.person()
    for listing in (library.videos, projects.projects):
        with pytest.raises(InvalidRequest, match=f"{next(iter(page))}: must be a whole number"):
            listing(me, town.studio, **page)


def test_files_go_before_their_rows_and_everything_else_stays(town: Town) -> None:
    me, studio = town.person(credits=4), town.studio
    expired, deleted, undone, kept = (made(town, me, f"Boat {i}") for i in range(4))
    library.delete(me, studio, deleted.id)
    library.delete(me, studio, undone.id)
    long_ago = "update public.videos set {} = now() - interval '2 h' where id = %s"
    town.root.execute(long_ago.format("expires_at").encode(), (expired.id,))
    town.root.execute(long_ago.format("deleted_at").encode(), (deleted.id,))
    assert retention.sweep(studio.administration, studio.media) == 2
    assert retention.sweep(studio.administration, studio.media) == 0
    left = {undone.media_key, undone.thumbnail_key, kept.media_key, kept.thumbnail_key}
    assert set(studio.media.keys(f"videos-final/{me.user_id}/")) == left
    assert library.videos(me, studio) == [kept]
    library.undo(me, studio, undone.id)
    assert len(library.videos(me, studio)) == 2
    assert [entry for entry, _ in town.ledger(me)].count("delete") == 2


def test_housekeeping_stops_when_it_is_told(town: Town) -> None:
    stopped = threading.Event()
    stopped.set()
    retention.keep_house(town.studio.administration, town.studio.media, stopped)
