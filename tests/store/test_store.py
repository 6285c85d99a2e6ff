from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.store.making import family

from ketway.store import changes, queries, schema, session_queries
from ketway.store.blobs import INLINE
from ketway.store.store import DATABASE, Store, StoreError, first_user


def test_a_database_of_a_newer_ketway_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    store.close()
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(StoreError, match=f"newer Ketway .*schema {schema.VERSION + 1}"):
        Store(tmp_path).open()
    assert (tmp_path / DATABASE).read_bytes() == before


def test_a_file_that_is_no_database_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"something else entirely" * 100)
    with pytest.raises(StoreError, match=DATABASE):
        Store(tmp_path).open()
    assert (tmp_path / DATABASE).read_bytes().startswith(b"something else")


def test_the_first_project_and_person_are_made_once(tmp_path: Path) -> None:
    found = set()
    for _ in range(3):
        store = Store(tmp_path)
        store.open()
        found.add(store.read(first_user))
        store.close()
    assert len(found) == 1
    user, _, _ = found.pop()
    assert len(user) == 24
    assert int(user, 16) >= 0


def test_a_tidy_end_leaves_one_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    store.close()
    left = {path.name: path.stat().st_size for path in tmp_path.glob("ketway.sqlite3*")}
    assert left.pop(DATABASE) > 0
    assert not any(left.values())


def test_small_bytes_stay_in_the_row_and_large_ones_become_a_blob(store: Store) -> None:
    small, large = b"s" * INLINE, b"l" * (INLINE + 1)
    kept = store.pack("program", small)
    assert (kept.data, kept.blob) == (small, None)
    put = store.pack("program", large)
    assert put.data is None
    assert store.unpack(put.data, put.blob) == large


def test_a_database_of_version_3_gets_its_columns(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    (job,) = family(store)
    store.submit(lambda c: changes.insert_job(c, [job], None)).result()
    store.close()
    connection = sqlite3.connect(tmp_path / DATABASE)
    for column in schema.ADDED[4]:
        connection.execute(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}")
    connection.execute("PRAGMA user_version = 3")
    connection.commit()
    connection.close()
    again = Store(tmp_path)
    again.open()
    assert again.read(lambda c: queries.job_of_any_project(c, job.id)) == job
    assert again.read(session_queries.alive) == []
    again.close()


def test_an_older_database_gets_what_it_lacks(tmp_path: Path) -> None:
    """As version 2 left it: without the columns and the tables that came since."""
    store = Store(tmp_path)
    store.open()
    (job,) = family(store)
    store.submit(lambda c: changes.insert_job(c, [job], None)).result()
    store.close()
    connection = sqlite3.connect(tmp_path / DATABASE)
    for table in ("session_events", "sessions", "usage_limits"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("DROP INDEX jobs_by_session")
    for column in (*schema.ADDED[3], *schema.ADDED[4]):
        if column.table.name == "jobs":
            connection.execute(f"ALTER TABLE jobs DROP COLUMN {column.name}")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    again = Store(tmp_path)
    again.open()
    found = again.read(lambda c: queries.job_of_any_project(c, job.id))
    assert found == job
    assert found is not None
    assert (found.routine, found.private, found.tags) == ("circuits", False, None)
    again.close()
    connection = sqlite3.connect(tmp_path / DATABASE)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"sessions", "session_events", "jobs_by_session"} <= names
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    connection.close()
