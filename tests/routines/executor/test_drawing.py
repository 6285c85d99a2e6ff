"""What a samplex is put together from: draws, groups, noise maps, angles."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from tests import reference
from tests.chance import binomial_fits, fits
from tests.routines.executor.recorded import case

from ketway.circuits.gates import Kind
from ketway.routines.executor.limits import SamplexLimits
from ketway.routines.executor.samplex import LindbladMap, groups
from ketway.routines.executor.samplex import samplex as samplex_file
from ketway.routines.executor.samplex.distributions import Balanced, Choice, Haar, Uniform
from ketway.routines.executor.samplex.draws import Draws
from ketway.routines.executor.samplex.registers import CONVERTS, SORTS, convert, invert, multiply
from ketway.routines.executor.samplex.synthesis import angles

PAULIS = [reference.I2, reference.Z, reference.X, reference.Y]


def same(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether unitary matrices are equal up to a phase."""
    return abs(abs(np.trace(one.conj().T @ two)) - len(one)) < 1e-9


def even(values: np.ndarray, count: int) -> bool:
    return fits(Counter(values.ravel().tolist()), dict.fromkeys(range(count), 1 / count))


# -- what is drawn --------------------------------------------------------------------------------


@pytest.mark.parametrize(("sort", "elements"), [("pauli", 4), ("c1", 24)])
def test_uniform_draws_are_even_and_independent(sort: str, elements: int) -> None:
    drawn = Uniform(sort, 3).sample(Draws(1, sort), 4, 5_000).astype(int)  # type: ignore[arg-type]
    assert drawn.shape == (3, 20_000)
    for subsystem in drawn:
        assert even(subsystem, elements)
        assert even(subsystem[1:] * elements + subsystem[:-1], elements**2)
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert even(drawn[a] * elements + drawn[b], elements**2)


@pytest.mark.parametrize("randomizations", [1, 2, 3, 4, 10, 64])
def test_balanced_draws_have_each_pauli_in_four(randomizations: int) -> None:
    drawn = Balanced(2).sample(Draws(1, "x"), 3, randomizations)
    assert drawn.shape == (2, 3 * randomizations)
    each = drawn.reshape(2, 3, randomizations)
    for first in range(0, randomizations - 3, 4):
        assert (np.sort(each[:, :, first : first + 4], axis=2) == np.arange(4)).all()
    for first in range(0, randomizations - 1, 2):
        pair = each[:, :, first : first + 2]
        assert ((pair > 1).sum(axis=2) == 1).all()


def test_balanced_draws_are_even_in_each_place() -> None:
    drawn = Balanced(2).sample(Draws(1, "x"), 5_000, 4).reshape(2, 5_000, 4).astype(int)
    for place in range(4):
        assert even(drawn[:, :, place], 4)
        assert even(4 * drawn[0, :, place] + drawn[1, :, place], 16)


def test_choices_are_even_over_their_rows() -> None:
    rows = np.array([[0, 0], [1, 1], [2, 3]], np.uint8)
    drawn = Choice("pauli", 4, rows).sample(Draws(1, "x"), 2, 5_000).astype(int)
    assert drawn.shape == (4, 10_000)
    first, second = (np.array([[0, 0], [1, 1], [2, 3]]) for _ in range(2))
    for pair, table in ((drawn[:2], first), (drawn[2:], second)):
        which = (pair.T[:, None] == table[None]).all(axis=2)
        assert which.any(axis=1).all()
        assert even(which.argmax(axis=1), 3)
    assert even(4 * drawn[0] + drawn[2], 16) is False  # only three of them are there
    assert len(set(zip(drawn[0].tolist(), drawn[2].tolist(), strict=True))) == 9


def test_unitaries_have_no_preference() -> None:
    drawn = Haar(1).sample(Draws(1, "x"), 1, 20_000)[0]
    assert np.abs(drawn @ drawn.conj().swapaxes(1, 2) - np.eye(2)).max() < 1e-12
    # Moments of the measure: the mean of U (x) U* and of its square, whatever is multiplied to it.
    turn = reference.matrix_of(Kind.U, [0.7, 1.9, -0.4])
    for made in (drawn, drawn @ turn, turn @ drawn):
        square = np.abs(made[:, 0, 0]) ** 2
        assert abs(square.mean() - 1 / 2) < 5 / math.sqrt(12 * len(square))
        assert abs((square**2).mean() - 1 / 3) < 5 * 0.3 / math.sqrt(len(square))
        assert np.abs((made[:, 0, 0] * made[:, 1, 1].conj()).mean()) < 5 / math.sqrt(len(square))
        assert abs((made[:, 0, 0] ** 2 * made[:, 0, 1].conj() ** 2).mean()) < 0.02


