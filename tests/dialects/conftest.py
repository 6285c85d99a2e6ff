from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.acceptance import serving
from tests.acceptance.serving import Client, Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all dialects' tests: none of them minds the others' jobs."""
    with serving.serving(tmp_path_factory.mktemp("dialects") / "data") as server:
        yield server
        assert "Traceback" not in server.log.read_text(), server.log.read_text()[-4000:]


@pytest.fixture
def client(server: Server) -> Client:
    return server.client(Authorization="apiKey any")
