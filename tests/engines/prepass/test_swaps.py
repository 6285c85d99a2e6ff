from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from tests.corpus import qft
from tests.engines.prepass.circuits import circuits, same_answer, with_params

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.engines.prepass.sheet import Sheet
from ketway.engines.prepass.swaps import without_swaps


@settings(max_examples=40, deadline=None)
@given(circuits())
def test_renaming_changes_no_answer_and_leaves_no_swap(circuit: Circuit) -> None:
    reduced = without_swaps(Sheet.of(circuit.structure)).packed()
    kinds, controls = reduced.structure.kinds, reduced.structure.controls
    assert not ((kinds == Kind.SWAP) & (controls == 0)).any()
    same_answer(with_params(reduced, circuit), circuit)


def test_many_swaps_in_a_row_are_one_renaming() -> None:
    rng = np.random.default_rng(3)
    b = Builder(6, bits=8)
    for q in range(6):
        b.add(Kind.RY, [q], [0.3 * q + 0.2])
        for _ in range(5):
            b.add(Kind.SWAP, rng.choice(6, 2, replace=False).tolist())
        b.add(Kind.X, [q], controls=[(q + 1) % 6])
    for q in range(6):
        b.add(Kind.MEASURE, [q, 7 - q])
    circuit = b.circuit()
    same_answer(with_params(without_swaps(Sheet.of(circuit.structure)).packed(), circuit), circuit)


def test_a_fourier_transform_is_its_phases_and_hadamards() -> None:
    circuit = qft(5, 3)
    reduced = without_swaps(Sheet.of(circuit.structure)).packed()
    assert reduced.structure.gates == circuit.structure.gates - 2
    same_answer(with_params(reduced, circuit), circuit)


def test_without_swaps_nothing_is_copied() -> None:
    sheet = Sheet.of(qft(1).structure)
    assert without_swaps(sheet) is sheet
