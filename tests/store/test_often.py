from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)

from ketway.store.often import Often

metadata = MetaData()
birds = Table(
    "birds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("eggs", Integer),
)
by_name = Often(select(birds.c.id, birds.c.eggs).where(birds.c.name == bindparam("name")))
new = Often(insert(birds), ("name", "eggs"))
lay = Often(update(birds).where(birds.c.name == bindparam("who")).values(eggs=bindparam("count")))


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        connection.commit()
        connection.begin()
        yield connection
    engine.dispose()


def test_rows_go_in_and_come_out(connection: Connection) -> None:
    new.each(connection, [{"name": "wren", "eggs": 6}, {"eggs": None, "name": "swift"}])
    assert by_name.one(connection, name="wren") == (1, 6)
    assert by_name.one(connection, name="swift") == (2, None)
    assert by_name.one(connection, name="dodo") is None


def test_values_go_by_name_not_by_place(connection: Connection) -> None:
    new.each(connection, [{"name": "wren", "eggs": 6}, {"name": "swift", "eggs": 2}])
    lay.each(connection, [{"who": "swift", "count": 3}, {"count": 7, "who": "wren"}])
    assert by_name.one(connection, name="wren") == (1, 7)
    assert by_name.one(connection, name="swift") == (2, 3)


def test_no_rows_are_no_change(connection: Connection) -> None:
    new.each(connection, [])
    assert connection.execute(select(birds)).all() == []


def test_a_forgotten_value_is_an_error(connection: Connection) -> None:
    with pytest.raises(KeyError, match="eggs"):
        new.each(connection, [{"name": "wren"}])


def test_it_belongs_to_the_transaction_around_it(connection: Connection) -> None:
    new.each(connection, [{"name": "wren", "eggs": 6}])
    connection.rollback()
    assert by_name.one(connection, name="wren") is None


def test_it_shares_the_statement_but_not_the_connection() -> None:
    found = []
    for name in ("wren", "swift"):
        engine = create_engine("sqlite://")
        with engine.connect() as connection:
            metadata.create_all(connection)
            new.each(connection, [{"name": name, "eggs": 1}])
            found.append(by_name.one(connection, name="wren"))
        engine.dispose()
    assert found == [(1, 1), None]
