"""`ports.SessionStore` on Postgres, as service_role: no person's own claims can read it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.errors import translated
from ourvidz.backends.postgres.operations import SERVICE


class PostgresSessionStore:
    """See `ports.SessionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, id_sha256: str, user_id: UUID, sealed: bytes, expires_at: datetime) -> None:
        """Keep a session, or replace its sealed tokens; forget those that have expired."""
        with translated(), self._database.transaction(SERVICE) as connection:
            connection.execute(
                "insert into public.web_sessions as s (id_sha256, user_id, sealed, expires_at)"
                " values (%s, %s, %s, %s) on conflict (id_sha256) do update"
                " set sealed = excluded.sealed, expires_at = excluded.expires_at"
                " where s.user_id = excluded.user_id",
                (id_sha256, user_id, sealed, expires_at),
            )
            connection.execute("delete from public.web_sessions where expires_at < now()")

    def load(self, id_sha256: str) -> bytes | None:
        """The sealed tokens, unless the session has ended."""
        with translated(), self._database.transaction(SERVICE) as connection:
            row = connection.execute(
                "select sealed from public.web_sessions"
                " where id_sha256 = %s and expires_at > now()",
                (id_sha256,),
            ).fetchone()
            return bytes(row[0]) if row else None

    def drop(self, id_sha256: str) -> None:
        """End one session; one that has ended is no error."""
        with translated(), self._database.transaction(SERVICE) as connection:
            connection.execute("delete from public.web_sessions where id_sha256 = %s", (id_sha256,))

    def drop_all(self, user_id: UUID) -> None:
        """End all sessions of one person."""
        with translated(), self._database.transaction(SERVICE) as connection:
            connection.execute("delete from public.web_sessions where user_id = %s", (user_id,))
