"""IonQ's own SDK (`ionq` on PyPI): hybrid jobs, by which it differs from the others."""

from __future__ import annotations

import pytest
import recording
from ionq_calls import V04, tapped

pytest_plugins = ["ionq_world"]


def pytest_sessionfinish(session: pytest.Session) -> None:
    seen = V04.by_sdk(tapped(session))
    recording.finish(session, V04.file, seen, missing=V04.missing, write=V04.write)
