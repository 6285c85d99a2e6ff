"""What `ketway doctor` asks the server about itself."""

from __future__ import annotations

import shutil
import uuid

from ketway.dialects.control.wire import Check, Checks
from ketway.settings import Settings
from ketway.store import sqlite

LEAST_FREE = 1 << 30


def server_checks(settings: Settings) -> Checks:
    return Checks([_sqlite(), _folder(settings), _disk(settings)])


def _sqlite() -> Check:
    found = sqlite.version()
    text = ".".join(map(str, found))
    if sqlite.has_wal_reset_bug(found):
        return Check(
            "sqlite",
            False,
            f"SQLite {text} may corrupt a database in WAL mode",
            "Install pysqlite3 0.6.1 or newer, or a Python with SQLite 3.51.3 or newer.",
        )
    return Check("sqlite", True, f"SQLite {text}")


def _folder(settings: Settings) -> Check:
    probe = settings.data / f".probe-{uuid.uuid4().hex}"
    try:
        probe.write_bytes(b"ok")
        probe.unlink()
    except OSError as error:
        return Check(
            "data folder", False, f"{settings.data}: {error}", "Make it writable for this user."
        )
    return Check("data folder", True, f"{settings.data} is writable")


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.data).free
    text = f"{free / (1 << 30):.1f} GiB free"
    if free < LEAST_FREE:
        return Check("disk", False, text, "Delete old jobs, or move the data folder.")
    return Check("disk", True, text)
