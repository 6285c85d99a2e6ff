"""The figures of a day: the same for ever, about the catalogue's, and possible."""

from __future__ import annotations

import datetime
import math
import statistics
import uuid
from collections.abc import Iterator

import msgspec
import pytest

from ketway.devices.characterization import (
    KINDS,
    Characterization,
    NoCharacterizationError,
    characterization,
    day_in,
    id_of,
)
from ketway.devices.device import Device
from ketway.devices.drift import Drift
from ketway.devices.loading import load

QPUS = [device for device in load().of("ionq") if device.kind == "qpu"]
FORTE = load().device("qpu.forte-1")
DAY = datetime.date(2026, 11, 26)
YEARS = 5 * 365


def drift_of(device: Device) -> Drift:
    assert device.drift is not None
    return device.drift


def without_end(device: Device) -> Device:
    """As if it had not been retired: its days would go on like this."""
    return msgspec.structs.replace(
        device, drift=msgspec.structs.replace(drift_of(device), until=None)
    )


def history(device: Device, days: int = YEARS, step: int = 1) -> Iterator[Characterization]:
    first = drift_of(device).since
    for passed in range(0, days, step):
        yield characterization(without_end(device), first + datetime.timedelta(days=passed))


qpus = pytest.mark.parametrize("device", QPUS, ids=lambda device: device.name)


@pytest.mark.parametrize(
    ("name", "day", "id_", "figures", "qubit", "pair"),
    [
        (
            "qpu.forte-1",
            "2026-11-26",
            "01a21526-e400-88ca-9716-d22f093db1a0",
            (0.9963567, 0.9998294, 0.9971799, 90.701, 0.851603),
            (0.999869738, 0.00329322, 0.00493983, 64.7844, 0.57738),
            0.99728936,
        ),
        (
            "qpu.aria-1",
            "2024-04-23",
            "018f0840-9000-8007-ac6c-327b4d0ab739",
            (0.9957123, 0.999793, 0.9910367, 118.859, 1.13957),
            (0.999763099, 0.003356166, 0.005034249, 236.634, 1.4471),
            0.989063934,
        ),
        (
            "qpu.harmony",
            "2024-09-01",
            "0191aae1-a400-8721-9400-53e61ca3f44b",
            (0.9953886, 0.9960876, 0.9718703, 7670.42, 0.243147),
            (0.995753298, 0.004856713, 0.00728507, 10505.5, 0.271063),
            0.966024893,
        ),
    ],
)
def test_days_are_what_they_were(
    name: str,
    day: str,
    id_: str,
    figures: tuple[float, ...],
    qubit: tuple[float, ...],
    pair: float,
) -> None:
    """Golden: if one of these changes, so has the past of every server. Raise `_EDITION` then."""
    found = characterization(load().device(name), datetime.date.fromisoformat(day))
    assert found.id == id_
    assert (found.spam, found.one_qubit, found.two_qubit, found.t1, found.t2) == figures
    assert tuple(found.qubits[3]) == qubit
    assert found.pairs[2, 7] == pair


@qpus
def test_the_catalogue_is_the_centre_of_the_history(device: Device) -> None:
    fidelity, timing, drift = device.fidelity, device.timing, drift_of(device)
    assert fidelity is not None
    assert timing is not None
    days = list(history(device))
    for centre, values in (
        (1 - fidelity.spam, [1 - day.spam for day in days]),
        (1 - fidelity.one_qubit, [1 - day.one_qubit for day in days]),
        (1 - fidelity.two_qubit, [1 - day.two_qubit for day in days]),
        (timing.t1, [day.t1 for day in days]),
        (timing.t2, [day.t2 for day in days]),
    ):
        logs = [math.log(value / centre) for value in values]
        # Some 130 bearings in five years: the median is known to a tenth of the deviation.
        assert abs(statistics.median(logs)) < 0.35 * drift.wander
        assert statistics.pstdev(logs) == pytest.approx(drift.wander, rel=0.15)


@qpus
def test_no_figure_leaves_its_bounds(device: Device) -> None:
    for day in history(device):
        assert 0.25 <= day.two_qubit < day.one_qubit < 1
        assert 0.5 <= day.spam < 1
        assert 0 < day.t2 <= 2 * day.t1
    for day in history(device, step=53):
        assert all(0.25 <= fidelity < 1 for fidelity in day.pairs.values())
        for qubit in day.qubits:
            assert 0.5 <= qubit.fidelity < 1
            assert 0 < qubit.p01 < qubit.p10 <= 1
            assert 0 < qubit.t2 <= 2 * qubit.t1


def test_even_a_hopeless_device_stays_possible() -> None:
    wild = msgspec.structs.replace(drift_of(FORTE), wander=1.0, spread_pairs=1.0, spread_qubits=1.0)
    assert FORTE.fidelity is not None
    poor = msgspec.structs.replace(FORTE.fidelity, spam=0.6, one_qubit=0.6, two_qubit=0.4)
    device = msgspec.structs.replace(FORTE, drift=wild, fidelity=poor)
    for day in history(device, 400, 7):
        assert 0.25 <= min(day.pairs.values()) <= max(day.pairs.values()) < 1
        assert all(0.5 <= q.fidelity < 1 and 0 <= q.p10 <= 1 for q in day.qubits)
        assert all(q.t2 <= 2 * q.t1 for q in day.qubits)


