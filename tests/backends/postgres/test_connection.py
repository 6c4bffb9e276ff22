"""One transaction a call: its role, its claims, its time limit, and nothing left of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from ourvidz.backends.embedded.stack import Endpoints
from ourvidz.backends.postgres.connection import Database, connect
from ourvidz.domain.errors import NotAllowed, Unavailable
from tests.servers import Cluster

ME = {"role": "authenticated", "sub": str(uuid4())}


@pytest.fixture
def database(endpoints: Endpoints) -> Iterator[Database]:
    with closing(Database(endpoints.database_url)) as database:
        yield database


def test_a_transaction_has_the_role_and_claims_of_its_token(database: Database) -> None:
    with database.transaction(ME) as connection:
        row = connection.execute(
            "select current_user, auth.uid()::text, current_setting('statement_timeout')"
        ).fetchone()
    assert row == ("authenticated", ME["sub"], "8s")


def test_nothing_of_a_token_is_left_for_the_next_one(database: Database) -> None:
    with database.transaction(ME) as connection:
        pid = connection.info.backend_pid
    with database.plain() as connection:
        row = connection.execute(
            "select current_user, coalesce(current_setting('request.jwt.claims', true), '')"
        ).fetchone()
        assert connection.info.backend_pid == pid
    assert row == ("ourvidz_app", "")


def test_an_error_undoes_the_transaction_and_the_connection_stays_usable(
    database: Database,
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction(ME) as connection:
        connection.execute("select 1 / 0")
    with database.transaction(ME) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("role", [None, "postgres", "supabase_admin", "authenticated; reset role"])
def test_a_token_can_not_choose_any_other_role(database: Database, role: str | None) -> None:
    with pytest.raises(NotAllowed, match="Sign in again"), database.transaction({"role": role}):
        raise AssertionError("got in")


def test_a_connection_that_was_cut_is_replaced_before_the_next_call(
    database: Database, postgres: Cluster
) -> None:
    with database.transaction(ME) as connection:
        pid = connection.info.backend_pid
    postgres.command(f"select pg_terminate_backend({pid}, 5000)")
    with database.transaction(ME) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        assert connection.info.backend_pid != pid


def test_a_connection_cut_in_the_middle_is_the_databases_trouble(
    database: Database, postgres: Cluster
) -> None:
    with (
        pytest.raises(Unavailable, match="try again in a minute") as away,
        database.transaction(ME) as connection,
    ):
        postgres.command(f"select pg_terminate_backend({connection.info.backend_pid}, 5000)")
        connection.execute("select 1")
    assert "ourvidz doctor" in away.value.in_full


def test_a_wrong_password_says_so_and_shows_no_password(endpoints: Endpoints) -> None:
    password = psycopg.conninfo.conninfo_to_dict(endpoints.database_url)["password"]
    with pytest.raises(Unavailable) as caught:
        connect(endpoints.database_url.replace(str(password), "letmein"))
    assert "password authentication failed" in caught.value.in_full
    assert "letmein" not in caught.value.in_full


def test_only_the_operator_reads_where_a_server_is_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ourvidz.backends.postgres.connection.WAIT_S", 0.1)
    with (
        closing(Database("postgresql://nobody@127.0.0.1:1/none")) as database,
        pytest.raises(Unavailable, match=r"^database: .* try again in a minute$") as away,
        database.plain(),
    ):
        raise AssertionError("got in")
    assert "127.0.0.1" not in str(away.value)
    for told in (away.value.in_full, caplog.text):
        assert "127.0.0.1" in told and "refused" in told
    assert "`ourvidz up`" in away.value.in_full
