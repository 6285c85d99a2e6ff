"""What is drawn for devices: as normal as it should be, and the same for ever."""

from __future__ import annotations

import datetime
import math
import statistics

import msgspec
import pytest

from ketway.devices.drift import Drift, normals, places, walks
from ketway.devices.loading import load

DAY = datetime.date(2026, 11, 26)
DRIFT = load().device("qpu.forte-1").drift
assert DRIFT is not None


def test_draws_are_what_they_were() -> None:
    """Worked out with another program: 52 bits of blake2b('s/w/7/0'), and their quantile."""
    assert normals("s", "w", 7, 3) == pytest.approx(
        (-2.3530403149137977, -0.6344474857768384, -0.2897517501969207), rel=1e-13
    )


def test_draws_are_normal_and_independent() -> None:
    found = [normals("any", "test", index, 50) for index in range(400)]
    every = sorted(z for row in found for z in row)
    assert abs(statistics.fmean(every)) < 0.03
    assert abs(statistics.pstdev(every) - 1) < 0.02
    normal = statistics.NormalDist()
    for share in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        at = every[round(share * len(every))]
        assert abs(normal.cdf(at) - share) < 4 * math.sqrt(share * (1 - share) / len(every))
    assert max(map(abs, every)) <= 3.5
    assert abs(statistics.correlation(found[0] + found[1], found[2] + found[3])) < 0.4
    assert len({row[0] for row in found}) == 400


def test_more_draws_begin_with_the_fewer() -> None:
    """A device with one qubit more keeps the figures of the others."""
    assert normals("s", "w", 0, 9)[:3] == normals("s", "w", 0, 3)


def test_walks_keep_their_deviation_and_forget() -> None:
    drift = msgspec.structs.replace(DRIFT, returns=10, scatter=0.3)
    days = [DAY + datetime.timedelta(days=k) for k in range(3000)]
    found = list(zip(*(walks(drift, "test", day, 4) for day in days), strict=True))
    for walk in found:
        assert abs(statistics.fmean(walk)) < 0.25
        assert abs(statistics.pstdev(walk) - 1) < 0.1

        def likeness(lag: int, walk: tuple[float, ...] = walk) -> float:
            return statistics.correlation(walk[:-lag], walk[lag:])

        assert 0.8 < likeness(1) < 1 - 0.3**2 + 0.02  # what scatters is new every day
        assert likeness(1) > likeness(4) > likeness(8)
        assert abs(likeness(20)) < 0.2
    assert abs(statistics.correlation(found[0], found[1])) < 0.25


def test_places_keep_what_is_not_restless() -> None:
    calm = msgspec.structs.replace(DRIFT, restless=0.0)
    later = DAY + datetime.timedelta(days=500)
    assert places(calm, "test", DAY, 20) == places(calm, "test", later, 20)
    wild = msgspec.structs.replace(DRIFT, restless=1.0)
    assert abs(statistics.correlation(*(places(wild, "test", d, 500) for d in (DAY, later)))) < 0.15
    half = msgspec.structs.replace(DRIFT, restless=0.6)
    found = statistics.correlation(*(places(half, "test", d, 500) for d in (DAY, later)))
    assert abs(found - (1 - 0.6**2)) < 0.1
    assert abs(statistics.pstdev(places(half, "test", DAY, 2000)) - 1) < 0.06


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"restless": 1.1}, "drift.restless: a share"),
        ({"scatter": -0.1}, "drift.scatter: a share"),
        ({"wander": 2.0}, "drift.wander: give a deviation"),
        ({"spread_pairs": -1.0}, "drift.spread_pairs"),
        ({"returns": 0}, "returns is 1 day or more"),
        ({"asymmetry": 0.0}, "asymmetry above 0"),
    ],
)
def test_a_drift_that_cannot_be_is_refused(change: dict[str, float], said: str) -> None:
    written = msgspec.to_builtins(DRIFT) | change
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(written, Drift)
