"""Rows as the domain's values, without naming every column twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any, TypeVar

from psycopg import Cursor
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
from ourvidz.domain.storyboard import FilmLine, FilmPrice, Picture, Storyboard, Take

T = TypeVar(
    "T", Account, LedgerEntry, DayUsage, Job, Project, Video, Character, Line, Queue, WorkerState,
    JobView, Person, Alert, KindFigures, Day, Refused, Storyboard, Picture, Take, FilmLine,
    FilmPrice,
)  # fmt: skip

#: Fields of Account that are called otherwise in the table.
_OF_ACCOUNT: Mapping[str, str] = MappingProxyType(
    {"user_id": "id", "tier": "subscription_tier", "credits": "credits_remaining"}
)


def columns(kind: type[T]) -> str:
    """The select list whose rows `reads` can read. The names are ours: nothing to escape."""
    renamed: Mapping[str, str] = _OF_ACCOUNT if kind is Account else MappingProxyType({})
    return ", ".join(f"{renamed.get(one.name, one.name)} as {one.name}" for one in fields(kind))


def reads(kind: type[T]) -> RowFactory[T]:
    """A psycopg row factory that makes `kind`; arrays become tuples, as frozen values need."""
    arrays = [one.name for one in fields(kind) if str(one.type).startswith("tuple[")]

    def factory(cursor: Cursor[Any]) -> RowMaker[T]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> T:
            row: dict[str, Any] = dict(zip(names, values, strict=True))
            for name in arrays:
                row[name] = tuple(row[name])
            return kind(**row)

        return make

    return factory
