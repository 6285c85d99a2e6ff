"""Boxes one by one, from what the client of the noise learner wrote (`make_boxes.py`)."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from ketway.circuits.circuit import Builder
from ketway.circuits.gates import Kind
from ketway.circuits.qpy import QpyError, read_qpy
from ketway.circuits.qpy.boxes import read_boxes
from ketway.circuits.qpy.library import STANDARD
from ketway.circuits.qpy.limits import Limits
from ketway.circuits.qpy.writing import write_qpy

FILES = {
    version: base64.b64decode(text)
    for version, text in json.loads(Path(__file__).with_name("boxes.json").read_text()).items()
}


@pytest.mark.parametrize("version", ["16", "17", "18"])
def test_qubits_are_those_of_the_register(version: str) -> None:
    """The envelope has the qubits 7, 5 and 8 of the machine alone, in this order."""
    gates, readings = read_boxes(FILES[version])
    assert gates.qubits == (5, 7, 8)
    structure = gates.template.structure
    assert structure.kinds.tolist() == [Kind.SX, Kind.Z]
    assert [structure.operands_of(gate) for gate in range(2)] == [[5], [5, 7]]
    assert readings.qubits == (5, 7)
    structure = readings.template.structure
    assert [structure.operands_of(gate) for gate in range(2)] == [[7, 1], [5, 0]]


def test_what_is_no_box() -> None:
    with pytest.raises(QpyError, match=r"instruction 0 \(`CZGate`\): it is no box"):
        read_boxes(FILES["13"])
    with pytest.raises(QpyError, match="It has 9 qubits, and at most 8 are read"):
        read_boxes(FILES["17"], Limits(qubits=8))


def test_no_bytes_do_harm() -> None:
    """Truncated anywhere, or with any byte at its largest."""
    whole = FILES["17"]
    some = bytearray(whole)
    for place in range(len(whole)):
        kept, some[place] = some[place], 0xFF
        for data in (whole[:place], bytes(some)):
            try:
                read_boxes(data, Limits(work=20_000, instructions=5_000))
            except QpyError as error:
                assert error.message
        some[place] = kept


# -- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row", {(r.kind, r.controls) for r in STANDARD.values() if r.controls >= 0}
)
def test_gates_are_written_as_they_are_read(row: tuple[Kind, int]) -> None:
    kind, controls = row
    if kind is Kind.GLOBAL_PHASE:
        return
    builder = Builder(6)
    targets = 2 if kind in (Kind.SWAP, Kind.RXX, Kind.RYY, Kind.RZZ, Kind.ECR) else 1
    angles = {Kind.U: 3, **dict.fromkeys((Kind.RX, Kind.RY, Kind.RZ, Kind.PHASE), 1)}
    angles |= dict.fromkeys((Kind.RXX, Kind.RYY, Kind.RZZ), 1)
    params = np.linspace(0.1, 0.9, angles.get(kind, 0))
    builder.add(kind, [5, 2][:targets], params, [4, 0, 3, 1][:controls])
    made = builder.circuit()
    (found,) = read_qpy(write_qpy(made))
    assert found.structure.digest == made.structure.digest
    np.testing.assert_array_equal(found.circuit().params, made.params)


def test_a_phase_is_written() -> None:
    builder = Builder(1)
    builder.add(Kind.GLOBAL_PHASE, [], [0.5])
    builder.add(Kind.X, [0])
    builder.add(Kind.GLOBAL_PHASE, [], [0.25])
    (found,) = read_qpy(write_qpy(builder.circuit()))
    assert found.structure.kinds.tolist() == [Kind.X, Kind.GLOBAL_PHASE]
    assert found.circuit().params.tolist() == [0.75]
