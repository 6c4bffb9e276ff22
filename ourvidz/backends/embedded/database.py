"""A database as a hosted one is before and after our migrations: roles, sign-in tables, schema."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from ourvidz.backends.embedded.postgres_server import SUPERUSER, PostgresServer
from ourvidz.backends.postgres.connection import connect
from ourvidz.backends.postgres.migrate import migrate, read_migrations, set_logins

SHIM = Path(__file__).parent / "shim.sql"
#: No superuser: what hosted refuses in a migration is refused here too.
OWNER = "postgres"
AUTH = "ourvidz_auth"
APP = "ourvidz_app"
WORKER = "ourvidz_worker"


def prepare(
    server: PostgresServer, passwords: Mapping[str, str], database: str = "postgres"
) -> list[str]:
    """Bring `database` up to date, as often as you like; returns the applied migrations.

    passwords: of the superuser and of the four logins above. Raises Unavailable when it fails.
    """
    superuser = server.url(SUPERUSER, passwords[SUPERUSER], database)
    with connect(superuser) as connection, connection.transaction():
        connection.execute(SHIM.read_bytes())
    set_logins(superuser, {role: passwords[role] for role in (OWNER, AUTH)})
    owner = server.url(OWNER, passwords[OWNER], database)
    applied = migrate(owner)
    set_logins(owner, {role: passwords[role] for role in (APP, WORKER)})
    return applied


def fingerprint() -> str:
    """Changes with everything that `prepare` would bring into a database."""
    files = [SHIM, *(one.path for one in read_migrations())]
    return hashlib.sha256(
        b"".join(path.name.encode() + path.read_bytes() for path in files)
    ).hexdigest()
