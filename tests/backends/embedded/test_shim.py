"""The floor that hosted has and embedded gets: who may do what before the first migration."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.servers import AUTH, OWNER, SUPERUSER, Cluster

SHIM = (files("ourvidz.backends.embedded") / "shim.sql").read_text()


@pytest.fixture
def doors(every_postgres: Cluster) -> Iterator[tuple[Cluster, str]]:
    """An empty database with the shim, applied twice."""
    with every_postgres.database("template1") as name:
        for _ in range(2):
            with psycopg.connect(every_postgres.url(SUPERUSER, name)) as connection:
                connection.execute(SHIM.encode())
        yield every_postgres, name


def refuses(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    with pytest.raises(InsufficientPrivilege), connection.transaction():
        connection.execute(statement.encode())


def test_the_owner_of_the_schema_is_no_superuser_but_can_work(doors: tuple[Cluster, str]) -> None:
    cluster, name = doors
    with psycopg.connect(cluster.url(OWNER, name)) as owner:
        owner.execute("""
            create schema other;
            create table public.people (id uuid primary key references auth.users);
            create function public.f() returns trigger language plpgsql as 'begin return new; end';
            create trigger t after insert on auth.users
                for each row execute function public.f();
            create role ourvidz_shim_test;
            grant anon, authenticated, service_role to ourvidz_shim_test;
        """)
        for statement in (
            "create role boss superuser",
            "alter role postgres superuser",
            "create function auth.f() returns int language sql as 'select 1'",
            "alter table auth.users add column x int",
            "select * from auth.refresh_tokens",
            "copy auth.users to program 'cat'",
        ):
            refuses(owner, statement)
        owner.rollback()


def test_the_sign_in_service_sees_the_schema_auth_and_nothing_else(
    doors: tuple[Cluster, str],
) -> None:
    cluster, name = doors
    with psycopg.connect(cluster.url(OWNER, name)) as owner:
        owner.execute("create table public.secrets (x int)")
    with psycopg.connect(cluster.url(AUTH, name)) as service:
        service.execute("insert into auth.users (email) values ('a@example.org')")
        for statement in (
            "select * from public.secrets",
            "create table public.mine (x int)",
            "create table auth.mine (x int)",
            "set local role authenticated",
            "set local role postgres",
            "alter table auth.users disable trigger all",
            "select auth.uid()",
        ):
            refuses(service, statement)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_people_may_ask_who_they_are_and_nothing_else(
    doors: tuple[Cluster, str], role: str
) -> None:
    cluster, name = doors
    me = "7d6d2f5e-3f4c-4c38-9a28-3c1f8c0b6a11"
    with psycopg.connect(cluster.url(OWNER, name)) as owner:
        owner.execute(f"set local role {role}".encode())
        assert owner.execute("select auth.uid()").fetchone() == (None,)
        for said in ("", "{}", '{"sub": ""}'):
            owner.execute("select set_config('request.jwt.claims', %s, true)", (said,))
            assert owner.execute("select auth.uid()::text").fetchone() == (None,)
        owner.execute("select set_config('request.jwt.claims', %s, true)", (f'{{"sub":"{me}"}}',))
        assert owner.execute("select auth.uid()::text").fetchone() == (me,)
        for table in ("users", "sessions", "refresh_tokens", "one_time_tokens"):
            refuses(owner, f"select * from auth.{table}")
        for call in ("auth.jwt()", "auth.role()"):
            refuses(owner, f"select {call}")


def test_a_table_is_open_to_the_three_roles_until_a_migration_closes_it(
    doors: tuple[Cluster, str],
) -> None:
    """As on hosted: a migration that forgets to revoke is found by the isolation tests here."""
    cluster, name = doors
    with psycopg.connect(cluster.url(OWNER, name)) as owner:
        owner.execute("create table public.forgotten (x int)")
        owner.execute("set local role anon")
        owner.execute("select * from public.forgotten")


def test_an_address_is_kept_once_and_in_small_letters(doors: tuple[Cluster, str]) -> None:
    cluster, name = doors
    with psycopg.connect(cluster.url(AUTH, name), autocommit=True) as service:
        service.execute("insert into auth.users (email) values ('a@example.org')")
        for address, error in (
            ("a@example.org", psycopg.errors.UniqueViolation),
            ("A@example.org", psycopg.errors.CheckViolation),
        ):
            with pytest.raises(error):
                service.execute("insert into auth.users (email) values (%s)", (address,))
