from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from tests import reference
from tests.corpus import ghz
from tests.engines.prepass.circuits import circuits, cut, product, same, spread_out, with_params

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.engines.prepass.pieces import TOGETHER, connections, pieces
from ketway.engines.prepass.sheet import Sheet


@settings(max_examples=60, deadline=None)
@given(circuits())
def test_the_pieces_together_answer_as_the_whole(circuit: Circuit) -> None:
    for alone in (False, True):
        sheet = Sheet.of(circuit.structure)
        sheet = sheet.some(sheet.widths > 0)
        parts = [
            (reference.distribution(with_params(piece, circuit)), piece.bits.tolist())
            for piece in pieces(sheet, connections(sheet), alone=alone)
        ]
        same(product(parts), reference.distribution(circuit))


@settings(max_examples=15, deadline=None)
@given(circuits(qubits=3, gates=6))
def test_with_noise_too_idle_qubits_included(circuit: Circuit) -> None:
    sheet = Sheet.of(circuit.structure)
    sheet = sheet.some(sheet.widths > 0)
    parts = [
        (reference.noisy_distribution(with_params(piece, circuit), 0.1, 0.2, 0.1), piece.bits)
        for piece in pieces(sheet, connections(sheet), alone=True, idle=True)
    ]
    expected = reference.noisy_distribution(circuit, 0.1, 0.2, 0.1)
    same(product([(chances, bits.tolist()) for chances, bits in parts]), expected)


def test_idle_qubits_are_in_no_piece() -> None:
    b = Builder(6)
    b.add(Kind.H, [4])
    b.add(Kind.X, [1], controls=[4])
    (piece,) = cut(b.circuit())
    assert piece.structure.qubits == 2
    assert piece.bits.tolist() == [1, 4]


def test_small_parts_are_gathered_and_wide_ones_are_not() -> None:
    (whole,) = cut(spread_out(TOGETHER, 1))
    assert whole.structure.qubits == TOGETHER
    widths = [piece.structure.qubits for piece in cut(spread_out(2 * TOGETHER + 2, 1))]
    assert widths == [TOGETHER, TOGETHER, 2]
    (connected,) = cut(ghz(2 * TOGETHER))
    assert connected.structure.qubits == 2 * TOGETHER


def test_what_goes_on_after_a_measurement_is_by_itself() -> None:
    b = Builder(4, bits=4)
    for q in range(4):
        b.add(Kind.H, [q])
        b.add(Kind.MEASURE, [q, q])
    b.add(Kind.H, [2])
    b.add(Kind.MEASURE, [2, 3])
    found = cut(b.circuit())
    assert [piece.bits.tolist() for piece in found] == [[0, 1], [2, 3]]


def test_qubits_that_write_the_same_bit_are_connected() -> None:
    b = Builder(2, bits=1)
    b.add(Kind.X, [0])
    b.add(Kind.H, [1])
    b.add(Kind.MEASURE, [1, 0])
    b.add(Kind.MEASURE, [0, 0])
    (piece,) = cut(b.circuit())
    same(reference.distribution(Circuit(piece.structure, np.zeros(0))), {1: 1.0})


def test_nothing_at_all_is_still_a_circuit() -> None:
    for bits in (0, 3):
        b = Builder(3, bits=bits)
        if bits:
            b.add(Kind.MEASURE, [1, 2])
        (piece,) = cut(b.circuit())
        assert reference.distribution(Circuit(piece.structure, np.zeros(0))) == {0: 1.0}


def test_qubits_are_numbered_as_they_are_read() -> None:
    b = Builder(3, bits=3)
    for q in range(3):
        b.add(Kind.RY, [q], [0.3 + q])
    b.add(Kind.X, [0], controls=[1])
    b.add(Kind.X, [1], controls=[2])
    for q in range(3):
        b.add(Kind.MEASURE, [q, 2 - q])
    (piece,) = cut(b.circuit())
    structure = piece.structure
    measures = structure.operand_starts[:-1][structure.kinds == Kind.MEASURE]
    assert (structure.operands[measures] == structure.operands[measures + 1]).all()


def test_rows_keep_their_own_values() -> None:
    circuit = spread_out(2 * TOGETHER, 1)
    params = np.arange(3.0 * len(circuit.params)).reshape(3, -1)
    found = [piece.batch(Batch(circuit.structure, params)) for piece in cut(circuit)]
    for row in range(3):
        values = np.concatenate([batch.params[row] for batch in found])
        assert sorted(values.tolist()) == params[row].tolist()
