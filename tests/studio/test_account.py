"""One's own account: what is known, what is exported, and that the way out leaves nothing."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.studio import account, characters, film_orders, library, orders, projects
from tests.studio.conftest import Town
from tests.studio.film_scenes import illustrated, make, written
from tests.studio.scenes import REFUSED, deliver_stills, deliver_video

PASSWORD = "a long enough password 7"
#: Every table with something of a person, but for refusals, which outlive the account nameless.
TABLES = ("users", "characters", "projects", "storyboards", "keyframes", "jobs", "videos",
          "usage_logs", "subscriptions", "reports")  # fmt: skip


def signed_up(town: Town) -> Identity:
    """Someone with a password, by the real sign-in service."""
    tokens = asyncio.run(town.studio.auth.sign_up(f"{uuid4()}@example.com", PASSWORD))
    me = tokens.identity
    account.verify_age(me, town.studio, is_adult=True)
    town.studio.administration.add_credits(me.user_id, 5, "test", str(me.user_id))
    return me


def test_age_is_kept_with_its_time_and_its_policy(town: Town) -> None:
    me = town.person(adult=False)
    for no in (False, "yes", 1, None):
        with pytest.raises(InvalidRequest, match="18 or older"):
            account.verify_age(me, town.studio, is_adult=no)  # type: ignore[arg-type]
    assert account.account(me, town.studio).age_verified_at is None
    verified = account.verify_age(me, town.studio, is_adult=True)
    assert verified.age_policy_version == account.AGE_POLICY_VERSION
    assert account.verify_age(me, town.studio, is_adult=True) == verified


def test_the_ledger_can_be_read_page_by_page(town: Town) -> None:
    me = town.person(credits=7)
    for i in range(3):
        town.studio.administration.add_credits(me.user_id, 1, f"gift {i}", f"{me.user_id} {i}")
    first = account.ledger(me, town.studio, limit=2)
    rest = account.ledger(me, town.studio, before=first[-1].id)
    assert [line.balance for line in (*first, *rest)] == [10, 9, 8, 7]
    assert account.balance(me, town.studio) == 10


def test_an_export_holds_everything_and_can_be_written_down(town: Town) -> None:
    me = town.person(credits=2)
    characters.create_character(me, town.studio, "Mia", "a girl with red hair", ["hat"])
    project = projects.create_project(me, town.studio, {"prompt": "a cat"})
    (key,) = deliver_stills(town, me, orders.preview(me, town.studio, project.id, num_images=1))
    deliver_video(town, me, orders.render(me, town.studio, project.id))
    board = written(town, me)
    export = account.export_my_data(me, town.studio)
    said = json.dumps(export, default=str)
    assert {name: len(export[name]) for name in export if name != "account"} == {
        "ledger": 3, "characters": 1, "projects": 1, "jobs": 2, "videos": 1, "films": 1,
        "files": 3,
    }  # fmt: skip
    assert board.scenes[0].prompt in said
    assert key in said
    assert me.email in said


def test_a_deleted_account_leaves_no_file_and_no_row(town: Town) -> None:
    me, other, studio = signed_up(town), town.person(credits=1), town.studio
    characters.create_character(me, studio, "Mia", "a girl with red hair")
    project = projects.create_project(me, studio, {"prompt": "a cat"})
    deliver_stills(town, me, orders.preview(me, studio, project.id))
    deliver_video(town, me, orders.render(me, studio, project.id))
    board = written(town, me)
    illustrated(town, me, board)
    film_orders.render_film(me, studio, board.id)
    make(town, me, 1)
    deliver_video(
        town,
        other,
        orders.render(
            other, studio, projects.create_project(other, studio, {"prompt": "a dog"}).id
        ),
    )
    with pytest.raises(Exception, match="not made here"):
        projects.create_project(me, studio, {"prompt": REFUSED})
    running = town.take(orders.render(me, studio, project.id))
    waiting = orders.render(me, studio, project.id, key="another")

    with pytest.raises(NotAllowed):
        asyncio.run(account.delete_account(me, studio, "a wrong password 123"))
    assert studio.records.job(me, waiting.id).state == "queued"

    asyncio.run(account.delete_account(me, studio, PASSWORD))
    for table in TABLES:
        column = {"users": "id", "reports": "reporter_id"}.get(table, "user_id")
        assert town.count(table, **{column: me.user_id}) == 0, table
    assert account.files_of(me, studio) == []
    assert town.queue.heartbeat(running, 60, 0.5, "denoise", 1.0) == "lost"
    assert town.studio.administration.holds(running.job.id, running.worker, running.attempt) is None
    with pytest.raises(NotAllowed):
        asyncio.run(studio.auth.sign_in(me.email, PASSWORD))
    with pytest.raises(NotAllowed):
        account.balance(me, studio)
    with pytest.raises(NotAllowed):
        projects.create_project(me, studio, {"prompt": "a cat"})
    assert len(library.videos(other, studio)) == 1
    assert len(account.files_of(other, studio)) == 2
