"""The characterizations of a device up to now: a new one every day, at midnight UTC."""

from __future__ import annotations

import datetime
from contextlib import suppress

from ketway.devices.characterization import (
    Characterization,
    NoCharacterizationError,
    characterization,
    day_in,
    id_of,
)
from ketway.devices.device import Device


def day_of(at: int) -> datetime.date:
    """The day, in UTC, of a time in microseconds since 1970."""
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=at)).date()


def days(
    device: Device,
    at: int,
    first: datetime.date | None = None,
    last: datetime.date | None = None,
) -> list[datetime.date]:
    """The days that a device has figures of at that time, the newest first; of those from `first`
    to `last`, where these are given. Of a device without a history, none."""
    newest = _newest(device, at)
    if newest is None or device.drift is None:
        return []
    oldest = max(device.drift.since, first or device.drift.since)
    newest = min(newest, last or newest)
    ordinals = range(newest.toordinal(), oldest.toordinal() - 1, -1)
    return [datetime.date.fromordinal(ordinal) for ordinal in ordinals]


def _newest(device: Device, at: int) -> datetime.date | None:
    drift = device.drift
    if drift is None:
        return None
    day = min(day_of(at), drift.until or datetime.date.max)
    return day if day >= drift.since else None


def current(device: Device, at: int) -> Characterization | None:
    """The newest figures of a device at a time, in microseconds since 1970; None for a device that
    has none, and before its history begins.

    A job keeps the `id` of what was current when it was submitted, and runs under
    `own_noise.own_noise(device, id)`: when it runs, and whenever it is run again.
    """
    day = _newest(device, at)
    return None if day is None else characterization(device, day)


def find(device: Device, id_: str, at: int | None = None) -> Characterization:
    """The figures that have this id; raises `NoCharacterizationError` if the device has none with
    it, or has not yet at the time `at`."""
    day = day_in(id_)
    if day is not None and device.drift is not None and (at is None or day <= day_of(at)):
        with suppress(NoCharacterizationError):
            if id_of(device, day) == id_.lower():
                return characterization(device, day)
    raise NoCharacterizationError(
        f"{device.name} has no characterization {id_[:80]}: list those that it has, which are "
        "others if the catalogue's figures have changed since"
    )