@qpus
def test_the_median_of_the_qubits_is_the_days(device: Device) -> None:
    for day in history(device, step=191):
        qubits = day.qubits
        assert len(qubits) == device.qubits
        assert list(day.pairs) == device.connections
        close = pytest.approx
        assert statistics.median(q.fidelity for q in qubits) == close(day.one_qubit, abs=2e-9)
        assert statistics.median(day.pairs.values()) == close(day.two_qubit, abs=2e-9)
        assert statistics.median(q.spam for q in qubits) == close(day.spam, abs=2e-9)
        assert statistics.median(q.t1 for q in qubits) == close(day.t1, rel=2e-6)
        assert statistics.median(q.t2 for q in qubits) == close(day.t2, rel=2e-2)  # some at 2 t1


@qpus
def test_qubits_and_pairs_are_spread_as_declared(device: Device) -> None:
    """Over many days: of eleven qubits on one day nothing can be said."""
    drift = drift_of(device)
    ones, pairs = [], []
    for day in history(device, days=20 * YEARS, step=20 * 53):
        ones += [math.log((1 - q.fidelity) / (1 - day.one_qubit)) for q in day.qubits]
        pairs += [math.log((1 - f) / (1 - day.two_qubit)) for f in day.pairs.values()]
        assert all(abs(q.p10 / q.p01 - drift.asymmetry) < 1e-5 for q in day.qubits)
    # What stays with each qubit is drawn once, so few qubits have few draws.
    near = 3.5 / math.sqrt(2 * device.qubits)
    assert statistics.pstdev(ones) == pytest.approx(drift.spread_qubits, rel=near)
    near = 3.5 / math.sqrt(2 * len(device.connections))
    assert statistics.pstdev(pairs) == pytest.approx(drift.spread_pairs, rel=near)


def test_each_kind_has_its_median_its_mean_and_how_sure_that_is() -> None:
    day = characterization(FORTE, DAY)
    values = {
        "spam": [q.spam for q in day.qubits],
        "1q": [q.fidelity for q in day.qubits],
        "2q": list(day.pairs.values()),
    }
    medians = {"spam": day.spam, "1q": day.one_qubit, "2q": day.two_qubit}
    assert set(KINDS) == set(values)
    for kind, of_each in values.items():
        found = day.spread(kind)
        assert found.median == medians[kind]
        assert found.mean == pytest.approx(statistics.fmean(of_each), abs=1e-9)
        error = statistics.stdev(of_each) / math.sqrt(len(of_each))
        assert found.stderr == pytest.approx(error, abs=1e-9)


def test_gates_take_as_long_as_the_catalogue_says() -> None:
    timing, found = FORTE.timing, characterization(FORTE, DAY)
    assert timing is not None
    assert found.timing == msgspec.structs.replace(timing, t1=found.t1, t2=found.t2)


def test_an_id_says_its_day_and_nothing_else_passes_for_it() -> None:
    ids = [day.id for day in history(FORTE, 900)]
    assert ids == sorted(set(ids))
    for day in history(FORTE, 900, 100):
        parsed = uuid.UUID(day.id)
        assert str(parsed) == day.id
        assert (parsed.version, parsed.variant) == (8, uuid.RFC_4122)
        assert day_in(day.id) == day_in(day.id.upper()) == day.day
    others = {id_of(device, DAY) for device in map(without_end, QPUS)}
    assert len(others) == len(QPUS)
    for none in (uuid.uuid4(), uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), "x", "", "1" * 4000):
        assert day_in(str(none)) is None


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("fidelity", {"two_qubit": 0.9963}),
        ("timing", {"t2": 1.1}),
        ("drift", {"seed": "another"}),
        ("drift", {"wander": 0.21}),
    ],
)
def test_other_figures_are_another_history(part: str, change: dict[str, object]) -> None:
    other = msgspec.structs.replace(
        FORTE, **{part: msgspec.structs.replace(getattr(FORTE, part), **change)}
    )
    assert id_of(other, DAY) != id_of(FORTE, DAY)


def test_other_words_are_not() -> None:
    worded = msgspec.structs.replace(
        FORTE, source="a better one", drift=msgspec.structs.replace(drift_of(FORTE), source="so")
    )
    ended = msgspec.structs.replace(drift_of(FORTE), until=DAY)
    assert id_of(worded, DAY) == id_of(FORTE, DAY)
    assert id_of(msgspec.structs.replace(FORTE, drift=ended), DAY) == id_of(FORTE, DAY)


def test_a_day_outside_the_history_is_refused_with_its_ends() -> None:
    harmony, drift = load().device("qpu.harmony"), drift_of(load().device("qpu.harmony"))
    one = datetime.timedelta(days=1)
    assert drift.until is not None
    with pytest.raises(NoCharacterizationError, match=r"qpu\.harmony .* begins on 2024-01-01"):
        characterization(harmony, drift.since - one)
    with pytest.raises(NoCharacterizationError, match="ends on 2024-09-01"):
        characterization(harmony, drift.until + one)
    for day in (drift.since, drift.until):
        assert characterization(harmony, day).day == day
    with pytest.raises(NoCharacterizationError, match="no characterization of simulator"):
        characterization(load().device("simulator"), DAY)
