"""The last SDKs that spoke IonQ's v0.3 (and one that never left v0.1), each in its environment."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import urllib.parse
from typing import Any

import pytest
import recording
import serving
import wiretap
from ionq_calls import V03, tapped

pytest_plugins = ["ionq_world"]


class Wire:
    """Plain HTTP, to see through one version what came through another. No request of the SDK's, so
    the wiretap does not hear it."""

    def __init__(self, server: serving.Server, tap: wiretap.Wiretap) -> None:
        self._server = server
        self._tap = tap

    def get(self, path: str) -> Any:
        heard, self._tap.sdk = self._tap.sdk, None
        try:
            return self._get(path)
        finally:
            self._tap.sdk = heard

    def _get(self, path: str) -> Any:
        host = urllib.parse.urlsplit(self._server.url).netloc
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            headers = {"Authorization": "apiKey another"}
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            assert reply.status == 200, reply.read()
            return json.loads(reply.read())
        finally:
            connection.close()

    def listed(self) -> list[dict[str, Any]]:
        """As `ketway jobs` has them."""
        command = [serving.ketway_python(), "-m", "ketway", "jobs", "--all", "--json"]
        command += ["--url", self._server.url]
        done = subprocess.run(command, env=serving.environment(), capture_output=True, check=True)
        found: list[dict[str, Any]] = json.loads(done.stdout)["jobs"]
        return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """That these clients are old is known."""
    for item in items:
        for category in ("DeprecationWarning", "RuntimeWarning"):
            item.add_marker(pytest.mark.filterwarnings(f"ignore::{category}"))


@pytest.fixture(scope="session")
def api(server: serving.Server) -> str:
    # qiskit-ionq looks up how many qubits a machine has by the variable alone (helpers.py,
    # `get_n_qubits`), whatever URL its provider was given.
    os.environ["IONQ_API_URL"] = server.ionq_v03
    return server.ionq_v03


@pytest.fixture(scope="session")
def wire(server: serving.Server, tap: wiretap.Wiretap) -> Wire:
    return Wire(server, tap)


@pytest.fixture
def told(server: serving.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of `ketway env --dialect ionq_v03`, as a user evaluates them."""
    command = [serving.ketway_python(), "-m", "ketway", "env", "--json", "--url", server.url]
    command += ["--dialect", "ionq_v03"]
    done = subprocess.run(command, env=serving.environment(), capture_output=True, check=True)
    for name, value in json.loads(done.stdout).items():
        monkeypatch.setenv(name, value)
    assert os.environ["IONQ_API_URL"] == server.ionq_v03


def pytest_sessionfinish(session: pytest.Session) -> None:
    seen = V03.by_sdk(tapped(session))
    recording.finish(session, V03.file, seen, missing=V03.missing, write=V03.write)
