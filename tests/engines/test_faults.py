from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.chance import binomial_fits, fits

from ketway.devices.noise import NoiseModel
from ketway.engines import faults, seeds
from ketway.engines.faults import FaultSource, Gaps, SiteCounts


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


def test_each_pauli_pair_is_as_likely_as_the_documents_say() -> None:
    rate, shots, sites = 0.4, 640, 300
    source = FaultSource(NoiseModel("n", 0.0, rate), SiteCounts(0, sites, 0), 5, 0, shots)
    letters = np.zeros(shots, dtype=np.int64)
    seen: Counter[int] = Counter()
    for _ in range(sites):
        letters = sum(spread(row).astype(np.int64) << k for k, row in enumerate(source.two()))
        seen.update(letters.tolist())
    chances = {0: 1 - 15 * rate / 16} | dict.fromkeys(range(1, 16), rate / 16)
    assert fits(seen, chances)


def test_each_pauli_is_as_likely_as_the_documents_say() -> None:
    rate, shots, sites = 0.2, 640, 300
    source = FaultSource(NoiseModel("n", rate, 0.0), SiteCounts(sites, 0, 0), 6, 0, shots)
    seen: Counter[tuple[int, int]] = Counter()
    for _ in range(sites):
        x, z = (spread(row).tolist() for row in source.one())
        seen.update(zip(x, z, strict=True))
    numbered = {2 * x + z: count for (x, z), count in seen.items()}
    assert fits(numbered, {0: 1 - 0.75 * rate, 1: rate / 4, 2: rate / 4, 3: rate / 4})


def test_sites_do_not_share_their_shots() -> None:
    shots = 64_000
    source = FaultSource(NoiseModel("n", 0.5, 0.5), SiteCounts(2, 2, 0), 7, 0, shots)
    rows = [spread(row[0]) for row in (source.one(), source.one(), source.two(), source.two())]
    for i, a in enumerate(rows):
        for b in rows[i + 1 :]:
            both = (a.mean() * b.mean()).item()
            assert abs((a & b).mean() - both) < 5 * np.sqrt(both / shots)


def test_walks_of_one_circuit_have_faults_of_their_own() -> None:
    noise, sites = NoiseModel("n", 0.5, 0.0), SiteCounts(1, 0, 0)
    first, second = (FaultSource(noise, sites, 8, part, 6400).one()[0] for part in (0, 1))
    assert (first != second).any()


def test_misreading_flips_what_it_hits() -> None:
    source = FaultSource(NoiseModel("n", 0, 0, 1.0), SiteCounts(0, 0, 2), 9, 0, 128)
    row = np.array([0, 2**64 - 1], dtype=np.uint64)
    source.misread(row)
    assert row.tolist() == [2**64 - 1, 0]
