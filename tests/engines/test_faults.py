from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.chance import binomial_fits, fits

from ketway.engines import faults, seeds
from ketway.engines.faults import Faults, FaultSource, Gaps


@pytest.mark.parametrize("probability", [1e-6, 1e-4, 0.003, 0.1, 0.5, 0.9375])
def test_hits_come_as_often_as_they_should(probability: float) -> None:
    length = int(min(20_000_000, 20_000 / probability))
    places = Gaps(probability).places(seeds.bits(1), length)
    assert (np.diff(places) > 0).all()
    assert places.min() >= 0
    assert places.max() < length
    assert binomial_fits(len(places), length, probability)
    # The first and the last tenth are hit like the rest.
    assert binomial_fits(int((places < length // 10).sum()), length // 10, probability)
    assert binomial_fits(int((places >= length - length // 10).sum()), length // 10, probability)


@pytest.mark.parametrize("probability", [0.05, 0.4])
def test_gaps_are_geometric(probability: float) -> None:
    places = Gaps(probability).places(seeds.bits(2), int(30_000 / probability))
    gaps = np.minimum(np.diff(places) - 1, 60)
    chances = {k: probability * (1 - probability) ** k for k in range(60)}
    chances[60] = (1 - probability) ** 60
    assert fits(Counter(gaps.tolist()), chances)


def test_a_short_table_gives_the_same_chances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_LONGEST", 7)
    places = Gaps(0.01).places(seeds.bits(3), 1_000_000)
    assert binomial_fits(len(places), 1_000_000, 0.01)
    gaps = np.diff(places) - 1
    for longer in (3, 7, 30):
        assert binomial_fits(int((gaps >= longer).sum()), len(gaps), 0.99**longer)


def test_never_and_always() -> None:
    assert len(Gaps(0).places(seeds.bits(1), 1000)) == 0
    assert Gaps(1).places(seeds.bits(1), 100).tolist() == list(range(100))
    assert len(Gaps(0.5).places(seeds.bits(1), 0)) == 0


def spread(row: np.ndarray) -> np.ndarray:
    return np.unpackbits(np.ascontiguousarray(row).view(np.uint8), bitorder="little")


def source_of(
    *distributions: dict[int, float],
    sites: list[int],
    misread: list[tuple[float, float]] | None = None,
    reference: list[bool] | None = None,
    shots: int = 640,
    seed: int = 5,
    part: int = 0,
) -> FaultSource:
    """Pauli numbers (first letter + 4 second) with their odds, and which of them each site has."""
    table = np.zeros((len(distributions), 16))
    for row, odds in zip(table, distributions, strict=True):
        for letter, p in odds.items():
            row[letter] = p
        row[0] = 1 - row.sum()
    widths = tuple(2 if max(odds, default=0) > 3 else 1 for odds in distributions)
    readings = np.array(misread or []).reshape(-1, 2)
    found = Faults(sites, table, widths, readings, reference or [False] * len(readings))
    return FaultSource(found, seed, part, shots)


def test_each_pauli_pair_comes_as_often_as_it_should() -> None:
    odds = {k: 0.004 * k for k in range(1, 16)}
    source = source_of(odds, sites=[0] * 300)
    seen: Counter[int] = Counter()
    for _ in range(300):
        x0, z0, x1, z1 = (spread(row).astype(np.int64) for row in source.pauli())
        first, second = ((x ^ z) | z << 1 for x, z in ((x0, z0), (x1, z1)))
        seen.update((first + 4 * second).tolist())
    assert fits(seen, {0: 1 - sum(odds.values())} | odds)


def test_each_pauli_comes_as_often_as_it_should() -> None:
    source = source_of({1: 0.02, 2: 0.05, 3: 0.1}, sites=[0] * 300)
    seen: Counter[tuple[int, int]] = Counter()
    for _ in range(300):
        x, z = (spread(row).tolist() for row in source.pauli())
        seen.update(zip(x, z, strict=True))
    numbered = {2 * x + z: count for (x, z), count in seen.items()}
    assert fits(numbered, {0: 0.83, 2: 0.02, 3: 0.05, 1: 0.1})


def test_sites_of_each_distribution_come_in_the_order_of_the_program() -> None:
    source = source_of({1: 1.0}, {3: 1.0}, {}, sites=[1, 0, 2, 0], shots=64)
    found = [[int(row[0] != 0) for row in source.pauli()] for _ in range(4)]
    assert found == [[0, 1], [1, 0], [0, 0], [1, 0]]


def test_sites_do_not_share_their_shots() -> None:
    shots = 64_000
    even = {1: 0.25, 2: 0.25}
    source = source_of(even, dict.fromkeys(range(1, 13), 0.05), sites=[0, 0, 1, 1], shots=shots)
    rows = [spread(source.pauli()[0]) for _ in range(4)]
    for i, a in enumerate(rows):
        for b in rows[i + 1 :]:
            both = (a.mean() * b.mean()).item()
            assert abs((a & b).mean() - both) < 5 * np.sqrt(both / shots)


def test_walks_of_one_circuit_have_faults_of_their_own() -> None:
    first, second = (
        source_of({1: 0.5}, sites=[0], seed=8, part=part, shots=6400).pauli()[0] for part in (0, 1)
    )
    assert (first != second).any()


def test_misreading_flips_what_it_hits() -> None:
    source = source_of(sites=[], misread=[(1.0, 1.0)], shots=128)
    row = np.array([0, 2**64 - 1], dtype=np.uint64)
    source.misread(row)
    assert row.tolist() == [2**64 - 1, 0]


@pytest.mark.parametrize("reference", [False, True])
def test_misreading_depends_on_what_is_there(reference: bool) -> None:
    """Rows say what differs from the reference: with it at 1, a clear bit is a 1."""
    shots = 64_000
    source = source_of(sites=[], misread=[(0.1, 0.3)], reference=[reference], shots=shots)
    row = np.zeros(shots // 64, dtype=np.uint64)
    row[: len(row) // 2] = 2**64 - 1
    source.misread(row)
    flipped, kept = spread(row)[: shots // 2], spread(row)[shots // 2 :]
    low, high = (0.3, 0.1) if reference else (0.1, 0.3)
    assert binomial_fits(int((flipped == 0).sum()), shots // 2, high)
    assert binomial_fits(int((kept == 1).sum()), shots // 2, low)
