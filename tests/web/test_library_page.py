"""The library's page: what it shows, what can be done there, and that it stays quick."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ourvidz.backends.postgres.connection import Connection, Database
from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed, NotEnoughCredits
from ourvidz.domain.job import Job
from ourvidz.studio import characters, film_orders, films, library, orders, projects
from ourvidz.web.pages.library_acts import acted
from ourvidz.web.pages.library_view import View, shown
from ourvidz.web.pages.markup import Answer, Press
from tests.studio.conftest import Town, module_endpoints, postgres, town, valkey  # noqa: F401
from tests.studio.film_scenes import broken, illustrated, make, written
from tests.studio.scenes import deliver_video, fail

NOW = datetime.now(UTC)
EVIL = '"><img src=x onerror=alert(1)>${alert(2)}{{alert}}</li>'


def ordered(town: Town, me: Identity, **values: Any) -> Job:  # noqa: F811
    project = projects.create_project(me, town.studio, {"prompt": "a cat"} | values)
    return orders.render(me, town.studio, project.id)


def made(town: Town, me: Identity, **values: Any) -> str:  # noqa: F811
    """Deliver a video; its id."""
    job = ordered(town, me, **values)
    deliver_video(town, me, job)
    (video,) = (one for one in library.videos(me, town.studio) if one.job_id == job.id)
    return str(video.id)


def page(town: Town, me: Identity, query: str = "", *, now: datetime = NOW) -> str:  # noqa: F811
    return shown(me, town.studio, View.of(query), now=now)


def press(town: Town, me: Identity, act: str, id: object, at: str = "", **fields: str) -> Answer:  # noqa: F811
    said = {"act": act, "id": str(id), "at": at, "fields": {k: [v] for k, v in fields.items()}}
    return acted(me, town.studio, Press.of(said))


def cards(markup: str) -> list[str]:
    """The shelves of the cards that are shown, in their order."""
    return re.findall(r'<li class="ov-card lib-card (\w+)"', markup)


def test_a_new_library_says_how_to_fill_it(town: Town) -> None:  # noqa: F811
    markup = page(town, town.person())
    assert 'href="/app/"' in markup
    assert "lib-filter" not in markup
    assert cards(markup) == []


def test_everything_is_shown_with_what_can_be_done_with_it(town: Town) -> None:  # noqa: F811
    me = town.person(credits=4)
    video, broken = made(town, me, seed=4711), ordered(town, me)
    fail(town, broken)
    waiting = ordered(town, me)
    markup = page(town, me)
    assert cards(markup) == ["making", "failed", "finished"]
    for part in (
        f'data-play="/media/{video}"',
        f'src="/media/{video}/thumbnail" alt="" loading="lazy"',
        f'href="/media/{video}?download=1"',
        "Seed <strong>4711</strong>",
        "<li>1 credit</li>",
        "5 s",
        f'data-job="{waiting.id}"',
        f'data-act="retry" data-id="{broken.id}"',
        "It broke. Try again. What it would have cost is back on your account.",
        "<small>1 credit</small>",
    ):
        assert part in markup, part


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?show=finished", ["finished"]),
        ("?show=failed", ["failed"]),
        ("?show=making", []),
        ("?show=nonsense&page=x", ["failed", "finished"]),
        ("?page=99", ["failed", "finished"]),
        ("?character=not-an-id", ["failed", "finished"]),
        (f"?character={UUID(int=7)}", ["failed", "finished"]),
    ],
)
def test_any_address_shows_a_library(
    town: Town, query: str, expected: list[str]  # noqa: F811
) -> None:  # fmt: skip
    me = town.person(credits=2)
    made(town, me)
    fail(town, ordered(town, me))
    markup = page(town, me, query)
    assert cards(markup) == expected
    assert 'aria-current="true"' in markup


def test_a_character_has_a_library_of_its_own(town: Town) -> None:  # noqa: F811
    me = town.person(credits=2)
    mia = characters.create_character(me, town.studio, "Mia", "a woman with red hair")
    made(town, me)
    made(town, me, character_id=mia.id, title="Mia alone")
    markup = page(town, me, f"?character={mia.id}")
    assert cards(markup) == ["finished"]
    assert "Mia alone" in markup
    assert f'href="/app/library?show=failed&amp;character={mia.id}"' in markup


def test_what_people_wrote_is_text(town: Town) -> None:  # noqa: F811
    me = town.person(credits=2)
    video = made(town, me)
    waiting = ordered(town, me)
    town.root.execute("update public.videos set title = %s where id = %s", (EVIL[:120], video))
    town.root.execute(
        "update public.jobs set params = params || jsonb_build_object('prompt', %s::text)"
        " where id = %s", (EVIL, waiting.id),
    )  # fmt: skip
    markup = page(town, me) + press(town, me, "delete", video).markup
    assert "<img src=x" not in markup
    assert markup.count("&lt;img src=x") >= 3
    assert "onerror=alert(1)>" not in markup


@pytest.mark.parametrize(
    ("left", "text", "warns"),
    [
        (timedelta(days=12, hours=1), "Deleted in 12 days<", False),
        (timedelta(days=2, hours=23), "Deleted in 2 days. Download it", True),
        (timedelta(hours=5, minutes=1), "Deleted in 5 hours. Download it", True),
        (timedelta(seconds=-3), "Deleted in 1 minute. Download it", True),
    ],
)
def test_a_video_says_when_it_will_be_gone(
    town: Town, left: timedelta, text: str, warns: bool  # noqa: F811
) -> None:  # fmt: skip
    me = town.person(credits=1)
    made(town, me)
    town.root.execute(
        "update public.videos set expires_at = %s where user_id = %s", (NOW + left, me.user_id)
    )
    markup = page(town, me)
    assert text in markup
    assert ("lib-expiry soon" in markup) == warns


def test_a_deleted_video_is_offered_back_here_and_on_its_shelf(town: Town) -> None:  # noqa: F811
    me = town.person(credits=1)
    video = made(town, me, title="My boat")
    answer = press(town, me, "delete", video, "?show=finished")
    assert cards(answer.markup) == []
    assert "“My boat” was deleted." in answer.markup
    assert f'data-act="undo" data-id="{video}" data-focus' in answer.markup
    shelf = page(town, me, "?show=deleted", now=datetime.now(UTC) + timedelta(minutes=20))
    assert "Can come back for 40 minutes" in shelf
    answer = press(town, me, "undo", video)
    assert (cards(answer.markup), answer.said) == (["finished"], "It is back.")


def test_a_video_gets_another_title(town: Town) -> None:  # noqa: F811
    me = town.person(credits=1)
    video = made(town, me)
    answer = press(town, me, "rename", video, title="My boat")
    assert ("My boat" in answer.markup, answer.said) == (True, "Renamed.")
    for title in ("", "x" * 121):
        with pytest.raises(InvalidRequest):
            press(town, me, "rename", video, title=title)


def test_what_failed_is_tried_again_once_and_paid_again(town: Town) -> None:  # noqa: F811
    me = town.person(credits=1)
    job = ordered(town, me)
    fail(town, job)
    for _ in range(2):
        assert cards(press(town, me, "retry", job.id).markup) == ["making"]
    assert town.ledger(me)[-1] == ("reserve", -1)
    assert town.count("jobs", user_id=me.user_id) == 2
    other = ordered(town, me := town.person(credits=1))
    fail(town, other)
    ordered(town, me)
    with pytest.raises(NotEnoughCredits):
        press(town, me, "retry", other.id)


def test_a_film_leads_to_its_storyboard_and_offers_nothing_that_is_refused(
    town: Town,  # noqa: F811
) -> None:
    me = town.person(credits=10)
    board = written(town, me)
    illustrated(town, me, board)
    film_orders.render_film(me, town.studio, board.id)
    way = f'href="/app/films?film={board.id}"'
    assert (cards(page(town, me)), way in page(town, me)) == (["making"], True)
    broken(town, me)
    make(town, me)
    assert "1 of 3 shots could not be made." in page(town, me)
    film_orders.cancel_film(me, town.studio, board.id)
    stopped = page(town, me)
    assert (cards(stopped), way in stopped) == (["failed"], True)
    film_orders.render_film(me, town.studio, board.id)
    make(town, me)
    done = page(town, me, "?show=finished")
    assert (cards(done), way in done) == (["finished"], True)
    for markup in (stopped, done):
        assert 'data-act="retry"' not in markup and 'data-act="reuse"' not in markup
    films.delete_film(me, town.studio, board.id)
    assert "/app/films" not in page(town, me, "?show=finished")


def test_what_failed_can_be_removed(town: Town) -> None:  # noqa: F811
    me = town.person(credits=1)
    job = ordered(town, me)
    fail(town, job)
    assert cards(press(town, me, "put_away", job.id).markup) == []


def test_settings_open_create_with_a_new_project(town: Town) -> None:  # noqa: F811
    me = town.person(credits=1)
    made(town, me, seed=5)
    (video,) = library.videos(me, town.studio)
    answer = press(town, me, "reuse", video.job_id)
    newest = projects.projects(me, town.studio)[0]
    assert f'data-goto="/app/?project={newest.id}"' in answer.markup
    assert (newest.prompt, newest.seed, newest.id == video.project_id) == ("a cat", 5, False)


@pytest.mark.parametrize("act", ["delete", "undo", "rename", "retry", "put_away", "reuse"])
def test_nobody_touches_the_things_of_others(town: Town, act: str) -> None:  # noqa: F811
    me, mallory = town.person(credits=2), town.person(credits=1)
    video = made(town, me)
    job = ordered(town, me)
    fail(town, job)
    before = page(town, me)
    for target in (video, job.id, "1' or '1'='1", "", None):
        with pytest.raises(NotAllowed):
            press(town, mallory, act, target, title="mine")
    assert page(town, me) == before


@pytest.mark.parametrize(
    "said",
    [None, [], "x", {"act": ["delete"]}, {"act": "drop", "id": {}, "at": 7, "fields": [1]},
     {"act": "show", "at": "?page=" + "9" * 500}],
    ids=lambda said: str(said)[:20],
)  # fmt: skip
def test_nonsense_only_shows_the_library(town: Town, said: Any) -> None:  # noqa: F811
    me = town.person(credits=1)
    made(town, me)
    assert cards(acted(me, town.studio, Press.of(said)).markup) == ["finished"]


def test_a_large_library_takes_no_more_questions_than_a_small_one(
    town: Town, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    me = town.person(credits=1)
    made(town, me)
    asked: list[Any] = []
    transaction = Database.transaction

    @contextmanager
    def counted(database: Database, claims: Mapping[str, Any]) -> Iterator[Connection]:
        asked.append(claims)
        with transaction(database, claims) as connection:
            yield connection

    monkeypatch.setattr(Database, "transaction", counted)
    page(town, me)
    few = len(asked)
    town.root.execute(
        "with made as (insert into public.jobs (user_id, kind, state, model, params, turn,"
        " idempotency_key, finished_at, created_at) select user_id, kind, state, model, params, 1,"
        " 'more ' || n, now(), now() - n * interval '1 min' from public.jobs,"
        " generate_series(1, 499) n where user_id = %(me)s returning id, created_at)"
        " insert into public.videos (user_id, job_id, media_key, thumbnail_key, width, height,"
        " num_frames, fps, seconds, seed, model, cost, size_bytes, created_at)"
        " select %(me)s, id, 'videos-final/x', 'videos-final/x', 1280, 720, 80, 16, 5, 1,"
        " 'starter', 1, 1000, created_at from made",
        {"me": me.user_id},
    )
    asked.clear()
    first, last = page(town, me), page(town, me, "?page=21")
    assert len(asked) == 2 * few <= 10
    assert (len(cards(first)), len(cards(last))) == (24, 20)
    assert "1 to 24 of 500" in first
    assert "481 to 500 of 500" in last
    assert 'href="/app/library?page=20"' in last
    assert len(first) < 120_000
