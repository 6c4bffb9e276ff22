"""The library, and what happens to files whose time is over."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, PolicyRefused
from ourvidz.domain.library import Video
from ourvidz.studio import characters, library, orders, projects, retention
from tests.studio.conftest import Town
from tests.studio.scenes import REFUSED, a_file, deliver_stills, deliver_video, fail


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


def test_what_lost_attempts_uploaded_goes_and_what_was_delivered_stays(town: Town) -> None:
    me, studio = town.person(credits=4), town.studio
    project = projects.create_project(me, studio, {"prompt": "a cat"})
    job = orders.render(me, studio, project.id)
    lost = town.take(job)
    studio.media.put(f"videos-final/{lost.folder}/clip.mp4", a_file("mp4"), "video/mp4")
    town.queue.finish(lost, "retry", error="x", error_family="Unavailable")
    town.root.execute(b"update public.jobs set not_before = now() where id = %s", (job.id,))
    deliver_video(town, me, job)
    now = datetime.now(UTC)
    assert retention.tidy(studio.administration, studio.media, now) == 0, "links still work"
    town.root.execute(
        b"update public.jobs set finished_at = now() - interval '4 h' where id = %s", (job.id,)
    )
    assert retention.tidy(studio.administration, studio.media, now) == 1
    assert retention.tidy(studio.administration, studio.media, now) == 0
    (video,) = library.videos(me, studio)
    left = set(studio.media.keys(f"videos-final/{me.user_id}/"))
    assert left == {video.media_key, video.thumbnail_key}


def test_stills_go_after_thirty_days(town: Town) -> None:
    me, studio = town.person(), town.studio
    project = projects.create_project(me, studio, {"prompt": "a red sailboat"})
    job = orders.preview(me, studio, project.id, num_images=2)
    deliver_stills(town, me, job)
    now = datetime.now(UTC)
    assert retention.tidy(studio.administration, studio.media, now) == 0
    town.root.execute(
        b"update public.jobs set finished_at = now() - interval '31 d' where id = %s", (job.id,)
    )
    assert retention.tidy(studio.administration, studio.media, now) == 2
    assert studio.media.keys(f"videos-preview/{me.user_id}/") == []


def test_housekeeping_stops_when_it_is_told(town: Town) -> None:
    stopped = threading.Event()
    stopped.set()
    retention.keep_house(town.studio.administration, town.studio.media, stopped)


def test_the_shelves_are_those_of_the_domain(town: Town) -> None:
    me = town.person(credits=2)
    video = made(town, me)
    project = projects.create_project(me, town.studio, {"prompt": "a cat"})
    job = orders.render(me, town.studio, project.id)
    fail(town, job)
    assert [piece.shelf for piece in library.pieces(me, town.studio)] == ["failed", "finished"]
    assert library.piece_counts(me, town.studio) == {"finished": 1, "failed": 1}
    library.put_away(me, town.studio, str(job.id))
    assert [piece.video for piece in library.pieces(me, town.studio)] == [video]
    wrong: Any
    for wrong in ("all", "", 3):
        with pytest.raises(InvalidRequest, match="shelf"):
            library.pieces(me, town.studio, shelf=wrong)
    with pytest.raises(NotAllowed):
        library.pieces(me, town.studio, character_id="1'")


def test_settings_are_used_again_word_for_word(town: Town) -> None:
    me, studio = town.person(credits=2), town.studio
    mia = characters.create_character(me, studio, "Mia", "a woman with red hair", ["hat"])
    idea = {
        "prompt": "Mia walks", "enhanced_prompt": "Mia walks. Soft light.", "seconds": 3,
        "seed": 7, "profile": "fast", "character_id": mia.id, "negative_prompt": "rain",
    }  # fmt: skip
    first = projects.create_project(me, studio, idea)
    job = orders.render(me, studio, first.id)
    projects.delete_project(me, studio, first.id)
    again = library.reuse(me, studio, job.id)
    assert {name: getattr(again, name) for name in idea} == idea
    assert (again.step, again.use_enhanced) == ("prompt", True)
    same = orders.render(me, studio, again.id)
    assert same.params == job.params


def test_settings_of_a_character_that_has_changed_stay_as_they_were(town: Town) -> None:
    me, studio = town.person(credits=1), town.studio
    mia = characters.create_character(me, studio, "Mia", "a woman with red hair")
    project = projects.create_project(me, studio, {"prompt": "walks", "character_id": mia.id})
    job = orders.render(me, studio, project.id)
    characters.change_character(me, studio, mia.id, "Mia", "a woman with black hair")
    again = library.reuse(me, studio, job.id)
    assert (again.prompt, again.character_id) == ("Mia: a woman with red hair. walks", None)


def test_only_ones_own_videos_can_be_made_again(town: Town) -> None:
    me, other, studio = town.person(credits=1), town.person(), town.studio
    project = projects.create_project(me, studio, {"prompt": "a cat"})
    job = orders.render(me, studio, project.id)
    preview = orders.preview(me, studio, project.id)
    for person, wanted in ((other, job), (me, preview)):
        with pytest.raises(NotAllowed):
            library.reuse(person, studio, wanted.id)
    assert projects.projects(other, studio) == []
