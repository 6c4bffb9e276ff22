"""From an empty database to the newest schema: once, in order, whole files, by anybody at once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ourvidz.backends.embedded.database import OWNER, SHIM
from ourvidz.backends.postgres.connection import connect
from ourvidz.backends.postgres.migrate import (
    HOSTED_MIGRATIONS,
    MIGRATIONS,
    migrate,
    read_migrations,
    set_logins,
    standing,
)
from ourvidz.domain.errors import Unavailable
from tests.servers import SUPERUSER, Cluster

#: The real one, which hosted projects are migrated with.
SUPABASE_CLI = "supabase@3.1.0"


@pytest.fixture
def owner(every_postgres: Cluster) -> Iterator[str]:
    """The owner's address of a database as a hosted one is before the first migration."""
    with every_postgres.database("template1") as name:
        yield unmigrated(every_postgres, name)


def unmigrated(cluster: Cluster, name: str) -> str:
    """The owner's address of a database with the shim only."""
    with connect(cluster.url(SUPERUSER, name)) as connection:
        connection.execute(SHIM.read_bytes())
    return cluster.url(OWNER, name)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name[1:]}.sql").write_text(text)
    return folder


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return list(connection.execute(query.encode()))


def test_every_file_is_applied_once_and_in_order(owner: str) -> None:
    names = [one.path.name for one in read_migrations()]
    assert [one.path.name for one in standing(owner).pending] == names
    assert migrate(owner) == names
    assert migrate(owner) == []
    now = standing(owner)
    assert (now.pending, now.unknown) == ((), ())
    assert now.applied == tuple(name[:14] for name in names)


def test_several_processes_may_migrate_at_once(owner: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = [one for done in pool.map(migrate, [owner] * 4) for one in done]
    assert sorted(applied) == [one.path.name for one in read_migrations()]


def test_a_file_that_fails_leaves_nothing_and_those_before_it_stay(
    owner: str, tmp_path: Path
) -> None:
    folder = write(
        tmp_path,
        _20260101000000_good="create table good ();",
        _20260101000001_bad="create table half (); create table half ();",
        _20260101000002_later="create table later ();",
    )
    with pytest.raises(Unavailable, match=r"_bad\.sql can not be applied .*half.* nothing of it"):
        migrate(owner, [folder])
    assert standing(owner, [folder]).applied == ("20260101000000",)
    found = rows(owner, "select to_regclass('good'), to_regclass('half'), to_regclass('later')")
    assert found == [("good", None, None)]


def test_a_file_that_needs_a_superuser_fails_as_it_would_on_hosted(
    owner: str, tmp_path: Path
) -> None:
    folder = write(tmp_path, _20260101000000_bad="create extension pg_stat_statements;")
    with pytest.raises(Unavailable, match=r"permission denied .* Run it as the role `postgres`"):
        migrate(owner, [folder])
    folder = write(tmp_path, _20260101000000_bad="create role boss superuser;")
    with pytest.raises(Unavailable, match="permission denied"):
        migrate(owner, [folder])


def test_a_database_that_is_newer_is_left_alone(owner: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "new", _20260101000000_a="select 1", _20260101000001_b="select 1")
    migrate(owner, [folder])
    older = write(tmp_path / "old", _20260101000000_a="select 1")
    assert standing(owner, [older]).unknown == ("20260101000001",)
    with pytest.raises(Unavailable, match="20260101000001 by a newer OurVidz"):
        migrate(owner, [older])


def test_more_folders_are_one_line_of_versions(owner: str, tmp_path: Path) -> None:
    one = write(tmp_path / "one", _20260101000001_b="create table b as select * from a;")
    other = write(tmp_path / "other", _20260101000000_a="create table a as select 1 as a;")
    assert migrate(owner, [one, other]) == ["20260101000000_a.sql", "20260101000001_b.sql"]


@pytest.mark.parametrize("name", ["_1_short", "_20260101000000", "_20260101000000_sp ace"])
def test_a_file_with_another_name_is_a_bug(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name it <14 digits"):
        read_migrations([write(tmp_path, **{name: "select 1"})])


def test_two_files_with_one_version_are_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name it <14 digits of its own"):
        read_migrations([write(tmp_path, _20260101000000_a="", _20260101000000_b="")])


def test_hosted_only_migrations_come_after_all_others() -> None:
    shared, hosted = read_migrations(), read_migrations([HOSTED_MIGRATIONS])
    assert shared[-1].version < hosted[0].version


def test_a_password_lets_a_role_sign_in_and_is_not_sent(every_postgres: Cluster) -> None:
    with every_postgres.database() as name:
        owner = every_postgres.url(OWNER, name)
        set_logins(owner, {"ourvidz_worker": "a new one: '\"%"})
        try:
            url = every_postgres.server.url("ourvidz_worker", "a new one: '\"%", name)
            assert rows(url, "select current_user") == [("ourvidz_worker",)]
            kept = rows(
                every_postgres.url(SUPERUSER, name),
                "select rolpassword from pg_authid where rolname = 'ourvidz_worker'",
            )
            assert str(kept[0][0]).startswith("SCRAM-SHA-256$")
        finally:
            set_logins(owner, {"ourvidz_worker": every_postgres.passwords["ourvidz_worker"]})


# --- The Supabase CLI -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def supabase_cli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with our migrations, and the CLI in it."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(MIGRATIONS, project / "supabase/migrations")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("the Supabase CLI was not asked: there is no npm")
    words = [npm, "install", "--no-audit", "--no-fund", "--prefix", project, SUPABASE_CLI]
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=50)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the Supabase CLI was not asked: npm can not fetch it ({error})")
    return project


def ask_cli(project: Path, url: str, *words: str) -> str:
    environment = {"PATH": os.defpath, "HOME": str(project), "SUPABASE_TELEMETRY_DISABLED": "1"}
    done = subprocess.run(
        [project / "node_modules/.bin/supabase", *words, "--db-url", url, "--workdir", project],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_supabase_cli_and_we_agree_on_what_was_applied(
    supabase_cli: Path, postgres_hosted_version: Cluster
) -> None:
    cluster = postgres_hosted_version
    with cluster.database("template1") as first, cluster.database("template1") as second:
        by_us, by_cli = unmigrated(cluster, first), unmigrated(cluster, second)
        migrate(by_us)
        listed = ask_cli(supabase_cli, by_us, "migration", "list")
        for one in read_migrations():
            assert listed.count(one.version) == 2, "on this side and on the other"
        assert "up to date" in ask_cli(supabase_cli, by_us, "migration", "up")

        ask_cli(supabase_cli, by_cli, "migration", "up", "--yes")
        assert migrate(by_cli) == []
        for query in (
            "select version, name from supabase_migrations.schema_migrations order by version",
            "select column_name, data_type, is_nullable from information_schema.columns "
            "where table_schema = 'supabase_migrations' order by 1",
        ):
            assert rows(by_us, query) == rows(by_cli, query)
