"""What the database refuses, in the words of `domain.errors`."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from psycopg_pool import PoolTimeout

from ourvidz.domain.errors import InvalidRequest, NotAllowed, NotEnoughCredits, Unavailable

NOT_THERE = "There is no such thing, or it is not yours."


@contextmanager
def translated() -> Generator[None]:
    """Inside, errors of the database become NotEnoughCredits, InvalidRequest, NotAllowed or
    Unavailable. What is left is a bug.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _family(error) or error from error


def _family(error: psycopg.Error) -> Exception | None:
    message = error.diag.message_primary or str(error)
    match error.sqlstate:  # class OV is ours, see migrations/*_credits.sql
        case "OV001":
            detail = json.loads(error.diag.message_detail or "{}")
            return NotEnoughCredits(need=detail["need"], have=detail["have"])
        case "OV002":
            return InvalidRequest(error.diag.column_name or "request", message)
        case "OV003":
            return NotAllowed(message)
        case _:
            return _standard(error)


def _standard(error: psycopg.Error) -> Exception | None:
    match error:
        case pg.InsufficientPrivilege():
            return NotAllowed("This is not allowed. Sign in again, or ask the operator.")
        case pg.ForeignKeyViolation():
            return NotAllowed(NOT_THERE)
        case pg.CheckViolation() | pg.NotNullViolation():
            field = error.diag.column_name or _field_of(error)
            return InvalidRequest(field, "has a value that can not be kept; change it")
        case pg.ReadOnlySqlTransaction():
            return Unavailable(
                "database",
                "it takes no changes now; try again in a minute",
                f"takes no changes ({error.diag.message_primary}); it is a standby, or its disk "
                "is full",
            )
        case PoolTimeout() | pg.OperationalError() | pg.InterfaceError():
            return Unavailable("database", "it does not answer now; try again in a minute")
        case pg.DataError():
            return InvalidRequest("text", "has characters or numbers that can not be kept")
        case _:
            return None


def _field_of(error: psycopg.Error) -> str:
    """The column that a check is about, from the name Postgres gives it: table_column_check."""
    name = (error.diag.constraint_name or "").removesuffix("_check")
    return name.removeprefix(f"{error.diag.table_name}_") or "request"
