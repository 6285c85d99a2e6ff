"""`ketway doctor`: is this installation sound, and the Ketway that runs?

Each check is a function that says what it found and, where that is not good, what to do.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ketway.cli.address import DEFAULT_URL, normalised
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.options import Json, Url
from ketway.cli.terminal import clean, emit, line, plural, size
from ketway.cli.variables import VENDORS, half_set, proxied

OLDEST_PYTHON = (3, 11)
FREE_BYTES = 1 << 30
"""With less room than this, large results soon find none."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at; the control dialect has the same shape."""

    name: str
    ok: bool
    detail: str
    advice: str | None = None


def doctor(*, json: Json = False, url: Url = DEFAULT_URL) -> int:
    """Check this installation and the Ketway that answers; exit with 1 if a check fails.

    ```
    ketway doctor
    ```
    """
    here = [_safely(check) for check in LOCAL] + sdk_checks(normalised(url), os.environ)
    there = server_checks(url)
    sound = all(check.ok for check in (*here, *there))
    if json:
        emit(msgspec.to_builtins({"ok": sound, "here": here, "server": there}))
    else:
        _show("This installation", here)
        _show(f"The Ketway at {url}", there)
    return Exit.DONE if sound else Exit.FAILED


def python() -> Check:
    version = platform.python_version()
    detail = f"{platform.python_implementation()} {version} on {platform.platform()}"
    if sys.version_info >= OLDEST_PYTHON:
        return Check("python", True, detail)
    return Check("python", False, detail, "Ketway needs Python 3.11 or newer.")


def compiled_core() -> Check:
    """Loads it as an attempt would, and asks which instructions it uses."""
    from ketway.engines import core

    try:
        return Check("compiled core", True, f"there, instructions {core.isa()}")
    except ImportError as error:
        return Check("compiled core", False, str(error), "From the sources, run script/up.")


def sqlite() -> Check:
    from ketway.store.sqlite import has_wal_reset_bug, version

    found = version()
    detail = f"SQLite {'.'.join(map(str, found))}"
    if not has_wal_reset_bug(found):
        return Check("sqlite", True, detail)
    return Check(
        "sqlite",
        False,
        f"{detail} has the WAL-reset bug, which can corrupt a database",
        "Install pysqlite3 0.6 or newer, or a Python that is built with SQLite 3.51.3 or newer.",
    )


def data_folder() -> Check:
    from ketway.settings import Settings

    return folder(Settings.load({}).data)


def folder(path: Path) -> Check:
    """Whether a Ketway could keep its state there, now or once it makes the folder."""
    existing = path
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        return Check(
            "data folder",
            False,
            f"{path} cannot be written: {reason}",
            "Name another with `ketway up --data DIR` or KETWAY_DATA.",
        )
    free = shutil.disk_usage(existing).free
    detail = f"{path}, {size(free)} free"
    if free >= FREE_BYTES:
        return Check("data folder", True, detail)
    return Check("data folder", False, detail, "Free some disk, or name another with KETWAY_DATA.")


def sdk_checks(url: str, environ: Mapping[str, str]) -> list[Check]:
    """Whether the variables that point SDKs at this Ketway are whole; nothing where there are
    none."""
    found = [
        Check(
            f"{dialect} variables",
            False,
            f"not set to {url}: {', '.join(astray)}",
            f"Keys may be sent to {VENDORS[dialect]}. Set all with `ketway env`, or none with "
            "`ketway env --unset`.",
        )
        for dialect, astray in half_set(environ, url).items()
    ]
    proxy = proxied(environ, url)
    if proxy is not None:
        advice = "Add its host to NO_PROXY: what the SDKs send goes through the proxy, keys too."
        found.append(Check("proxy", False, f"{url} is asked through {proxy}", advice))
    return found


def server_checks(url: str) -> list[Check]:
    """Whether a Ketway answers, and what it says of itself."""
    try:
        with Client(url) as client:
            health = client.get("health")
            workers = plural(int(health["workers"]), "worker")
            answers = Check(
                "server",
                health["status"] == "ok",
                f"version {health['version']}, {workers}, data in {health['data']}",
                None if health["status"] == "ok" else "Look at what it logs.",
            )
            own = client.get("doctor")["checks"]
    except CommandError as error:
        return [Check("server", False, error.message, None)]
    return [answers, *(msgspec.convert(check, Check) for check in own)]


LOCAL: tuple[Callable[[], Check], ...] = (python, compiled_core, sqlite, data_folder)


def _safely(check: Callable[[], Check]) -> Check:
    """A check that breaks has found something too."""
    try:
        return check()
    except Exception as error:
        name = check.__name__.replace("_", " ")
        return Check(name, False, f"{type(error).__name__}: {error}", "Install Ketway again.")


def _show(title: str, checks: list[Check]) -> None:
    line((clean(title), "bold"))
    for check in checks:
        mark: Any = ("ok    ", "green") if check.ok else ("FAILED", "bold red")
        line("  ", mark, f"  {clean(check.name)}: {clean(check.detail)}")
        if check.advice and not check.ok:
            line(f"          {clean(check.advice)}")
