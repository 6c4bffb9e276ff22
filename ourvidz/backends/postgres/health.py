"""What a database says about itself, for whoever has to mend it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from ourvidz.backends.postgres.connection import connect
from ourvidz.backends.postgres.errors import translated

OLDEST_VERSION = 15

_ASK: LiteralString = """
    select current_setting('server_version_num')::integer / 10000, current_user::text,
        r.rolsuper or r.rolbypassrls, clock_timestamp(),
        array(select name from unnest(array['anon', 'authenticated', 'service_role']) name
            where not exists (select from pg_roles known where known.rolname = name)
                or not pg_has_role(current_user, name, 'MEMBER')),
        array(select c.relname::text from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                and not c.relrowsecurity order by c.relname),
        (select count(*)::integer from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p'))
    from pg_roles r where r.rolname = current_user
"""


@dataclass(frozen=True, kw_only=True)
class Health:
    """version: major. role: who is signed in; above_rules: row-level security does not bind it.

    skew_s: its clock minus ours. missing_roles: which it can not become. tables: in public;
    unprotected: those of them without row-level security.
    """

    version: int
    role: str
    above_rules: bool
    skew_s: float
    missing_roles: tuple[str, ...]
    tables: int
    unprotected: tuple[str, ...]


def health_of(url: str) -> Health:
    """Sign in and look around; changes nothing. Raises Unavailable."""
    with translated(), connect(url) as connection:
        before = time.time()
        row = connection.execute(_ASK).fetchone()
        now = (before + time.time()) / 2
    assert row is not None, "everybody finds their own role"
    version, role, above_rules, clock, missing, unprotected, tables = row
    assert isinstance(clock, datetime)
    return Health(
        version=version,
        role=role,
        above_rules=above_rules,
        skew_s=clock.timestamp() - now,
        missing_roles=tuple(missing),
        tables=tables,
        unprotected=tuple(unprotected),
    )
