"""Nobody sees or changes what is not theirs, whatever they send to the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ourvidz.domain.account import Identity
from ourvidz.domain.storyboard import StillOrder
from tests.backends.postgres.house import CARD, House, delivery

#: Tables whose rows belong to someone, and the column that says to whom.
OWNED = {
    "users": "id", "subscriptions": "user_id", "characters": "user_id", "projects": "user_id",
    "storyboards": "user_id", "jobs": "user_id", "videos": "user_id", "usage_logs": "user_id",
    "reports": "reporter_id", "keyframes": "user_id",
}  # fmt: skip
#: Tables that only the operator's processes may see.
HIDDEN = ("workers", "refusals", "alerts", "web_sessions")
OPEN = ("plans", "prices")

#: Exactly what a signed-in person may write, column by column.
WRITABLE = {
    "videos": {"title", "deleted_at"},
    "projects": {
        "title", "step", "prompt", "enhanced_prompt", "use_enhanced", "negative_prompt", "model",
        "profile", "seconds", "seed", "character_id", "preview_job_id", "image_key", "image_seed",
        "updated_at",
    },
    "characters": {"name", "description", "tags", "updated_at"},
    "storyboards": {
        "project_id", "title", "scenes", "updated_at", "model", "profile", "seed", "continuity",
        "negative_prompt",
    },
    "keyframes": {"approved"},
}  # fmt: skip

#: Exactly which functions each role may call.
CALLABLE = {
    "anon": set[str](),
    "authenticated": {
        "enqueue_job", "cancel_job", "line_of_job", "typical_s", "verify_age", "is_mine",
        "put_away_job", "order_stills", "price_of_film", "enqueue_film", "retry_film", "take_film",
        "redo_shot", "line_of_film",
    },
    "service_role": {
        "add_credits", "update_subscription", "cleanup_expired_videos", "reap_jobs",
        "admin_grant", "admin_set_role", "admin_drain", "admin_retry", "admin_resolve",
    },
    "ourvidz_worker": {
        "claim_job", "heartbeat_job", "finish_job", "release_job", "reap_jobs", "register_worker",
        "leave_worker",
    },
    "ourvidz_app": set[str](),
}  # fmt: skip

DENIED = psycopg.errors.InsufficientPrivilege


def run(house: House, claims: Mapping[str, Any], query: str, *values: object) -> int:
    """Run it with those claims; how many rows it touched or gave."""
    with house.app.transaction(claims) as connection:
        return connection.execute(query.encode(), values).rowcount


@pytest.fixture(scope="module")
def alice(house: House) -> Identity:
    """Someone with a row in every table."""
    me = house.person(credits=5)
    records = house.records
    character = records.create_character(me, "Ann", "red hair", ["tall"])
    project = records.create_project(me, {"prompt": "a cat", "character_id": character.id})
    job = house.order(me, project_id=project.id)
    house.queue.register(CARD)
    lease = house.queue.claim(CARD, 60)
    assert lease is not None
    assert house.queue.finish(lease, "succeeded", result=delivery(job))
    board = records.create_storyboard(me, {"title": "Sea"})
    stills = {"stills": [{"key": "a/0", "seed": 1}]}
    records.order_stills(me, board.id, "starter", [StillOrder(params=stills)])
    run(
        house, me.claims,
        "insert into public.reports (reporter_id, reason) values (%s, 'look')", me.user_id,
    )  # fmt: skip
    house.root.execute(
        "insert into public.subscriptions values (%s, 'pro', 'active', now(), now())",
        (me.user_id,),
    )
    return me


@pytest.fixture(scope="module")
def mallory(house: House, alice: Identity) -> Identity:
    return house.person(credits=5)


def test_every_table_is_covered_here_and_has_row_level_security(house: House) -> None:
    rows = house.root.execute(
        "select relname, relrowsecurity from pg_class c join pg_namespace n on n.oid = relnamespace"
        " where nspname = 'public' and relkind in ('r', 'p', 'v', 'm')"
    ).fetchall()
    assert {name for name, _ in rows} == {*OWNED, *HIDDEN, *OPEN}
    assert [name for name, secured in rows if not secured] == []


@pytest.mark.parametrize("table", OWNED)
def test_one_sees_only_ones_own_rows(
    house: House, alice: Identity, mallory: Identity, table: str
) -> None:
    mine = f"select from public.{table}"
    theirs = f"select from public.{table} where {OWNED[table]} = %s"
    assert run(house, alice.claims, mine) >= 1
    assert run(house, mallory.claims, theirs, alice.user_id) == 0
    assert run(house, mallory.claims, mine) == run(house, mallory.claims, theirs, mallory.user_id)


@pytest.mark.parametrize("table", OWNED)
def test_one_changes_and_deletes_nothing_of_others(
    house: House, alice: Identity, mallory: Identity, table: str
) -> None:
    owner = OWNED[table]
    column = min(WRITABLE.get(table, {owner}))
    for verb in (f"update public.{table} set {column} = {column}", f"delete from public.{table}"):
        try:
            assert run(house, mallory.claims, f"{verb} where {owner} = %s", alice.user_id) == 0
        except DENIED:
            continue
    assert run(house, alice.claims, f"select from public.{table}") >= 1


@pytest.mark.parametrize("table", OWNED)
def test_one_puts_nothing_into_others_accounts(
    house: House, alice: Identity, mallory: Identity, table: str
) -> None:
    with pytest.raises(DENIED):
        run(house, mallory.claims, f"insert into public.{table} ({OWNED[table]}) values (%s)",
            alice.user_id)  # fmt: skip


@pytest.mark.parametrize("table", ["projects", "characters", "storyboards"])
def test_one_gives_nothing_away(
    house: House, alice: Identity, mallory: Identity, table: str
) -> None:
    with pytest.raises(DENIED):
        run(house, alice.claims, f"update public.{table} set user_id = %s", mallory.user_id)


def test_what_a_person_may_write_is_this_and_no_more(house: House) -> None:
    rows = house.root.execute(
        "select table_name, column_name from information_schema.column_privileges"
        " where table_schema = 'public' and grantee = 'authenticated'"
        " and privilege_type = 'UPDATE'"
    ).fetchall()
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    assert found == WRITABLE


@pytest.mark.parametrize("role", CALLABLE)
def test_a_role_may_call_these_functions_and_no_more(house: House, role: str) -> None:
    rows = house.root.execute(
        "select proname from pg_proc p join pg_namespace n on n.oid = pronamespace"
        " where nspname = 'public' and has_function_privilege(%s, p.oid, 'execute')", (role,),
    ).fetchall()  # fmt: skip
    assert {name for (name,) in rows} == CALLABLE[role]


def test_functions_that_act_for_others_look_nothing_up_by_name(house: House) -> None:
    rows = house.root.execute(
        "select proname from pg_proc p join pg_namespace n on n.oid = pronamespace"
        " where nspname = 'public' and prosecdef"
        " and not coalesce(proconfig, '{}') @> array['search_path=\"\"']"
    ).fetchall()
    assert rows == []


@pytest.mark.parametrize("table", [*OWNED, *HIDDEN])
def test_a_visitor_sees_nothing(house: House, alice: Identity, table: str) -> None:
    for claims in ({"role": "anon"}, {"role": "anon", "sub": str(alice.user_id)}):
        with pytest.raises(DENIED):
            run(house, claims, f"select from public.{table}")


@pytest.mark.parametrize("table", [*OWNED, *HIDDEN])
def test_a_token_without_a_person_or_of_a_stranger_sees_nothing(
    house: House, alice: Identity, table: str
) -> None:
    for claims in (
        {"role": "authenticated"},
        {"role": "authenticated", "sub": ""},
        {"role": "authenticated", "sub": str(uuid4())},
    ):
        try:
            assert run(house, claims, f"select from public.{table}") == 0
        except DENIED:
            assert table in HIDDEN


@pytest.mark.parametrize("table", [*OWNED, *HIDDEN, *OPEN])
@pytest.mark.parametrize("verb", ["select from", "delete from", "truncate"])
def test_a_login_without_a_role_can_do_nothing(house: House, table: str, verb: str) -> None:
    for database in (house.app, house.worker):
        with pytest.raises(DENIED), database.plain() as connection:
            connection.execute(f"{verb} public.{table}".encode())


@pytest.mark.parametrize("role", ["authenticated", "anon", "service_role", "postgres"])
def test_a_worker_becomes_nobody_else(house: House, role: str) -> None:
    with pytest.raises(DENIED), house.worker.plain() as connection:
        connection.execute(f"set role {role}".encode())


@pytest.mark.parametrize("claims", [{}, {"role": "postgres"}, {"role": "supabase_admin"}])
def test_no_claim_makes_an_operator(house: House, claims: dict[str, str]) -> None:
    from ourvidz.domain.errors import NotAllowed

    with pytest.raises(NotAllowed), house.app.transaction(claims):
        pass


def test_nothing_of_a_person_is_left_for_the_next_call(house: House, alice: Identity) -> None:
    assert run(house, alice.claims, "select from public.jobs") >= 1
    for _ in range(20):
        with house.app.plain() as connection:
            row = connection.execute(
                "select current_user, current_setting('request.jwt.claims', true)"
            ).fetchone()
        assert row is not None
        assert row[0] == "ourvidz_app"
        assert not row[1]


def test_a_project_can_not_point_at_others_things(
    house: House, alice: Identity, mallory: Identity
) -> None:
    theirs = house.records.projects(alice)[0]
    job = house.records.jobs(alice)[0]
    mine = house.records.create_project(mallory, {"prompt": "x"})
    for values in (
        {"character_id": theirs.character_id},
        {"preview_job_id": job.id},
        {"image_key": f"videos-preview/{alice.user_id}/a/a1/still.png"},
    ):
        from ourvidz.domain.errors import NotAllowed

        with pytest.raises(NotAllowed):
            house.records.change_project(mallory, mine.id, values)
