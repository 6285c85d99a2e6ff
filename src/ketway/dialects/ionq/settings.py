"""What a job keeps that only IonQ's API understands: asked for in one version, shown in each."""

from __future__ import annotations

from typing import Any

import msgspec

from ketway.dialects.ionq.wire import Registers
from ketway.jobs.job import Job


class Settings(msgspec.Struct, omit_defaults=True):
    error_mitigation: dict[str, Any] | None = None
    compilation: dict[str, Any] | None = None


class Kept(Settings):
    """The `settings` of a job of IonQ's."""

    registers: Registers | None = None
    """v0.3 gives registers back, and qiskit-ionq reads its counts by them."""

    def text(self) -> str | None:
        """As it is stored; None if there is nothing to keep."""
        return None if self == Kept() else msgspec.json.encode(self).decode()


def kept_of(job: Job) -> Kept:
    """Nothing, of a job that came through another vendor's API."""
    if job.settings is None:
        return Kept()
    try:
        return msgspec.json.decode(job.settings, type=Kept)
    except msgspec.ValidationError:
        return Kept()
