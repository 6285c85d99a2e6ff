"""Statements that run several times for every job.

SQLAlchemy finds its compiled form of a statement and prepares parameters, types and a result anew
at each execution, which takes three times as long as SQLite takes to answer. Here a statement is
rendered once for a database and then given to the driver. Only for columns that the driver takes
and gives as they are: text, numbers, bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Update


class Often:
    def __init__(
        self, statement: Select[Any] | Insert | Update, columns: Sequence[str] | None = None
    ) -> None:
        """`columns` are those that an insertion gives; the others are left to the database."""
        self._statement = statement
        self._columns = columns
        self._rendered: dict[str, tuple[str, tuple[str, ...]]] = {}

    def one(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        text, names = self._for(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, [values[name] for name in names])
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row
        finally:
            cursor.close()

    def each(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Once for each row of values; every row has them all."""
        text, names = self._for(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(text, [[row[name] for name in names] for row in rows])
        finally:
            cursor.close()

    def _for(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        """The statement as the database reads it, and the order of its values."""
        found = self._rendered.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
            assert compiled.positiontup is not None, f"{dialect.name} takes values by position"
            found = self._rendered[dialect.name] = str(compiled), tuple(compiled.positiontup)
        return found
