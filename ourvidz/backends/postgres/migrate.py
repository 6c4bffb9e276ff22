"""Brings a database to the newest schema, and gives its login roles their passwords.

The list of what was applied is the Supabase CLI's own table, so `supabase migration list` and
`supabase migration up` agree with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ourvidz.backends.postgres.connection import Connection, connect, is_trouble, reaching
from ourvidz.domain.errors import Unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
#: What only a hosted project has: policies on its storage.
HOSTED_MIGRATIONS = Path(__file__).parents[1] / "hosted" / "migrations"

_NAME = re.compile(r"(\d{14})_(\w+)\.sql")
#: Any number will do, as long as it stays: who holds it applies migrations.
_LOCK = 6_887_364_203_114
_LEDGER = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
    version text not null primary key, statements text[], name text
)
"""


@dataclass(frozen=True)
class Migration:
    """One file. version: its 14 digits, which give the order."""

    version: str
    name: str
    path: Path


@dataclass(frozen=True)
class Standing:
    """What a database has against a folder. unknown: applied and newer than any file."""

    applied: tuple[str, ...]
    pending: tuple[Migration, ...]
    unknown: tuple[str, ...]


def read_migrations(folders: Sequence[Path] = (MIGRATIONS,)) -> list[Migration]:
    """All migrations of `folders` in the order in which they are applied."""
    found: dict[str, Migration] = {}
    for path in (path for folder in folders for path in folder.glob("*.sql")):
        named = _NAME.fullmatch(path.name)
        if named is None or named[1] in found:
            raise ValueError(f"{path.name}: name it <14 digits of its own>_<name>.sql")
        found[named[1]] = Migration(named[1], named[2], path)
    return [found[version] for version in sorted(found)]


def standing(url: str, folders: Sequence[Path] = (MIGRATIONS,)) -> Standing:
    """What was applied and what is missing; changes nothing."""
    migrations = read_migrations(folders)
    with connect(url) as connection, reaching():
        return _standing(connection, migrations)


def migrate(url: str, folders: Sequence[Path] = (MIGRATIONS,)) -> list[str]:
    """Apply what is missing, each file in its own transaction; returns the applied file names.

    url: of the role that owns the schema (`postgres`). Several processes may do this at once.
    Raises Unavailable, with nothing half applied, when a file fails or when the database is
    newer than this program.
    """
    migrations = read_migrations(folders)
    with connect(url) as connection, reaching():
        before = _standing(connection, migrations)
        if before.unknown:
            raise Unavailable(
                "database",
                f"it was brought to {before.unknown[-1]} by a newer OurVidz and this one knows "
                f"{migrations[-1].version}; install the newer one again",
            )
        if not before.pending:
            return []
        return [one.path.name for one in before.pending if _apply(connection, one)]


def set_logins(url: str, passwords: Mapping[str, str]) -> None:
    """Let roles sign in: role -> password. Only its SCRAM verifier goes over the wire."""
    with connect(url) as connection, reaching(), connection.transaction():
        for role, password in passwords.items():
            verifier = connection.pgconn.encrypt_password(
                password.encode(), role.encode(), b"scram-sha-256"
            )
            connection.execute(
                sql.SQL("alter role {} login password {}").format(
                    sql.Identifier(role), sql.Literal(verifier.decode())
                )
            )


def login_of(url: str) -> tuple[str, str]:
    """Role and password of an address; a pooler's user is "role.project".

    >>> login_of("postgresql://ourvidz_app.abcd:p%40ss@pooler.example.com:5432/postgres")
    ('ourvidz_app', 'p@ss')
    """
    parts = conninfo_to_dict(url)
    return str(parts.get("user", "")).partition(".")[0], str(parts.get("password", ""))


def _standing(connection: Connection, migrations: Sequence[Migration]) -> Standing:
    exists = connection.execute(
        "select to_regclass('supabase_migrations.schema_migrations') is not null"
    ).fetchone()
    rows: list[tuple[str]] = []
    if exists and exists[0]:
        rows = connection.execute(
            "select version from supabase_migrations.schema_migrations order by version"
        ).fetchall()
    applied = tuple(version for (version,) in rows)
    newest = migrations[-1].version if migrations else ""
    return Standing(
        applied=applied,
        pending=tuple(one for one in migrations if one.version not in applied),
        unknown=tuple(version for version in applied if version > newest),
    )


def _apply(connection: Connection, migration: Migration) -> bool:
    """Apply one file unless somebody else just did; False in that case."""
    text = migration.path.read_text()
    try:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute(_LEDGER.encode())
            done = connection.execute(
                "select 1 from supabase_migrations.schema_migrations where version = %s",
                (migration.version,),
            ).fetchone()
            if done:
                return False
            connection.execute(text.encode())
            connection.execute(
                "insert into supabase_migrations.schema_migrations (version, statements, name) "
                "values (%s, %s, %s)",
                (migration.version, [text], migration.name),
            )
            return True
    except psycopg.Error as error:
        if is_trouble(error):
            raise
        raise Unavailable(
            "database",
            f"{migration.path.name} can not be applied ({str(error).splitlines()[0]}); nothing of "
            "it was kept. Run it as the role `postgres` on a database that only OurVidz changes",
        ) from error
