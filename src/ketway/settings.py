"""Every setting, once: its name, its default, what it means.

A setting comes from the command line, else from an environment variable named `KETWAY_` and its
name in capitals, else from the default here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec


def default_data() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "ketway"


def default_workers() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def default_memory() -> int:
    """Four fifths of this machine's memory."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError):  # Windows
        total = 8 << 30
    return total * 4 // 5


AtLeastOne: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    """Address to listen on. Only loopback addresses are open without keys."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8400
    """Port to listen on; 0 takes a free one."""
    data: Path = msgspec.field(default_factory=default_data)
    """Folder that holds all state."""
    devices: Path | None = None
    """Folder with files of devices of your own; `devices` in the data folder, if there is one,
    unless given."""
    workers: AtLeastOne = msgspec.field(default_factory=default_workers)
    """How many attempts run at the same time, and how many threads one may use."""
    memory: AtLeastOne = msgspec.field(default_factory=default_memory)
    """Bytes that all running attempts together may plan for."""
    max_seconds: Positive = 3 * 3600.0
    """Longest time that one attempt may take on a simulator."""
    max_qpu_seconds: Positive = 8 * 3600.0
    """Longest time that one attempt may take on a virtual QPU."""
    max_losses: AtLeastOne = 5
    """How many attempts of a job may die without an answer before the job fails."""
    lease_seconds: Positive = 30.0
    """How long a started job is believed to be running without a heartbeat."""
    session_seconds: AtLeastOne = 8 * 3600
    """Longest time that a session may last, from the start of its first job."""
    session_idle_seconds: AtLeastOne = 60
    """How long a session without a job keeps others away from its backend."""
    clock: Literal["instant", "real"] = "instant"
    """Whether a virtual QPU answers as soon as it can, or takes as long as the QPU would: `instant`
    or `real`."""
    max_body: AtLeastOne = 10 * 1024 * 1024
    """Largest request body, in bytes."""
    max_params: AtLeastOne = 64 * 1024 * 1024
    """Largest request body that has the parameters of a program (IBM's API), in bytes."""
    calibrate: bool = True
    """Measure at the first start how fast this machine is, so that plans can say how long."""
    force_spawn: bool = False
    """Run attempts in spawned processes also where forking from a zygote is possible."""

    @classmethod
    def load(cls, given: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
        """`given` (the command line; None means not given) over the environment over defaults."""
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(cls):
            name = f"KETWAY_{field.name.upper()}"
            if given.get(field.name) is not None:
                values[field.name] = given[field.name]
            elif name in environ:
                try:
                    values[field.name] = _convert(environ[name], field.type)
                except (ValueError, msgspec.ValidationError) as error:
                    raise ValueError(f"{name}={environ[name]!r}: {error}") from None
        return cls(**values)


def devices_folder(settings: Settings) -> str:
    """Where the operator's devices are; empty if there is no such folder."""
    folder = settings.devices or settings.data / "devices"
    return str(folder) if folder.is_dir() else ""


def _convert(text: str, type_: Any) -> Any:
    if type_ in (Path, Path | None):
        return Path(text).expanduser()
    return msgspec.convert(text, type_, strict=False)