def test_draws_come_from_seed_and_purpose() -> None:
    one = Draws(1, "a").uniform((50,))
    np.testing.assert_array_equal(one, Draws(1, "a").uniform((50,)))
    assert (one != Draws(2, "a").uniform((50,))).all()
    assert (one != Draws(1, "b").uniform((50,))).all()
    assert Draws(1, "a").uniform((0, 3)).shape == (0, 3)
    assert Draws(1, "a").bits(2, (3, 0)).shape == (3, 0)


def test_noise_acts_as_often_as_its_rates_say() -> None:
    terms = (
        (np.array([0]), np.array([2], np.uint8)),
        (np.array([1, 2]), np.array([3, 1], np.uint8)),
    )
    noise = LindbladMap(3, terms, np.array([0.3, -0.2]))
    scales = np.array([[1.0, 2.0], [0.0, -1.0]])
    paulis, signs = noise.sample(Draws(3, "x"), scales, 20_000)
    assert paulis.shape == (3, 40_000)
    assert signs.shape == (1, 40_000)
    for point, (first, second) in enumerate([(0.3, -0.4), (0.0, 0.2)]):
        drawn = paulis[:, point * 20_000 : (point + 1) * 20_000]
        sign = signs[0, point * 20_000 : (point + 1) * 20_000]
        acts = [drawn[0] == 2, (drawn[1] == 3) & (drawn[2] == 1)]
        for act, rate in zip(acts, (first, second), strict=True):
            chance = (1 - math.exp(-2 * abs(rate))) / 2
            assert binomial_fits(int(act.sum()), 20_000, chance)
        assert (drawn[0][~acts[0]] == 0).all()
        np.testing.assert_array_equal(sign, acts[1] if second < 0 else np.zeros(20_000))
        both = (1 - math.exp(-2 * abs(first))) * (1 - math.exp(-2 * abs(second))) / 4
        assert binomial_fits(int((acts[0] & acts[1]).sum()), 20_000, both)


def test_noise_of_no_terms() -> None:
    paulis, signs = LindbladMap(2, (), np.zeros(0)).sample(Draws(3, "x"), np.ones((2, 1)), 3)
    assert not paulis.any()
    assert not signs.any()
    assert paulis.shape == (2, 6)


# -- groups ---------------------------------------------------------------------------------------


def test_cliffords_are_all_different_and_closed() -> None:
    table = groups.clifford_products()
    assert (np.sort(table, axis=0) == np.arange(24)[:, None]).all()
    assert (np.sort(table, axis=1) == np.arange(24)).all()
    for a in range(24):
        for b in range(0, 24, 5):
            product = groups.CLIFFORDS[a] @ groups.CLIFFORDS[b]
            assert same(groups.CLIFFORDS[table[a, b]], product)


@pytest.mark.parametrize("sort", SORTS)
def test_inverses_and_products(sort: str) -> None:
    if sort == "u2":
        gates = Haar(2).sample(Draws(1, "x"), 1, 7)
    else:
        gates = np.arange({"pauli": 4, "c1": 24, "z2": 2}[sort], dtype=np.uint8)[:, None]
    one = multiply(invert(gates, sort), gates, sort)  # type: ignore[arg-type]
    if sort == "u2":
        np.testing.assert_allclose(one, np.broadcast_to(np.eye(2), one.shape), atol=1e-12)
    else:
        assert not one.any()


def test_conversions_keep_the_gate() -> None:
    for sort in ("pauli", "c1"):
        gates = np.arange(4 if sort == "pauli" else 24, dtype=np.uint8)[:, None]
        matrices = convert(gates, sort, "u2")[:, 0]  # type: ignore[arg-type]
        if sort == "pauli":
            as_cliffords = groups.CLIFFORDS[convert(gates, "pauli", "c1")[:, 0]]
            for wanted, one, two in zip(PAULIS, matrices, as_cliffords, strict=True):
                assert same(wanted, one)
                assert same(wanted, two)
    flips = convert(np.arange(4, dtype=np.uint8), "pauli", "z2")
    assert flips.tolist() == [0, 0, 1, 1]
    assert convert(np.arange(2, dtype=np.uint8), "z2", "pauli").tolist() == [0, 2]
    with pytest.raises(AssertionError):
        convert(np.zeros((1, 1), np.uint8), "u2", "c1")
    assert all(sort in CONVERTS[sort] for sort in SORTS)


GATES = {
    "h": reference.matrix_of(Kind.H, []),
    "s": reference.matrix_of(Kind.S, []),
    "sx": reference.matrix_of(Kind.SX, []),
    "sh": reference.matrix_of(Kind.H, []) @ reference.matrix_of(Kind.S, []),
    "hs": reference.matrix_of(Kind.S, []) @ reference.matrix_of(Kind.H, []),
    "x": reference.X,
    "y": reference.Y,
    "z": reference.Z,
    "cx": reference.controlled(reference.X, 1),
    "cz": reference.controlled(reference.Z, 1),
    "ecr": reference.matrix_of(Kind.ECR, []),
    "rzz": reference.matrix_of(Kind.RZZ, [math.pi / 2]),
}


