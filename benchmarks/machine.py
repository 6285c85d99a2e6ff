"""Where it was measured: a figure without its machine says nothing."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psutil

from benchmarks.service import ROOT

LIBRARIES = ("numpy", "msgspec", "sqlalchemy", "starlette", "stim", "uvicorn", "uvloop")


def facts() -> dict[str, Any]:
    return {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "system": platform.platform(),
        "cpu": _cpu("model name") or platform.processor(),
        "cores": len(psutil.Process().cpu_affinity()) if _linux() else os.cpu_count(),
        "isa": [flag for flag in ("avx2", "fma", "avx512f") if flag in _cpu("flags").split()],
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": [round(value, 2) for value in psutil.getloadavg()],
        "disk": _filesystem(Path(tempfile.gettempdir())),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def _linux() -> bool:
    return platform.system() == "Linux"


def _cpu(field: str) -> str:
    if not _linux():
        return ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""


def _filesystem(folder: Path) -> str:
    """Of the data folders: a disk that does not wait flatters every write."""
    mounts = [part for part in psutil.disk_partitions(all=True) if _holds(part.mountpoint, folder)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "unknown"


def _holds(mountpoint: str, folder: Path) -> bool:
    return folder.resolve().is_relative_to(mountpoint)


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
