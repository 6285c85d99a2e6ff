from __future__ import annotations

import math

import numpy as np
import pytest
from tests import reference

from ketway.circuits.circuit import Builder
from ketway.circuits.gates import GATES, IONQ_NATIVE, IONQ_QIS, QASM, Gate, Kind, Matrices

WITH_MATRIX = [row for row in GATES.values() if row.matrices is not None]
RNG = np.random.default_rng(20260101)
ANGLES = np.concatenate(
    [
        RNG.uniform(-7, 7, size=(20, 3)),
        [[0, 0, 0], [math.pi, math.pi / 2, -math.pi]],
        [[0.25, 0.5, 0.25], [1e-9, -1e-9, 40 * math.pi]],
    ]
)


def matrices(row: Gate, params: np.ndarray) -> Matrices:
    assert row.matrices is not None
    return row.matrices(params[:, : row.params])


def up_to_phase(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(abs(abs(np.trace(a.conj().T @ b)) - len(a)) < 1e-9)


each = pytest.mark.parametrize("row", WITH_MATRIX, ids=lambda row: row.name)


def test_the_table_has_every_kind_once() -> None:
    assert set(GATES) == set(Kind)
    assert all(row.kind == kind for kind, row in GATES.items())
    assert len({row.name for row in GATES.values()}) == len(Kind)


def test_kinds_keep_the_numbers_that_stored_circuits_have() -> None:
    stored = [
        Kind.X, Kind.Y, Kind.Z, Kind.H, Kind.S, Kind.SDG, Kind.T, Kind.TDG, Kind.SX, Kind.SXDG,
        Kind.RX, Kind.RY, Kind.RZ, Kind.PHASE, Kind.U, Kind.SWAP, Kind.RXX, Kind.RYY, Kind.RZZ,
        Kind.GPI, Kind.GPI2, Kind.MS, Kind.ZZ, Kind.NOP, Kind.PAULIEXP, Kind.GLOBAL_PHASE,
        Kind.MEASURE, Kind.RESET,
    ]  # fmt: skip
    assert [int(kind) for kind in stored] == list(range(1, 29))
    assert set(stored) <= set(Kind)


@each
def test_matrices_are_unitary_and_of_the_stated_size(row: Gate) -> None:
    found = matrices(row, ANGLES)
    assert found.shape == (len(ANGLES), 2**row.targets, 2**row.targets)
    products = found @ found.conj().transpose(0, 2, 1)
    assert np.allclose(products, np.eye(2**row.targets), atol=1e-13)


@each
def test_matrices_are_those_of_the_documents(row: Gate) -> None:
    # The documents write the first target as the high digit, the table as the low one.
    order = {0: [0], 1: [0, 1], 2: [0, 2, 1, 3]}[row.targets]
    for params, found in zip(ANGLES, matrices(row, ANGLES), strict=True):
        documented = reference.matrix_of(row.kind, params.tolist())[np.ix_(order, order)]
        assert np.allclose(found, documented, atol=1e-12)


@each
def test_one_call_for_many_gates_is_many_calls_for_one(row: Gate) -> None:
    together = matrices(row, ANGLES)
    for i in range(len(ANGLES)):
        assert (matrices(row, ANGLES[i : i + 1])[0] == together[i]).all()
    assert matrices(row, ANGLES[:0]).shape[0] == 0


@each
def test_matrices_can_be_written_to(row: Gate) -> None:
    before = matrices(row, ANGLES[:1]).copy()
    matrices(row, ANGLES[:1])[:] = 0
    assert (matrices(row, ANGLES[:1]) == before).all()


@each
def test_inverse_is_said_exactly_where_it_holds(row: Gate) -> None:
    forward = matrices(row, ANGLES)
    identity = np.eye(2**row.targets)
    if row.inverse is not None:
        assert np.allclose(matrices(GATES[row.inverse], ANGLES) @ forward, identity, atol=1e-12)
        assert GATES[row.inverse].inverse == row.kind
    negated = matrices(row, -ANGLES) @ forward
    assert row.negated == (bool(row.params) and np.allclose(negated, identity, atol=1e-12))


@each
def test_diagonal_is_said_exactly_where_it_holds(row: Gate) -> None:
    found = matrices(row, ANGLES)
    off = found * (1 - np.eye(2**row.targets))
    assert row.diagonal == bool(np.allclose(off, 0, atol=1e-14))


@each
def test_clifford_is_said_exactly_where_it_holds(row: Gate) -> None:
    paulis: list[np.ndarray] = [np.ones((1, 1))]
    for _ in range(row.targets):
        paulis = [np.kron(a, b) for a in paulis for b in reference.PAULIS]
    always = all(
        any(up_to_phase(other, matrix @ pauli @ matrix.conj().T) for other in paulis)
        for matrix in matrices(row, ANGLES)
        for pauli in paulis
    )
    assert row.clifford == always


def test_pauli_exponentials_are_undone_by_negated_parameters() -> None:
    b = Builder(3)
    b.add_pauliexp([0, 1, 2], ["XYZ", "ZZI"], [0.3, -0.7])
    b.add_pauliexp([0, 1, 2], ["XYZ", "ZZI"], [-0.3, 0.7])
    assert np.allclose(reference.unitary_of(b.circuit()), np.eye(8), atol=1e-12)


def test_vendors_names_lead_to_their_rows() -> None:
    # ionq-api.md, section 4: the gates of the two gate sets, but for `pauliexp`'s own format.
    qis = {
        "x", "y", "z", "rx", "ry", "rz", "h", "s", "si", "v", "vi", "t", "ti", "not", "cnot",
        "swap", "xx", "yy", "zz", "pauliexp",
    }  # fmt: skip
    assert set(IONQ_QIS) == qis
    assert set(IONQ_NATIVE) == {"gpi", "gpi2", "ms", "zz", "nop"}
    for names, field in ((IONQ_QIS, "ionq_qis"), (IONQ_NATIVE, "ionq_native"), (QASM, "qasm")):
        assert all(name in getattr(row, field) for name, row in names.items())
    assert IONQ_QIS["v"].kind == Kind.SX
    assert IONQ_QIS["zz"].kind == Kind.RZZ
    assert IONQ_NATIVE["zz"].kind == Kind.ZZ
    assert {row.kind for row in IONQ_NATIVE.values()} == {k for k, r in GATES.items() if r.native}
