"""IonQ's SDKs of today."""

from __future__ import annotations

import os

import pytest
import recording
import serving
import wires
from ionq_calls import V04, tapped

pytest_plugins = ["ionq_world"]


@pytest.fixture(scope="session")
def api(server: serving.Server) -> str:
    os.environ["IONQ_API_URL"] = server.ionq_v04
    return server.ionq_v04


@pytest.fixture(scope="session")
def wire(api: str, key: str) -> wires.Wire:
    return wires.Wire(api, key)


def pytest_sessionfinish(session: pytest.Session) -> None:
    seen = V04.by_sdk(tapped(session))
    recording.finish(session, V04.file, seen, missing=V04.missing, write=V04.write)
