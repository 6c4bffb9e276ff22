"""Whether the server behind an address answers, and which one it is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from psycopg import pq
from psycopg.conninfo import make_conninfo

from ourvidz.backends.postgres.connection import connect

#: busy: it is starting or stopping; silent: nobody listens, or it does not answer within 3 s.
Condition = Literal["ready", "busy", "silent"]


def condition(url: str) -> Condition:
    """How the server is, without signing in."""
    answer = pq.PGconn.ping(make_conninfo(url, connect_timeout=3).encode())
    if answer == pq.Ping.OK:
        return "ready"
    return "busy" if answer == pq.Ping.REJECT else "silent"


def data_directory(url: str) -> Path:
    """The folder that the server behind a superuser's address keeps its data in.

    Raises Unavailable when it can not be reached or refuses the login.
    """
    with connect(url) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None, "show always gives one row"
    return Path(row[0])
