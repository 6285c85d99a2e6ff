"""Drawing signs from the odds of all subsets is measuring."""

from __future__ import annotations

import numpy as np
import pytest
from tests.routines.making import ladder, pub_of, runner, true_values

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.routines import ideal
from ketway.routines.bodies import Plain
from ketway.routines.configurations import configurations, letters_of
from ketway.routines.ideal import Ideal
from ketway.routines.measuring import Measurement
from ketway.routines.mitigation.shots import Amount


def bell() -> Batch:
    builder = Builder(2)
    builder.add(Kind.H, [0])
    builder.add(Kind.X, [1], controls=[0])
    circuit = builder.circuit()
    return Batch(circuit.structure, circuit.params[None])


def means(batch: Batch, sums: list[dict[str, float]], amount: Amount, seed: int = 1) -> np.ndarray:
    pub = pub_of(batch, sums, 0, range(len(sums)), 0.1)
    wanted = configurations(pub)
    drawn = Ideal(batch, wanted, amount, runner(seed=seed))
    found = drawn.run(runner(seed=seed), letters_of(pub.observables), 0)
    return wanted.sums(found.values)


@pytest.mark.parametrize("seed", range(5))
def test_signs_of_one_basis_come_together(seed: int) -> None:
    """In a Bell pair every shot of ZI has a shot of IZ that agrees; alone each is a coin."""
    difference, product, alone = means(
        bell(), [{"ZI": 1.0, "IZ": -1.0}, {"ZZ": 1.0}, {"ZI": 1.0}], Amount(4, 25), seed
    )
    assert difference == 0
    assert product == 1
    assert -1 < alone < 1


def test_it_is_as_measuring_says() -> None:
    """Means and the spread between many seeds agree with those of shots that are really taken."""
    batch = ladder(1, layers=3, qubits=4)
    sums = [{"ZZII": 0.5, "IIZZ": 1.0, "ZIIZ": -0.7}, {"XXII": 1.0, "IIXY": 0.4}, {"YIIY": 1.0}]
    pub = pub_of(batch, sums, 0, range(len(sums)), 0.1)
    wanted, amount = configurations(pub), Amount(1, 64)
    assert max(len(basis.products) for basis in wanted.bases) == 3
    letters, repeats = letters_of(pub.observables), 150
    measured = Measurement(batch, wanted, Plain(), amount, None)
    drawn = Ideal(batch, wanted, amount, runner())
    assert drawn._rest is None
    found = np.empty((2, repeats, len(sums)))
    for i in range(repeats):
        for k, way in enumerate((measured, drawn)):
            found[k, i] = wanted.sums(way.run(runner(seed=i), letters, 0).values)
    exact = np.asarray(true_values(pub))
    spread = found.std(axis=1)
    assert np.abs(found.mean(axis=1) - exact).max() < 5 * spread.max() / repeats**0.5
    assert np.abs(spread[0] / spread[1] - 1).max() < 0.25


def test_many_products_of_one_basis_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = ladder(1, layers=2)
    labels = ["ZZIII", "IZZII", "IIZZI", "IIIZZ", "ZIIIZ", "XXXXX"]
    pub = pub_of(batch, [dict.fromkeys(labels, 1.0)], 0, 0, 0.1)
    wanted = configurations(pub)
    both = Ideal(batch, wanted, Amount(1, 100_000), runner())
    assert both._rest is not None
    assert [len(group.bases) for group in both._groups] == [1]
    found = wanted.sums(both.run(runner(), letters_of(pub.observables), 0).values)
    assert abs(found[0] - float(true_values(pub))) < 5 * (len(labels) / 100_000) ** 0.5
    monkeypatch.setattr(ideal, "MOST_DRAWN", 10)
    assert not Ideal(batch, wanted, Amount(1, 100), runner())._groups


def test_odds_of_signs() -> None:
    """Of two signs: a coin that is always repeated."""
    odds = ideal._odds(np.array([[0.0, 0.0, 1.0], [1.0, 0.5, 0.5]]))
    np.testing.assert_allclose(odds, [[0.5, 0, 0, 0.5], [0.75, 0, 0.25, 0]], atol=1e-15)
    assert ideal._odds(np.array([[1 - 1e-14]])).tolist() == [[1 - 5e-15, 0]]  # rounded, not likely
