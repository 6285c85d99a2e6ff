"""The end of a suite whose calls are recorded: they are written, or compared with what was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Seen = dict[str, list[str]]
"""For each client, its operations as "METHOD /path/{template}", sorted."""


def finish(
    session: pytest.Session,
    file: Path,
    seen: Seen,
    *,
    missing: Callable[[Seen], Seen],
    write: Callable[[Seen], None],
) -> None:
    """With `--record`, `write` what was `seen` to `file`; else the suite fails if some of it is
    `missing` there."""
    if session.config.getoption("--record"):
        if session.testsfailed:
            report(session, f"{file.name} was not written: the run that it records must pass.")
            return
        write(seen)
        return
    news = missing(seen)
    if news:
        report(
            session,
            f"These calls are not in {file.name}; run the whole suite with --record: "
            + json.dumps(news, indent=1),
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def report(session: pytest.Session, text: str) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"\n{text}", red=True)
