"""Asks for values: a query, the claims it is asked with, the dataclass that comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg import sql

from ourvidz.backends.postgres.connection import Database
from ourvidz.backends.postgres.errors import NOT_THERE, translated
from ourvidz.backends.postgres.rows import T, columns, reads
from ourvidz.domain.errors import NotAllowed

Query = LiteralString | sql.Composed
#: For `%s` in their order, for `%(name)s` by name.
Values = Sequence[Any] | Mapping[str, Any]


class Asking:
    """One transaction a question. `{columns}` in a query stands for the dataclass's columns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def many(
        self, claims: Mapping[str, Any], kind: type[T], query: Query, values: Values = ()
    ) -> list[T]:
        """All rows as `kind`."""
        template = query.as_string() if isinstance(query, sql.Composed) else query
        text = template.replace("{columns}", columns(kind))
        with translated(), self._database.transaction(claims) as connection:
            cursor = connection.cursor(row_factory=reads(kind))
            return cursor.execute(text.encode(), values).fetchall()

    def one(self, claims: Mapping[str, Any], kind: type[T], query: Query, values: Values = ()) -> T:
        """The only row; NotAllowed when it is not there or not visible with these claims."""
        rows = self.many(claims, kind, query, values)
        if not rows:
            raise NotAllowed(NOT_THERE)
        return rows[0]

    def value(self, claims: Mapping[str, Any], query: Query, values: Values) -> Any:
        """The first column of the only row."""
        with translated(), self._database.transaction(claims) as connection:
            row = connection.execute(query, values).fetchone()
            return row[0] if row else None
