"""Connections to Postgres, direct or by a pooler; one transaction a call, its own role and claims.

Nothing here outlives a transaction: what a token may do is set by `set_config(..., true)`, so the
same code is right behind a pooler that hands its connections round between transactions.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import IdleInTransactionSessionTimeout
from psycopg_pool import ConnectionPool, PoolTimeout

from ourvidz.domain.errors import NotAllowed, Unavailable

_log = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]

#: What a verified token's `role` may be.
ROLES = frozenset({"anon", "authenticated", "service_role"})
#: A call waits this long for a connection: longer than a killed server needs to come back.
WAIT_S = 10.0
STATEMENT_TIMEOUT = "8s"
#: A machine that vanishes between two statements holds its locks no longer: the server would
#: wait two hours for its connection, and its user's other jobs with it.
IDLE_TIMEOUT = "15s"

#: No prepared statements (a transaction pooler mixes them up). A peer that vanished is noticed
#: after 20 + 3 * 5 s, also while an answer is awaited.
_KEPT: Mapping[str, Any] = {
    "autocommit": True,
    "prepare_threshold": None,
    "keepalives": 1,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 35_000,
    "connect_timeout": 5,
    "application_name": "ourvidz",
}
#: Begins and sets everything in one round trip: the simple protocol takes several statements.
_STAY = (
    f"begin; select set_config('statement_timeout', '{STATEMENT_TIMEOUT}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE_TIMEOUT}', true)"
)
_BECOME = sql.SQL(
    f"{_STAY}, set_config('role', {{}}, true), set_config('request.jwt.claims', {{}}, true)"
)
#: Too many connections; the server shuts down, crashed, starts, or gave this connection up.
_TROUBLE = frozenset({"53300", "57P01", "57P02", "57P03", "57P05", "25P03"})
_AWAY = "it can not be reached now; try again in a minute"
_ADVICE = "`ourvidz up` starts the embedded one, `ourvidz doctor` says what is wrong"


def connect(url: str) -> Connection:
    """One connection for the caller alone. Raises Unavailable when the server can not be reached.

    `with connect(url) as connection:` closes it at the end.
    """
    with reaching():
        return psycopg.connect(url, **_KEPT)


@contextmanager
def reaching() -> Generator[None]:
    """Turns trouble with the connection into Unavailable; what SQL itself refuses passes."""
    try:
        yield
    except (psycopg.OperationalError, IdleInTransactionSessionTimeout) as error:
        if not is_trouble(error):
            raise
        reason = str(error).partition("\n")[0].removeprefix("connection failed: ")
        _log.warning("the database can not be reached: %s", reason)
        raise Unavailable("database", _AWAY, f"can not be reached ({reason}); {_ADVICE}") from error


class Database:
    """One login and its pool of connections; threads share it.

    Connections are opened when needed; one that was cut while it lay idle is noticed when it is
    asked to begin, and replaced. Every call raises Unavailable when none can be had within
    `WAIT_S`.
    """

    def __init__(self, url: str, *, max_size: int = 8) -> None:
        self._url = url
        # Given up after a second and asked again by the next call: the pool's own pause between
        # attempts doubles, and a database that is back would go on being missed.
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            kwargs=dict(_KEPT),
            min_size=0,
            max_size=max_size,
            reconnect_timeout=1.0,
            open=True,
        )

    @contextmanager
    def transaction(self, claims: Mapping[str, Any]) -> Generator[Connection]:
        """One transaction of whom a *verified* token names; commits unless an error leaves it.

        claims: the token's payload, or {"role": "service_role"} for the app itself.
        """
        role = claims.get("role")
        if role not in ROLES:
            raise NotAllowed("This sign-in names no role that may use the database. Sign in again.")
        first = _BECOME.format(sql.Literal(role), sql.Literal(json.dumps(dict(claims))))
        with reaching(), self._begun(first) as connection:
            yield connection

    @contextmanager
    def plain(self) -> Generator[Connection]:
        """One transaction of the login itself: the worker's, which may only call its functions."""
        with reaching(), self._begun(sql.SQL(_STAY)) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection; the object can not be used again."""
        self._pool.close()

    @contextmanager
    def _begun(self, first: sql.Composed | sql.SQL) -> Generator[Connection]:
        connection = self._taken(first)
        try:
            yield connection
            connection.commit()
        except BaseException:
            with suppress(psycopg.OperationalError):  # cut: the server has undone it
                connection.rollback()
            raise
        finally:
            self._pool.putconn(connection)

    def _taken(self, first: sql.Composed | sql.SQL) -> Connection:
        """A connection that has just begun a transaction: no separate check is needed."""
        deadline = monotonic() + WAIT_S
        while True:
            connection = self._idle(deadline)
            try:
                connection.execute(first)
            except BaseException as error:
                self._pool.putconn(connection)
                was_cut = isinstance(error, psycopg.OperationalError) and connection.broken
                if not was_cut or monotonic() > deadline:
                    raise
            else:
                return connection

    def _idle(self, deadline: float) -> Connection:
        while True:
            try:
                return self._pool.getconn(timeout=1.0)
            except PoolTimeout as error:
                if monotonic() < deadline:
                    continue
                # The pool keeps its reasons to itself; a connection of our own tells them.
                connect(self._url).close()
                raise Unavailable(
                    "database", "all its connections are busy; try again in a moment"
                ) from error


def is_trouble(error: psycopg.Error) -> bool:
    """Whether the server or the way to it failed, not a statement."""
    # What says that a connection was given up counts as internal there.
    if not isinstance(error, psycopg.OperationalError | IdleInTransactionSessionTimeout):
        return False
    state = error.sqlstate
    return state is None or state.startswith("08") or state in _TROUBLE
