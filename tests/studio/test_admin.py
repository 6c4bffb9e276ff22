"""What admins may do, and that nobody else may do any of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.errors import InvalidRequest, NotAllowed
from ourvidz.studio import admin, orders, projects
from ourvidz.studio.door import Studio
from tests.studio.conftest import CARD, Town, identity
from tests.studio.scenes import fail

#: Every function of the module, called as well as it can be.
CALLS: dict[str, Callable[[Identity, Studio, Any], object]] = {
    "now": lambda me, at, one: admin.now(me, at),
    "jobs": lambda me, at, one: admin.jobs(me, at),
    "people": lambda me, at, one: admin.people(me, at),
    "figures": lambda me, at, one: admin.figures(me, at, 30),
    "grant": lambda me, at, one: admin.grant(me, at, one, 5, "why", uuid4()),
    "change_role": lambda me, at, one: admin.change_role(me, at, one, "admin"),
    "drain": lambda me, at, one: admin.drain(me, at, CARD.id, on=True),
    "retry": lambda me, at, one: admin.retry(me, at, uuid4()),
    "close_alert": lambda me, at, one: admin.close_alert(me, at, 1),
}


@pytest.fixture
def boss(town: Town) -> Identity:
    me = town.person()
    town.studio.administration.set_role(me.user_id, "admin")
    return me


def test_every_function_is_here() -> None:
    public = {
        name
        for name, one in inspect.getmembers(admin, inspect.isfunction)
        if one.__module__ == admin.__name__ and not name.startswith("_")
    }
    assert public == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_user_gets_the_answer_of_nothing_there(town: Town, boss: Identity, name: str) -> None:
    mallory = town.person()
    claims = {"app_metadata": {"role": "admin"}, "user_role": "admin"}
    for me in (mallory, identity(mallory.user_id, mallory.email, **claims)):
        with pytest.raises(NotAllowed) as refused:
            CALLS[name](me, town.studio, mallory.user_id)
        assert str(refused.value) == str(NotAllowed())
    forged = Identity(
        user_id=boss.user_id, email=boss.email, session_id="x", claims=dict(mallory.claims)
    )
    with pytest.raises(NotAllowed):
        CALLS[name](forged, town.studio, mallory.user_id)
    assert town.ledger(mallory) == []


@pytest.mark.parametrize("name", CALLS)
def test_a_role_that_was_taken_away_is_worth_nothing_at_once(
    town: Town, boss: Identity, name: str
) -> None:
    town.studio.administration.set_role(boss.user_id, "user")
    with pytest.raises(NotAllowed):
        CALLS[name](boss, town.studio, boss.user_id)


@pytest.mark.parametrize("amount", ["0", "", "1.5", "1e3", "999999", "-10001", "five", "\x00"])
def test_only_sensible_amounts_are_granted(town: Town, boss: Identity, amount: str) -> None:
    person = town.person()
    with pytest.raises(InvalidRequest):
        admin.grant(boss, town.studio, person.user_id, amount, "why", uuid4())
    assert town.ledger(person) == []


@pytest.mark.parametrize("note", ["", "   ", "x" * 201, "a\x00b", "\ud800"])
def test_a_grant_says_why(town: Town, boss: Identity, note: str) -> None:
    with pytest.raises(InvalidRequest):
        admin.grant(boss, town.studio, town.person().user_id, 1, note, uuid4())


@pytest.mark.parametrize("forged", ["", "nonsense", "1' or '1'='1", "\x00"])
def test_forged_ids_change_nothing(town: Town, boss: Identity, forged: str) -> None:
    person, studio = town.person(), town.studio
    for call in (
        lambda: admin.grant(boss, studio, forged, 1, "why", uuid4()),
        lambda: admin.grant(boss, studio, person.user_id, 1, "why", forged),
        lambda: admin.change_role(boss, studio, forged, "admin"),
        lambda: admin.retry(boss, studio, forged),
        lambda: admin.close_alert(boss, studio, forged),
        lambda: admin.drain(boss, studio, forged or "nobody", on=True),
        lambda: admin.change_role(boss, studio, person.user_id, forged),
    ):
        with pytest.raises((NotAllowed, InvalidRequest)):
            call()
    assert town.ledger(person) == []


def test_a_failed_job_goes_back_into_the_line_for_nothing(town: Town, boss: Identity) -> None:
    person = town.person(credits=1)
    project = projects.create_project(person, town.studio, {"prompt": "a cat"})
    job = orders.render(person, town.studio, project.id)
    fail(town, job)
    again = admin.retry(boss, town.studio, job.id)
    assert (again.state, again.cost, again.params) == ("queued", 0, job.params)
    assert town.ledger(person) == [("grant", 1), ("reserve", -1), ("refund", 1)]
    assert orders.retry(person, town.studio, job.id).id == again.id
    assert town.ledger(person)[3:] == []
    seen = next(one for one in admin.jobs(boss, town.studio, state="failed") if one.id == job.id)
    assert seen.error == "It broke. Try again."
    assert not hasattr(seen, "params")
