from __future__ import annotations

from collections import Counter

import pytest

from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.routines.mitigation.variants import Variant, noise_of, variants_of


def test_the_same_seed_gives_the_same_variants_for_ever() -> None:
    first, *_ = variants_of(3, 11, 1003, 2026)
    assert first == variants_of(3, 11, 1003, 2026)[0]
    assert (first.qubits, first.flipped, first.shots) == FIRST
    assert variants_of(3, 11, 1003, 2027)[0].qubits != first.qubits


FIRST = ((4, 9, 3), (0, 1, 2), 41)


@pytest.mark.parametrize("shots", [1, 24, 25, 500, 1003])
def test_shots_are_shared_and_none_is_lost(shots: int) -> None:
    found = variants_of(4, 25, shots, 7)
    assert sum(variant.shots for variant in found) == shots
    assert len(found) == min(25, shots)
    assert max(v.shots for v in found) - min(v.shots for v in found) <= 1


def test_places_are_different_and_all_are_used() -> None:
    used: Counter[int] = Counter()
    flipped: Counter[int] = Counter()
    for seed in range(100):
        for variant in variants_of(5, 11, 500, seed):
            assert len(set(variant.qubits)) == 5
            assert set(variant.qubits) <= set(range(11))
            used.update(variant.qubits)
            flipped.update(variant.flipped)
    mean = 100 * 25 * 5 / 11
    assert all(abs(used[place] - mean) < 5 * mean**0.5 for place in range(11))
    assert all(abs(flipped[k] - 1250) < 150 for k in range(5))


def test_a_variant_meets_the_noise_of_its_places() -> None:
    model = NoiseModel(
        "some",
        gates=(
            GateNoise(("1q",), (0,), depolarising=0.1),
            GateNoise(("1q",), (2,), depolarising=0.3),
            GateNoise(("2q",), (0, 2), depolarising=0.5),
        ),
        qubits=(QubitNoise(0, p01=0.01, p10=0.02), QubitNoise(2, p01=0.03, p10=0.04)),
    )
    met = noise_of(Variant((2, 0), (1,), 10, 1), model)
    assert {entry.qubits: entry.depolarising for entry in met.gates} == {
        (0,): 0.3,
        (1,): 0.1,
        (1, 0): 0.5,
    }
    read = {entry.qubit: (entry.p01, entry.p10) for entry in met.qubits}
    assert read == {0: (0.03, 0.04), 1: (0.02, 0.01)}
