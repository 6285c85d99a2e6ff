"""What a waiting process runs once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ketway.execution import rehearsal
from ketway.execution.local import PRELOAD, REHEARSAL


def test_it_runs_to_the_end() -> None:
    rehearsal.rehearse()


def test_a_job_that_fails_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "_PARAMS", {"sampler": b'{"pubs": 1}'})
    with pytest.raises(RuntimeError, match="read sampler"):
        rehearsal.rehearse()


def test_it_imports_nothing_that_is_not_imported_before() -> None:
    """A forked process would import it anew each time."""
    module, _, function = REHEARSAL.partition(":")
    told = f"""
import importlib, sys
for name in {(*PRELOAD, module)!r}:
    importlib.import_module(name)
before = set(sys.modules)
importlib.import_module({module!r}).{function}()
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stdout
