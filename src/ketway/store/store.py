"""The store: the truth about jobs. Everything else can be lost and made again from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateColumn

from ketway.jobs.ids import new_id, now
from ketway.store import queries, schema, sqlite
from ketway.store.blobs import Blobs
from ketway.store.changes import Payload

T = TypeVar("T")

DATABASE = "ketway.sqlite3"


class StoreError(Exception):
    """The data folder cannot be used; the message says why and what to do."""


class Store:
    """SQLite and a folder of blobs.

    `write` gives a future that is done when the change is on the disk. Reads are short, so `read`
    answers in the caller's thread; `read_apart` is for the long ones.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")

    def open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.blobs.prepare()
        path = self.folder / DATABASE
        self._writing = sqlite.open_engine(path)
        try:
            with self._writing.begin() as connection:
                _bring_up_to_date(connection)
        except DBAPIError as error:
            self._writing.dispose()
            raise StoreError(
                f"The database {path} cannot be used ({error.orig}). If the file is damaged, put "
                "it aside; or name another folder with --data."
            ) from None
        except StoreError:
            self._writing.dispose()
            raise
        self._reading = sqlite.open_engine(path, read_only=True)
        self._writer = sqlite.Writer(self._writing)
        self._reader = self._reading.connect()

    def close(self) -> None:
        """Finish all writes; leave one tidy file."""
        self._writer.close()
        self._reader.close()
        self._reading.dispose()
        with self._writing.connect() as connection:
            connection.rollback()
            connection.connection.driver_connection.execute(  # type: ignore[union-attr]
                "PRAGMA wal_checkpoint(TRUNCATE)"
            )
        self._writing.dispose()

    def submit(self, change: Callable[[Connection], T]) -> Future[T]:
        return self._writer.submit(change)

    async def write(self, change: Callable[[Connection], T]) -> T:
        return await sqlite.finished(self._writer.submit(change))

    def read(self, question: Callable[[Connection], T]) -> T:
        """For the event loop's thread only, and only for what an index answers."""
        return question(self._reader)

    async def read_apart(self, question: Callable[[Connection], T]) -> T:
        """For questions that may take more than a millisecond."""

        def ask() -> T:
            with self._reading.connect() as connection:
                return question(connection)

        return await asyncio.to_thread(ask)

    async def sweep(self) -> None:
        """Remove blobs that nothing refers to: what deleting a job or a crash left behind."""
        there = await asyncio.to_thread(lambda: list(self.blobs.names()))
        used = await self.read_apart(queries.blobs_in_use)
        for name in there:
            if name not in used:
                await asyncio.to_thread(self.blobs.remove, name)

    def pack(self, kind: str, data: bytes) -> Payload:
        """Bytes as a payload; large ones are written to a blob, so call this off the event loop."""
        return Payload(kind, *self.blobs.keep(data))

    def unpack(self, data: bytes | None, blob: str | None) -> bytes:
        if data is not None:
            return data
        assert blob is not None, "a payload is in its row or in a blob"
        return self.blobs.get(blob)


def _bring_up_to_date(connection: Connection) -> None:
    found: int = connection.execute(text("PRAGMA user_version")).scalar_one()
    if found > schema.VERSION:
        raise StoreError(
            f"The data folder was written by a newer Ketway (schema {found}; this one knows "
            f"{schema.VERSION}). Start that version, or name another folder with --data."
        )
    if found == schema.VERSION:
        return
    if found > 0:
        _add_columns(connection, found)
    schema.metadata.create_all(connection)
    if found == 0:
        _first_project(connection)
    connection.execute(text(f"PRAGMA user_version = {schema.VERSION}"))


def _add_columns(connection: Connection, found: int) -> None:
    """To the tables that are there; the others are made whole."""
    tables = set(inspect(connection).get_table_names())
    for version in range(found + 1, schema.VERSION + 1):
        for column in schema.ADDED.get(version, ()):
            if column.table.name not in tables:
                continue
            described = CreateColumn(column).compile(connection)
            connection.execute(text(f"ALTER TABLE {column.table.name} ADD COLUMN {described}"))
        for table in schema.metadata.tables.values():
            for index in table.indexes:
                if index.name in schema.NEW_INDEXES.get(version, ()):
                    index.create(connection)


def _first_project(connection: Connection) -> None:
    """The one project and person that a Ketway on loopback has."""
    project, at = new_id(), now()
    connection.execute(
        insert(schema.projects), {"id": project, "name": "default", "created_at": at}
    )
    connection.execute(
        insert(schema.users),
        {
            # IonQ's submitter ids are 24 hexadecimal digits; its clients show them as they are.
            "id": new_id().replace("-", "")[:24],
            "name": "you",
            "project_id": project,
            "key_id": new_id(),
            "created_at": at,
        },
    )


def first_user(connection: Connection) -> tuple[str, str, str]:
    """User, project and key id of the person that any key belongs to on loopback."""
    row = connection.execute(
        select(schema.users.c.id, schema.users.c.project_id, schema.users.c.key_id).limit(1)
    ).one()
    return row.id, row.project_id, row.key_id
