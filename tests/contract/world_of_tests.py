"""What a contract suite does before any SDK is imported: close the world around this process."""

from __future__ import annotations

import os
from pathlib import Path

import wiretap


def close(home: Path, prefixes: tuple[str, ...], tap: wiretap.Wiretap) -> None:
    """No settings of the person who runs this (variables with these prefixes, files in the home
    folder), and no way out of this machine."""
    for name in list(os.environ):
        if name.startswith(prefixes) or name.lower().endswith("_proxy"):
            del os.environ[name]
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        os.environ[name] = str(home)
    os.environ["MPLCONFIGDIR"] = str(home)
    tap.install()