@pytest.mark.parametrize("gate", sorted(groups.PAULI_PASSES))
def test_paulis_pass_gates(gate: str) -> None:
    check_passing(GATES[gate], groups.pauli_past(gate), np.array(PAULIS))


@pytest.mark.parametrize("gate", sorted(groups.CLIFFORD_PASSES))
def test_cliffords_pass_gates(gate: str) -> None:
    check_passing(GATES[gate], groups.clifford_past(gate), groups.CLIFFORDS)


def check_passing(gate: np.ndarray, table: np.ndarray, elements: np.ndarray) -> None:
    """G V = V' G, or there is no V' of one gate for each qubit."""
    qubits = table.shape[-1]
    for before in np.ndindex(table.shape[:-1]):
        matrix = _product([elements[k] for k in before])
        after = table[before]
        moved = gate @ matrix @ gate.conj().T
        if (after < 0).any():
            assert qubits == 2
            assert _rank(moved) > 1 or not any(
                same(moved, _product([a, b])) for a in elements for b in elements
            )
        else:
            assert same(_product([elements[k] for k in after]), moved)


def _product(matrices: list[np.ndarray]) -> np.ndarray:
    return matrices[0] if len(matrices) == 1 else np.kron(*matrices)


def _rank(matrix: np.ndarray) -> int:
    """How many products of one-qubit matrices it is a sum of."""
    apart = matrix.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
    return int(np.linalg.matrix_rank(apart, tol=1e-9))


# -- angles ---------------------------------------------------------------------------------------


def special() -> list[np.ndarray]:
    near = [reference.matrix_of(Kind.U, [1e-12, 0.3, 0.4]), reference.matrix_of(Kind.RX, [math.pi])]
    return [*groups.CLIFFORDS, *near, *Haar(1).sample(Draws(1, "x"), 1, 50)[0]]


@pytest.mark.parametrize("synthesis", ["RzSxSynth", "RzRxSynth"])
def test_angles_make_the_gate(synthesis: str) -> None:
    gates = np.array(special())[:, None] * np.exp(0.3j)
    found = angles(gates, synthesis)[:, 0]  # type: ignore[arg-type]
    assert ((found > -math.pi - 1e-12) & (found <= math.pi + 1e-12)).all()
    for gate, (a, b, c) in zip(gates[:, 0], found.tolist(), strict=True):
        rz = [reference.matrix_of(Kind.RZ, [angle]) for angle in (a, b, c)]
        sx = reference.matrix_of(Kind.SX, [])
        if synthesis == "RzSxSynth":
            made = rz[2] @ sx @ rz[1] @ sx @ rz[0]
        else:
            made = rz[2] @ reference.matrix_of(Kind.RX, [b]) @ rz[0]
        assert same(gate, made)


@pytest.mark.parametrize("synthesis", ["RzSxSynth", "RzRxSynth"])
def test_cliffords_are_quarter_turns_exactly(synthesis: str) -> None:
    """So that a twirled Clifford circuit is seen to be one."""
    found = angles(groups.CLIFFORDS[:, None], synthesis)  # type: ignore[arg-type]
    quarters = found / (math.pi / 2)
    np.testing.assert_array_equal(quarters, np.round(quarters))


# -- parts ----------------------------------------------------------------------------------------


def test_what_is_drawn_at_once_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several runs, which cut no round of a balanced draw, and repeat nothing."""
    drawn = case("balanced_rzrx")
    small = SamplexLimits(bytes=drawn.samplex.bytes * 9)
    monkeypatch.setattr(samplex_file, "DEFAULT_SAMPLEX_LIMITS", small)
    points, some = drawn.samplex._parts(2, 31)
    assert [(s.start, s.stop) for s in some] == [(0, 8), (8, 16), (16, 24), (24, 31)]
    assert [(s.start, s.stop) for s in points] == [(0, 1), (1, 2)]
    found = drawn.samplex.sample(drawn.inputs, 31, 4)
    assert found["measurement_flips.meas"].shape == (1, 31, 1, 3)
    assert len(np.unique(found["parameter_values"][0], axis=0)) > 25
    again = drawn.samplex.sample(drawn.inputs, 31, 4)
    for name, values in found.items():
        np.testing.assert_array_equal(values, again[name])


def test_points_of_a_sweep_are_drawn_apart() -> None:
    found = case("parameters")
    drawn = found.samplex.sample(found.inputs, 20, 4)["measurement_flips.meas"]
    assert drawn.shape == (2, 20, 1, 3)
    assert (drawn[0] != drawn[1]).any()
