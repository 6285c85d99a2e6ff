"""`ketway version`: which Ketway this is, and which one answers."""

from __future__ import annotations

import platform

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.options import Json, Url
from ketway.cli.terminal import clean, emit, line
from ketway.version import VERSION

PATIENCE = 1.0
"""A server that is not there is no error here and should cost no time."""


def version(*, json: Json = False, url: Url = DEFAULT_URL) -> int:
    """Print the version of this command and of the Ketway that answers, if one does.

    ```
    ketway version
    ```
    """
    try:
        with Client(url, patience=PATIENCE) as client:
            running = client.get("health")["version"]
            url = client.url
    except CommandError as error:
        if error.exit_code is not Exit.UNREACHABLE:
            raise
        running = None
    if json:
        emit({"version": VERSION, "python": platform.python_version(), "server": running})
    else:
        line(f"ketway {VERSION}, Python {platform.python_version()}")
        line(f"server {clean(running)} at {url}" if running else f"no server answers at {url}")
    return Exit.DONE
