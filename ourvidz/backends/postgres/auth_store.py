"""People, sessions and codes of the embedded sign-in service, in the schema auth.

The login `ourvidz_auth` may use these tables and nothing else. Tokens and codes arrive hashed:
what could open a session never reaches the database.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ourvidz.backends.postgres.connection import Connection, Database

#: A session that nobody refreshes for this long is over.
SESSION_DAYS = 30
#: The same refresh token may come again this soon: two tabs, or an answer that got lost.
REUSE_S = 10
CODE_MINUTES = 10
CODE_TRIES = 5

CodeType = Literal["recovery_token", "email_change_token_new"]
Scope = Literal["local", "global", "others"]

_USER: LiteralString = """
    u.id, u.email, u.encrypted_password, u.email_confirmed_at, u.email_change, u.banned_until,
    u.last_sign_in_at, u.raw_app_meta_data, u.raw_user_meta_data, u.is_anonymous, u.created_at,
    u.updated_at
"""


@dataclass(frozen=True, kw_only=True)
class AuthUser:
    """A row of auth.users; the names are GoTrue's."""

    id: UUID
    email: str | None
    encrypted_password: str | None = field(repr=False)
    email_confirmed_at: datetime | None
    email_change: str
    banned_until: datetime | None
    last_sign_in_at: datetime | None
    raw_app_meta_data: Mapping[str, Any]
    raw_user_meta_data: Mapping[str, Any]
    is_anonymous: bool
    created_at: datetime
    updated_at: datetime

    @property
    def banned(self) -> bool:
        """Whether the operator has suspended the account, now."""
        return self.banned_until is not None and self.banned_until > datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One sign-in on one device. amr: how, and when, as the token tells it."""

    id: UUID
    amr: list[dict[str, Any]]
    user: AuthUser


class AuthStore:
    """One transaction a call; Unavailable when the database can not be reached."""

    def __init__(self, url: str, *, max_size: int = 6) -> None:
        self._database = Database(url, max_size=max_size)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    # --- people ---

    def create_user(self, email: str, password_hash: str) -> AuthUser | None:
        """A new account with a confirmed address; None when the address is taken."""
        metadata = Jsonb({"provider": "email", "providers": ["email"]})
        return self._user(
            "with u as (insert into auth.users"
            " (email, encrypted_password, email_confirmed_at, raw_app_meta_data)"
            " values (%s, %s, now(), %s) on conflict (email) do nothing returning *)"
            f" select {_USER} from u",
            (email, password_hash, metadata),
        )

    def user_by_email(self, email: str) -> AuthUser | None:
        """The account with this address, in lower case."""
        return self._user(f"select {_USER} from auth.users u where u.email = %s", (email,))

    def set_password(self, user_id: UUID, password_hash: str, keep_session: UUID) -> None:
        """A new password; every session but one ends, and no code sent before works."""
        with self._database.plain() as connection:
            connection.execute(
                "update auth.users set encrypted_password = %s, updated_at = now() where id = %s",
                (password_hash, user_id),
            )
            connection.execute(
                "delete from auth.sessions where user_id = %s and id <> %s", (user_id, keep_session)
            )
            connection.execute(
                "delete from auth.one_time_tokens where user_id = %s"
                " and token_type = 'recovery_token'",
                (user_id,),
            )

    def delete_user(self, user_id: UUID) -> bool:
        """Delete the account with everything that hangs on it; False when there is none."""
        with self._database.plain() as connection:
            gone = connection.execute("delete from auth.users where id = %s", (user_id,))
            return gone.rowcount > 0

    # --- sessions ---

    def open_session(self, user_id: UUID, token_hash: str, method: str) -> Session:
        """A new family with its first refresh token; sweeps out the person's dead ones."""
        amr = [{"method": method, "timestamp": int(datetime.now(UTC).timestamp())}]
        with self._database.plain() as connection:
            connection.execute(
                "delete from auth.sessions where user_id = %s and not_after < now()", (user_id,)
            )
            row = connection.execute(
                "insert into auth.sessions (user_id, amr, not_after)"
                " values (%s, %s, now() + make_interval(days => %s)) returning id",
                (user_id, Jsonb(amr), SESSION_DAYS),
            ).fetchone()
            assert row is not None  # an insert that returns
            connection.execute(
                "insert into auth.refresh_tokens (token, session_id, user_id) values (%s, %s, %s)",
                (token_hash, row[0], user_id),
            )
            connection.execute(
                "update auth.users set last_sign_in_at = now() where id = %s", (user_id,)
            )
            user = _one_user(
                connection, f"select {_USER} from auth.users u where u.id = %s", (user_id,)
            )
            assert user is not None  # the session refers to it
            return Session(id=row[0], amr=amr, user=user)

    def session(self, session_id: UUID) -> Session | None:
        """The session, while it lives."""
        with self._database.plain() as connection:
            return _session(connection, session_id)

    def rotate(self, token_hash: str, next_hash: str) -> Session | Literal["unknown", "replayed"]:
        """Use a refresh token up and let `next_hash` follow it.

        Within `REUSE_S` the same token gives the same follower again. Used later, it has been
        stolen from somebody: its whole family ends ("replayed").
        """
        with self._database.plain() as connection:
            # The lock puts parallel refreshes in a row; who waited sees what the first one did.
            found = connection.execute(
                "select session_id, user_id, revoked,"
                " revoked and updated_at < now() - make_interval(secs => %s)"
                " from auth.refresh_tokens where token = %s for update",
                (REUSE_S, token_hash),
            ).fetchone()
            if found is None:
                return "unknown"
            session_id, user_id, revoked, late = found
            if late:
                connection.execute("delete from auth.sessions where id = %s", (session_id,))
                return "replayed"
            session = _session(connection, session_id)
            if session is None:
                return "unknown"
            if not (revoked or session.user.banned):
                _succeed(connection, token_hash, next_hash, session_id, user_id)
            return session

    def end_sessions(self, user_id: UUID, session_id: UUID, scope: Scope) -> None:
        """End this session, all of the person's, or all but this."""
        with self._database.plain() as connection:
            connection.execute(
                "delete from auth.sessions where user_id = %s"
                " and case %s when 'local' then id = %s when 'others' then id <> %s else true end",
                (user_id, scope, session_id, session_id),
            )

    # --- codes ---

    def put_code(self, user_id: UUID, kind: CodeType, code_hash: str, address: str) -> None:
        """Keep a code that is on its way to `address`, instead of the one sent before."""
        with self._database.plain() as connection:
            connection.execute(
                "insert into auth.one_time_tokens"
                " (user_id, token_type, token_hash, relates_to, expires_at)"
                " values (%s, %s, %s, %s, now() + make_interval(mins => %s))"
                " on conflict (user_id, token_type) do update set token_hash = excluded.token_hash,"
                " relates_to = excluded.relates_to, expires_at = excluded.expires_at, tries = 0,"
                " updated_at = now()",
                (user_id, kind, code_hash, address, CODE_MINUTES),
            )
            if kind == "email_change_token_new":
                connection.execute(
                    "update auth.users set email_change = %s where id = %s", (address, user_id)
                )

    def take_code(self, kind: CodeType, address: str, code_hash: str) -> UUID | None:
        """Whose code it is; it works once, and not at all after `CODE_TRIES` wrong ones."""
        with self._database.plain() as connection:
            tried = connection.execute(
                "update auth.one_time_tokens set tries = tries + 1"
                " where token_type = %s and relates_to = %s and expires_at > now() and tries < %s"
                " returning id, user_id, token_hash",
                (kind, address, CODE_TRIES),
            ).fetchall()
            for code_id, user_id, kept in tried:
                if hmac.compare_digest(kept, code_hash):
                    connection.execute("delete from auth.one_time_tokens where id = %s", (code_id,))
                    return user_id
            return None

    def change_email(self, user_id: UUID, address: str) -> bool:
        """Take the address that was confirmed; False when somebody else was faster."""
        try:
            with self._database.plain() as connection:
                changed = connection.execute(
                    "update auth.users set email = %s, email_change = '',"
                    " email_confirmed_at = now(), updated_at = now() where id = %s",
                    (address, user_id),
                )
                return changed.rowcount > 0
        except UniqueViolation:
            return False

    def _user(self, query: LiteralString, values: tuple[Any, ...]) -> AuthUser | None:
        with self._database.plain() as connection:
            return _one_user(connection, query, values)


