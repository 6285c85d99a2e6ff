"""The writer: changes share commits, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from ketway.store import sqlite
from ketway.store.store import Store


def add(name: str) -> Any:
    def change(connection: Connection) -> str:
        connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": name})
        return name

    return change


def names(store: Store) -> list[str]:
    return [row[0] for row in store.read(lambda c: c.execute(text("SELECT n FROM t")).all())]


@pytest.fixture
def table(store: Store) -> Store:
    store.submit(lambda c: c.execute(text("CREATE TABLE t (n TEXT PRIMARY KEY)"))).result()
    return store


def hold(store: Store) -> tuple[threading.Event, Future[None]]:
    """Keep the writer busy, so that what is submitted now shares the next commit."""
    begun, go = threading.Event(), threading.Event()

    def wait(_connection: Connection) -> None:
        begun.set()
        go.wait(30)

    held = store.submit(wait)
    begun.wait(30)
    return go, held


def test_a_change_that_fails_does_not_take_its_neighbours_with_it(table: Store) -> None:
    go, _ = hold(table)
    futures = [table.submit(add(name)) for name in ("a", "b", "a", "c")]

    def half(connection: Connection) -> None:
        add("half")(connection)
        raise ValueError("of its own making")

    futures.append(table.submit(half))
    futures.append(table.submit(add("d")))
    go.set()
    assert [futures[i].result(30) for i in (0, 1, 3, 5)] == ["a", "b", "c", "d"]
    with pytest.raises(Exception, match="UNIQUE"):
        futures[2].result(30)
    with pytest.raises(ValueError, match="of its own making"):
        futures[4].result(30)
    assert sorted(names(table)) == ["a", "b", "c", "d"]


def test_changes_that_wait_together_share_one_commit(table: Store) -> None:
    commits = 0

    def count(_connection: Any) -> None:
        nonlocal commits
        commits += 1

    from sqlalchemy import event

    event.listen(table._writing, "commit", count)
    go, _ = hold(table)
    futures = [table.submit(add(str(i))) for i in range(100)]
    go.set()
    for future in futures:
        future.result(30)
    assert commits == 2  # the one that held the writer, and one for all hundred
    assert len(names(table)) == 100


def test_what_was_answered_is_there_after_a_crash(tmp_path: Path) -> None:
    """A copy of the files, as they are at that moment, is what a killed process leaves."""
    store = Store(tmp_path / "data")
    store.open()
    store.submit(lambda c: c.execute(text("CREATE TABLE t (n TEXT PRIMARY KEY)"))).result()
    copies = tmp_path / "copy"
    copies.mkdir()
    store.submit(add("kept")).result()
    for file in (tmp_path / "data").glob("ketway.sqlite3*"):
        if not file.name.endswith("-shm"):
            (copies / file.name).write_bytes(file.read_bytes())
    store.close()
    found = Store(copies)
    found.open()
    assert names(found) == ["kept"]
    found.close()


def test_a_waiter_that_gives_up_breaks_neither_its_write_nor_others(table: Store) -> None:
    async def scenario() -> None:
        go, held = hold(table)
        waiter = asyncio.create_task(table.write(add("given up")))
        other = asyncio.create_task(table.write(add("other")))
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert not held.cancel()
        go.set()
        assert await other == "other"

    asyncio.run(scenario())
    assert sorted(names(table)) == ["given up", "other"]


def test_what_is_written_after_the_end_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    store.open()
    go, _ = hold(store)
    last = store.submit(lambda _c: "last")
    go.set()
    store.close()
    assert last.result(0) == "last"
    with pytest.raises(RuntimeError, match="closed"):
        store.submit(lambda _c: None)


def test_readers_cannot_write(table: Store) -> None:
    with pytest.raises(Exception, match="readonly"):
        table.read(add("x"))
    assert names(table) == []


def test_this_sqlite_does_not_corrupt_wal_databases() -> None:
    assert not sqlite.has_wal_reset_bug(sqlite.version())
    assert sqlite.has_wal_reset_bug((3, 51, 2))
    assert sqlite.has_wal_reset_bug((3, 40, 1))
    assert not sqlite.has_wal_reset_bug((3, 51, 3))
