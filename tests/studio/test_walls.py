"""Someone else's id, an id of nothing and an id that is none: the same answer everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import NotAllowed
from ourvidz.domain.job import Job
from ourvidz.domain.library import Character, Project, Video
from ourvidz.domain.storyboard import Storyboard
from ourvidz.studio import (
    account,
    characters,
    film_orders,
    film_status,
    films,
    jobs,
    keyframes,
    library,
    orders,
    projects,
)
from ourvidz.studio.door import Studio
from tests.studio.conftest import Town, identity
from tests.studio.film_scenes import illustrated, written
from tests.studio.scenes import deliver_stills, deliver_video

Call = Callable[[Identity, Studio, Any], object]

#: Every function that takes an id, called with an id of the kind it wants.
CALLS: dict[str, dict[str, Call]] = {
    "project": {
        "projects.project": lambda me, at, one: projects.project(me, at, one),
        "projects.change_project": lambda me, at, one: projects.change_project(
            me, at, one, {"title": "mine now"}
        ),
        "projects.stills": lambda me, at, one: projects.stills(me, at, one),
        "projects.approved": lambda me, at, one: projects.approved(me, at, one),
        "projects.approve": lambda me, at, one: projects.approve(me, at, one, None),
        "projects.delete_project": lambda me, at, one: projects.delete_project(me, at, one),
        "orders.quote": lambda me, at, one: orders.quote(me, at, one),
        "orders.enhance": lambda me, at, one: orders.enhance(me, at, one),
        "orders.preview": lambda me, at, one: orders.preview(me, at, one),
        "orders.last_frame": lambda me, at, one: orders.last_frame(me, at, one, "videos-final/a"),
        "orders.render": lambda me, at, one: orders.render(me, at, one),
        "jobs.jobs": lambda me, at, one: jobs.jobs(me, at, project_id=one),
        "library.videos": lambda me, at, one: library.videos(me, at, project_id=one),
    },
    "film": {
        "films.film": lambda me, at, one: films.film(me, at, one),
        "films.change_film": lambda me, at, one: films.change_film(me, at, one, {"title": "x"}),
        "films.delete_film": lambda me, at, one: films.delete_film(me, at, one),
        "keyframes.stills": lambda me, at, one: keyframes.stills(me, at, one),
        "keyframes.keyframes": lambda me, at, one: keyframes.keyframes(me, at, one),
        "keyframes.picture_links": lambda me, at, one: keyframes.picture_links(me, at, one, ["a"]),
        "keyframes.approve": lambda me, at, one: keyframes.approve(me, at, one),
        "film_orders.quote_film": lambda me, at, one: film_orders.quote_film(me, at, one),
        "film_orders.render_film": lambda me, at, one: film_orders.render_film(me, at, one),
        "film_orders.cancel_film": lambda me, at, one: film_orders.cancel_film(me, at, one),
        "film_orders.retry_film": lambda me, at, one: film_orders.retry_film(me, at, one),
        "film_orders.take_film": lambda me, at, one: film_orders.take_film(me, at, one),
        "film_orders.redo_shot": lambda me, at, one: film_orders.redo_shot(me, at, one, "sea/0"),
        "film_status.film_status": lambda me, at, one: film_status.film_status(me, at, one),
        "film_status.clip_links": lambda me, at, one: film_status.clip_links(me, at, one, ["a"]),
    },
    "job": {
        "jobs.status": lambda me, at, one: jobs.status(me, at, one),
        "jobs.job": lambda me, at, one: jobs.job(me, at, one),
        "jobs.cancel": lambda me, at, one: jobs.cancel(me, at, one),
        "orders.retry": lambda me, at, one: orders.retry(me, at, one),
        "library.put_away": lambda me, at, one: library.put_away(me, at, one),
        "library.reuse": lambda me, at, one: library.reuse(me, at, one),
    },
    "video": {
        "library.video": lambda me, at, one: library.video(me, at, one),
        "library.links": lambda me, at, one: library.links(me, at, one),
        "library.rename": lambda me, at, one: library.rename(me, at, one, "mine now"),
        "library.delete": lambda me, at, one: library.delete(me, at, one),
        "library.undo": lambda me, at, one: library.undo(me, at, one),
    },
    "character": {
        "characters.change_character": lambda me, at, one: characters.change_character(
            me, at, one, "mine now"
        ),
        "characters.delete_character": lambda me, at, one: characters.delete_character(me, at, one),
        "projects.create_project": lambda me, at, one: projects.create_project(
            me, at, {"prompt": "a cat", "character_id": one}
        ),
    },
}
ALL = [(kind, name) for kind, calls in CALLS.items() for name in calls]
#: Listings, which show nothing for a character that is not theirs.
LISTINGS: dict[str, Call] = {
    "library.pieces": lambda me, at, one: library.pieces(me, at, character_id=one),
    "library.piece_counts": lambda me, at, one: library.piece_counts(me, at, character_id=one),
}
NOT_IDS = ["", "nonsense", "../../etc/passwd", "1' or '1'='1", "\x00", 7, None, ["x"], {"$ne": 1}]


ROOMS = (
    account, characters, film_orders, film_status, films, jobs, keyframes, library, orders,
    projects,
)  # fmt: skip


@dataclass(frozen=True)
class Somebody:
    """One of everything, of one person."""

    me: Identity
    project: Project
    job: Job
    video: Video
    character: Character
    image_key: str
    film: Storyboard

    def id_of(self, kind: str) -> object:
        return getattr(self, kind).id


@pytest.fixture(scope="module")
def them(town: Town) -> Iterator[Somebody]:
    me = town.person(credits=5)
    character = characters.create_character(me, town.studio, "Mia", "a girl with red hair")
    project = projects.create_project(me, town.studio, {"prompt": "a red sailboat"})
    keys = deliver_stills(town, me, orders.preview(me, town.studio, project.id, num_images=1))
    projects.approve(me, town.studio, project.id, keys[0])
    deliver_video(town, me, orders.render(me, town.studio, project.id))
    job = jobs.cancel(me, town.studio, orders.preview(me, town.studio, project.id).id)
    (video,) = library.videos(me, town.studio)
    film = written(town, me)
    illustrated(town, me, film)
    film = films.film(me, town.studio, film.id)
    somebody = Somebody(me, project, job, video, character, keys[0], film)
    before = everything(town, somebody)
    yield somebody
    assert everything(town, somebody) == before, "a stranger changed something"


def everything(town: Town, them: Somebody) -> dict[str, Any]:
    """All that a person has, but for what the clock changes."""
    export = account.export_my_data(them.me, town.studio)
    return {**export, "files": [file["key"] for file in export["files"]]}


def test_every_function_that_takes_an_id_is_here() -> None:
    takes_one = {
        f"{room.__name__.rpartition('.')[2]}.{name}"
        for room in ROOMS
        for name, function in inspect.getmembers(room, inspect.isfunction)
        if function.__module__ == room.__name__ and not name.startswith("_")
        if any(parameter.endswith("_id") for parameter in inspect.signature(function).parameters)
    }
    assert takes_one <= {name for _, name in ALL} | LISTINGS.keys()


@pytest.mark.parametrize(("kind", "name"), ALL, ids=[f"{name}({kind})" for kind, name in ALL])
def test_a_strangers_id_is_answered_like_one_of_nothing(
    town: Town, them: Somebody, kind: str, name: str
) -> None:
    me, call = town.person(credits=5), CALLS[kind][name]
    answers = set[str]()
    for one in (them.id_of(kind), str(them.id_of(kind)), uuid4(), str(uuid4()), "nonsense"):
        with pytest.raises(NotAllowed) as refused:
            call(me, town.studio, one)
        answers.add(str(refused.value))
    assert answers == {str(NotAllowed())}
    assert town.ledger(me) == [("grant", 5)]


@pytest.mark.parametrize("name", LISTINGS)
def test_a_strangers_character_lists_nothing(town: Town, them: Somebody, name: str) -> None:
    me = town.person(credits=5)
    assert not LISTINGS[name](me, town.studio, them.character.id)
    assert not LISTINGS[name](me, town.studio, uuid4())


@pytest.mark.parametrize("not_an_id", NOT_IDS, ids=repr)
@pytest.mark.parametrize(
    "name",
    ["project", "status", "video", "change_character"],
)
def test_what_is_no_id_is_answered_like_one_of_nothing(
    town: Town, them: Somebody, name: str, not_an_id: object
) -> None:
    kind, call = next(
        (kind, call)
        for kind, calls in CALLS.items()
        for full, call in calls.items()
        if full.endswith(f".{name}")
    )
    assert kind
    with pytest.raises(NotAllowed, match=str(NotAllowed())):
        call(them.me, town.studio, not_an_id)


@pytest.mark.parametrize(
    "key",
    [
        "{theirs}",
        "videos-preview/{me}/{job}/a1/0.png",
        "videos-preview/{me}/../{them}/{job}/a1/0.png",
        "videos-final/{them}/{job}/a1/out.mp4",
        "/etc/passwd",
        "",
        7,
        "x" * 10_000,
    ],
)
def test_only_a_still_of_this_very_project_can_be_approved(
    town: Town, them: Somebody, key: Any
) -> None:
    me = town.person()
    project = projects.create_project(me, town.studio, {"prompt": "a cat"})
    mine = deliver_stills(town, me, orders.preview(me, town.studio, project.id, num_images=1))
    other = projects.create_project(me, town.studio, {"prompt": "a dog"})
    if isinstance(key, str):
        key = key.format(
            theirs=them.image_key, me=me.user_id, them=them.me.user_id, job=them.job.id
        )
    for wrong, where in ((key, project), (mine[0], other)):
        with pytest.raises(NotAllowed, match=str(NotAllowed())):
            projects.approve(me, town.studio, where.id, wrong)
    assert projects.approve(me, town.studio, project.id, mine[0]).image_key == mine[0]


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": str(UUID(int=7))},
        {"role": "service_role"},
        {"role": "anon"},
        {"exp": 1},
        {"exp": None},
        {"exp": "never"},
        {"is_anonymous": True},
    ],
    ids=str,
)
def test_an_identity_that_its_token_does_not_carry_comes_nowhere(
    town: Town, them: Somebody, claims: dict[str, Any]
) -> None:
    forged = identity(them.me.user_id, them.me.email, **claims)
    for kind, name in ALL:
        with pytest.raises(NotAllowed, match="Sign in again"):
            CALLS[kind][name](forged, town.studio, them.id_of(kind))
    for whole in (account.balance, account.ledger, account.export_my_data, library.videos,
                  projects.projects, characters.characters, jobs.jobs):  # fmt: skip
        with pytest.raises(NotAllowed, match="Sign in again"):
            whole(forged, town.studio)
