"""Expressions as code, and what a structure with control may not be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.branches import value_of

from ketway.circuits import control
from ketway.circuits.circuit import Builder, Structure
from ketway.circuits.control import Op, bit_places, bits_read, check, depth
from ketway.circuits.gates import Kind


def conditional() -> Structure:
    b = Builder(2, bits=2, memory=1)
    b.add(Kind.MEASURE, [0, 0])
    jump = b.jump(control.bits([0]))
    b.assign([1, 2], [*control.bits([0, 2]), *control.number(1), Op.ADD])
    b.land(jump)
    b.add(Kind.X, [1])
    return b.circuit().structure


def test_a_structure_with_control_says_so() -> None:
    structure = conditional()
    check(structure)
    assert structure.has_control
    assert structure.has_events
    assert structure.measured
    assert structure.outcome_bits == 2
    assert structure.counts == (1, 0)
    assert structure.operands_of(1) == [0, 3]
    assert control.code_of(structure, 0) == [Op.BIT, 0]


def test_only_an_assignment_makes_bits_the_outcome_too() -> None:
    b = Builder(3, bits=1)
    b.assign([0], control.number(1))
    assert b.circuit().structure.outcome_bits == 1


def test_what_differs_in_control_differs_in_the_digest() -> None:
    structure = conditional()
    digests = {
        structure.digest,
        replace(structure, memory=2).digest,
        replace(structure, expressions=structure.expressions[::-1].copy()).digest,
    }
    assert len(digests) == 3


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_number_has_a_code(value: int) -> None:
    assert value_of(control.number(value), ()) == value % 2**64
    assert all(-(2**31) <= word < 2**31 for word in control.number(value))


def test_codes_know_their_bits() -> None:
    code = [*control.bits([4, 2]), *control.bits([7]), Op.LOW, 1, Op.ADD]
    assert list(bits_read(code)) == [4, 2, 7]
    assert [code[place] for place in bit_places(code)] == [4, 2, 7]
    assert depth(code) == 2


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ([Op.ADD], "lacks a value"),
        ([Op.BIT, 0, Op.BIT, 0], "leaves 2 values"),
        ([], "leaves 0 values"),
        ([Op.BITS], "takes 0 bits"),
        ([Op.BITS, 65, 0], "takes 65 bits"),
        ([Op.NUMBER, 1], "ends in the middle"),
        ([77], "77 is not a valid Op"),
    ],
)
def test_codes_that_are_none(code: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        depth(code)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (2, 5, "depends on nothing"),
        (2, -2, "depends on nothing"),
        (3, 5, "leaves it"),
        (3, -1, "leaves it"),
        (4, 3, "writes a bit"),
        (5, -1, "writes a bit"),
        (6, 2, "has no value"),
    ],
)
def test_operands_that_lead_nowhere(place: int, value: int, message: str) -> None:
    structure = conditional()
    operands = structure.operands.copy()
    operands[place] = value
    with pytest.raises(ValueError, match=message):
        check(replace(structure, operands=operands))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ([Op.BIT, 3], "reads a bit"),
        ([Op.BIT, -1], "reads a bit"),
        ([Op.BIT, 0, Op.LOW, 0], "keeps more bits"),
        ([Op.BIT, 0, Op.SIGNED, 65], "keeps more bits"),
        ([Op.BIT, 0] * 65 + [Op.OR] * 64, "nested too deeply"),
    ],
)
def test_expressions_that_no_engine_may_meet(code: list[int], message: str) -> None:
    bad = replace(
        conditional(),
        expressions=np.array([*code, Op.BIT, 0], dtype=np.int32),
        expression_starts=np.array([0, len(code), len(code) + 2], dtype=np.int32),
    )
    with pytest.raises(ValueError, match=message):
        check(bad)