def _one_user(
    connection: Connection, query: LiteralString, values: tuple[Any, ...]
) -> AuthUser | None:
    with connection.cursor(row_factory=class_row(AuthUser)) as cursor:
        return cursor.execute(query, values).fetchone()


def _session(connection: Connection, session_id: UUID) -> Session | None:
    row = connection.execute(
        "select amr from auth.sessions where id = %s and (not_after is null or not_after > now())",
        (session_id,),
    ).fetchone()
    user = _one_user(
        connection,
        f"select {_USER} from auth.users u join auth.sessions s on s.user_id = u.id"
        " where s.id = %s",
        (session_id,),
    )
    return Session(id=session_id, amr=row[0], user=user) if row and user else None


def _succeed(
    connection: Connection, token_hash: str, next_hash: str, session_id: UUID, user_id: UUID
) -> None:
    connection.execute(
        "update auth.refresh_tokens set revoked = true, updated_at = now() where token = %s",
        (token_hash,),
    )
    connection.execute(
        "insert into auth.refresh_tokens (token, parent, session_id, user_id)"
        " values (%s, %s, %s, %s)",
        (next_hash, token_hash, session_id, user_id),
    )
    connection.execute(
        "update auth.sessions set refreshed_at = now(), updated_at = now(),"
        " not_after = now() + make_interval(days => %s) where id = %s",
        (SESSION_DAYS, session_id),
    )
