"""Rows as the domain's values, without naming every column twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any, TypeVar, cast

from psycopg import Cursor, sql
from psycopg.rows import RowFactory, RowMaker

from ourvidz.domain.account import Account, DayUsage, LedgerEntry
from ourvidz.domain.job import Job, Line
from ourvidz.domain.library import Character, Project, Video
from ourvidz.domain.operations import (
    Alert,
    Day,
    JobView,
    KindFigures,
    Person,
    Queue,
    Refused,
    WorkerState,
)

T = TypeVar(
    "T", Account, LedgerEntry, DayUsage, Job, Project, Video, Character, Line, Queue, WorkerState,
    JobView, Person, Alert, KindFigures, Day, Refused,
)  # fmt: skip

#: Fields of Account that are called otherwise in the table.
_OF_ACCOUNT: Mapping[str, str] = MappingProxyType(
    {"user_id": "id", "tier": "subscription_tier", "credits": "credits_remaining"}
)


def columns(kind: type[T]) -> sql.Composed:
    """The select list whose rows `reads` can read."""
    renamed: Mapping[str, str] = _OF_ACCOUNT if kind is Account else MappingProxyType({})
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(
            sql.Identifier(renamed.get(field.name, field.name)), sql.Identifier(field.name)
        )
        for field in fields(kind)
    )


def reads(kind: type[T]) -> RowFactory[T]:
    """A psycopg row factory that makes `kind`; arrays become tuples, as frozen values need."""

    def factory(cursor: Cursor[Any]) -> RowMaker[T]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> T:
            row: dict[str, Any] = dict(zip(names, map(_frozen, values), strict=True))
            return kind(**row)

        return make

    return factory


def _frozen(value: Any) -> Any:
    return tuple(cast(list[Any], value)) if isinstance(value, list) else value
