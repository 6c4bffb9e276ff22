"""Rows as the domain's values, without naming every column twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any, TypeVar

from psycopg import Cursor, sql
from psycopg.rows import RowMaker

from ourvidz.domain.account import Account, LedgerEntry
from ourvidz.domain.job import Job, Line
from ourvidz.domain.library import Character, Project, Video

T = TypeVar("T", Account, LedgerEntry, Job, Project, Video, Character, Line)

#: Fields that are called otherwise in the tables.
_COLUMNS = MappingProxyType(
    {(Account, "user_id"): "id", (Account, "tier"): "subscription_tier",
     (Account, "credits"): "credits_remaining"}
)  # fmt: skip


def columns(kind: type[T]) -> sql.Composable:
    """The select list whose rows `one` and `many` can read."""
    names = [(f.name, _COLUMNS.get((kind, f.name), f.name)) for f in fields(kind)]
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(sql.Identifier(column), sql.Identifier(name))
        for name, column in names
    )


def reads(kind: type[T]) -> Any:
    """A psycopg row factory that makes `kind`; arrays become tuples, as frozen values need."""

    def factory(cursor: Cursor[Any]) -> RowMaker[T]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> T:
            frozen = (tuple(v) if isinstance(v, list) else v for v in values)  # type: ignore[misc]
            return kind(**dict(zip(names, frozen, strict=True)))

        return make

    return factory
