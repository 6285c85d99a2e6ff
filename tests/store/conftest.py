from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ketway.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "data")
    store.open()
    yield store
    store.close()
