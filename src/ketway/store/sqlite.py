"""SQLite: one thread writes and commits in groups, readers only read.

A commit with `synchronous=FULL` waits for the disk, so writes that arrive meanwhile share the next
one: full durability at tens of thousands of rows a second. One writer connection in one process is
also the defence against SQLite's WAL-reset bug, beside a version that does not have it.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event

try:
    import pysqlite3.dbapi2 as dbapi  # type: ignore[import-untyped]  # Linux: a SQLite of our choice
except ImportError:  # elsewhere Python's own is newer than the distribution's
    dbapi = sqlite3

T = TypeVar("T")

GROUP = 500
"""Most writes that share one commit."""

WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))
"""First and last version that may corrupt a WAL database (sqlite.org/wal.html#walresetbug)."""


def version() -> tuple[int, ...]:
    return tuple(int(part) for part in dbapi.sqlite_version.split("."))


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    return WAL_RESET_BUG[0] <= version <= WAL_RESET_BUG[1]


def open_engine(path: Path, *, read_only: bool = False) -> Engine:
    """An engine whose connections are set up for WAL and explicit transactions."""
    engine = create_engine(
        f"sqlite:///{path}",
        module=dbapi,
        connect_args={"check_same_thread": False, "timeout": 5.0},
        pool_size=4 if read_only else 1,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32768",
            "temp_store=MEMORY",
            *(["query_only=ON"] if read_only else []),
        ):
            connection.execute(f"PRAGMA {pragma}")

    if not read_only:  # a reader asks one question at a time, which is a transaction by itself

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class _Write(Generic[T]):
    """One change, and who waits for it."""

    __slots__ = ("change", "error", "future", "value")

    def __init__(self, change: Callable[[Connection], T], future: Future[T]) -> None:
        self.change = change
        self.future = future
        self.value: T | None = None
        self.error: BaseException | None = None


class Writer:
    """The only thing that writes to the database: a thread, a connection, a queue."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Write[Any] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ketway-writer", daemon=True)
        self._thread.start()

    def submit(self, change: Callable[[Connection], T]) -> Future[T]:
        """Apply `change` in a transaction; the future is done when it is on the disk."""
        future: Future[T] = Future()
        # A write cannot be called back: whoever gives up waiting for it must not break its group.
        future.set_running_or_notify_cancel()
        with self._closing:
            if self._closed:
                raise RuntimeError("the store is closed: nothing is written any more")
            self._queue.put(_Write(change, future))
        return future

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        with self._closing:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while True:
                group, stop = self._next_group()
                if group:
                    self._commit(connection, group)
                if stop:
                    return

    def _next_group(self) -> tuple[list[_Write[Any]], bool]:
        first = self._queue.get()
        if first is None:
            return [], True
        group = [first]
        while len(group) < GROUP:
            try:
                write = self._queue.get_nowait()
            except queue.Empty:
                break
            if write is None:
                return group, True
            group.append(write)
        return group, False

    def _commit(self, connection: Connection, group: list[_Write[Any]]) -> None:
        try:
            with connection.begin():
                for write in group:
                    write.value = write.change(connection)
        except BaseException as error:
            # One bad change must not take its neighbours with it: each is tried alone.
            if len(group) == 1:
                group[0].error = error
            else:
                for write in group:
                    self._commit(connection, [write])
                return
        _resolve(group)


def _resolve(group: list[_Write[Any]]) -> None:
    for write in group:
        if write.error is not None:
            write.future.set_exception(write.error)
        else:
            write.future.set_result(write.value)


async def finished(future: Future[T]) -> T:
    """Wait for a write from the event loop. A write goes on even if its waiter is canceled."""
    return await asyncio.shield(asyncio.wrap_future(future))
