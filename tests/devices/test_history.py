"""The days of a device up to a time, and how an old one is found by its id."""

from __future__ import annotations

import datetime
import time
import uuid

import pytest

from ketway.devices.characterization import NoCharacterizationError, characterization, id_of
from ketway.devices.history import current, day_of, days, find
from ketway.devices.loading import load

FORTE = load().device("qpu.forte-1")
HARMONY = load().device("qpu.harmony")
ARIA = load().device("qpu.aria-1")
DAY = datetime.date(2026, 11, 26)
ONE = datetime.timedelta(days=1)


def micros(day: datetime.date, after: float = 0.0) -> int:
    midnight = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    return int(midnight.timestamp() + after) * 1_000_000


def test_a_day_begins_at_midnight_utc() -> None:
    assert day_of(micros(DAY)) == DAY
    assert day_of(micros(DAY) - 1) == DAY - ONE
    assert day_of(micros(DAY, 86_399)) == DAY
    assert day_of(0) == datetime.date(1970, 1, 1)


def test_the_current_one_is_of_today() -> None:
    found = current(FORTE, micros(DAY, 3600))
    assert found is not None
    assert (found.day, found.device) == (DAY, FORTE)
    yesterday = current(FORTE, micros(DAY) - 1)
    assert yesterday is not None
    assert yesterday.day == DAY - ONE
    assert yesterday.id != found.id
    assert current(FORTE, micros(DAY, 7200)) is found


def test_a_retired_device_keeps_its_last() -> None:
    assert HARMONY.drift is not None
    found = current(HARMONY, micros(DAY))
    assert found is not None
    assert found.day == HARMONY.drift.until == days(HARMONY, micros(DAY))[0]


def test_devices_without_a_history_have_none_and_none_has_one_before_it_begins() -> None:
    for name in ("simulator", "ibm_torino", "ibmq_qasm_simulator"):
        assert current(load().device(name), micros(DAY)) is None
        assert days(load().device(name), micros(DAY)) == []
    assert FORTE.drift is not None
    before = micros(FORTE.drift.since) - 1
    assert current(FORTE, before) is None
    assert days(FORTE, before) == []
    assert days(FORTE, before + 1) == [FORTE.drift.since]


def test_days_are_listed_newest_first_between_ends() -> None:
    found = days(FORTE, micros(DAY))
    assert FORTE.drift is not None
    assert (found[0], found[-1]) == (DAY, FORTE.drift.since)
    assert len(found) == (DAY - FORTE.drift.since).days + 1
    assert found == sorted(found, reverse=True)
    some = days(FORTE, micros(DAY), DAY - 3 * ONE, DAY - ONE)
    assert some == [DAY - ONE, DAY - 2 * ONE, DAY - 3 * ONE]
    assert days(FORTE, micros(DAY), DAY + ONE) == []
    assert days(FORTE, micros(DAY), None, FORTE.drift.since - ONE) == []
    assert days(FORTE, micros(DAY), datetime.date.min, datetime.date.max) == found


def test_any_day_is_found_by_its_id() -> None:
    for day in days(ARIA, micros(DAY))[::40]:
        id_ = id_of(ARIA, day)
        assert find(ARIA, id_, micros(DAY)) is characterization(ARIA, day)
        assert find(ARIA, id_.upper()).day == day


def test_tomorrow_is_not_found_though_its_id_is_known() -> None:
    id_ = id_of(FORTE, DAY + ONE)
    assert find(FORTE, id_, micros(DAY + ONE)).day == DAY + ONE
    with pytest.raises(NoCharacterizationError):
        find(FORTE, id_, micros(DAY, 86_399))


def test_invented_ids_are_not_found() -> None:
    own = uuid.UUID(id_of(FORTE, DAY)).int
    invented = [str(uuid.UUID(int=own ^ 1 << bit)) for bit in range(128)]
    invented += [id_of(ARIA, DAY), str(uuid.uuid4()), "", "x" * 500, str(uuid.UUID(int=0))]
    assert HARMONY.drift is not None
    assert HARMONY.drift.until is not None
    for device, ids in (
        (FORTE, invented),
        (HARMONY, [id_of(HARMONY, HARMONY.drift.until + ONE)]),
        (load().device("simulator"), [id_of(FORTE, DAY)]),
    ):
        for id_ in ids:
            with pytest.raises(NoCharacterizationError, match="list those that it has") as caught:
                find(device, id_)
            assert len(str(caught.value)) < 400


def test_a_day_is_quick_however_old_the_history_is() -> None:
    """A budget of 1 ms, and some for a machine that does other things too."""
    best = min(_seconds(DAY + k * 365 * ONE) for k in range(40))
    assert best < 0.001


def _seconds(day: datetime.date) -> float:
    started = time.perf_counter()
    assert current(FORTE, micros(day)) is not None
    return time.perf_counter() - started
