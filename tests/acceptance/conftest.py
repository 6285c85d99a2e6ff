from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance import serving
from tests.acceptance.serving import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own."""
    with serving.serving(tmp_path / "data") as server:
        yield server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of a file, where none minds the others' jobs."""
    with serving.serving(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server
