"""Circuits that give a pre-pass something to do, and the distributions that must not change."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import strategies as st
from tests import reference
from tests.corpus import PARAMS

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.engines.prepass.pieces import Piece, connections, pieces
from ketway.engines.prepass.sheet import Reduced, Sheet

_ONE = (Kind.X, Kind.Y, Kind.Z, Kind.H, Kind.T, Kind.SX, Kind.RX, Kind.RZ, Kind.PHASE, Kind.GPI)
_TWO = (Kind.SWAP, Kind.RXX, Kind.RZZ, Kind.MS)


@st.composite
def circuits(draw: st.DrawFn, qubits: int = 4, gates: int = 14, events: bool = True) -> Circuit:
    """Few gates on each qubit: idle qubits, unconnected parts, gates that nobody sees; with
    measurements and resets anywhere, bits written twice and bits never written."""
    n = draw(st.integers(1, qubits))
    measured = events and draw(st.booleans())
    b = Builder(n, bits=draw(st.integers(1, n + 1)) if measured else 0)
    choices = ["one", "held", "cx", "two", "exponential", "nothing"]
    choices += ["reset"] * events + ["measure"] * measured
    for what in draw(st.lists(st.sampled_from(choices), max_size=gates)):
        qs = draw(st.permutations(range(n)))
        _add(b, what, qs, draw)
    if measured and Kind.MEASURE not in b.kinds:
        b.add(Kind.MEASURE, [0, 0])
    return b.circuit()


def _add(b: Builder, what: str, qs: Sequence[int], draw: st.DrawFn) -> None:
    if what == "measure":
        b.add(Kind.MEASURE, [qs[0], draw(st.integers(0, b.bits - 1))])
    elif what == "reset":
        b.add(Kind.RESET, [qs[0]])
    elif what == "nothing":
        b.add(Kind.NOP, [qs[0]])
        b.add(Kind.GLOBAL_PHASE, [], [0.3])
        b.add(Kind.GLOBAL_PHASE, [], [0.7], controls=qs[:1])
    elif what == "one" or len(qs) < 2:
        kind = draw(st.sampled_from(_ONE))
        b.add(kind, [qs[0]], _angles(kind, draw))
    elif what == "cx":
        b.add(Kind.X, [qs[0]], controls=[qs[1]])
    elif what == "held":
        kind = draw(st.sampled_from(_ONE))
        b.add(kind, [qs[0]], _angles(kind, draw), controls=qs[1 : draw(st.integers(2, len(qs)))])
    elif what == "two":
        kind = draw(st.sampled_from(_TWO))
        held = qs[2:3] if draw(st.booleans()) else []
        b.add(kind, qs[:2], _angles(kind, draw), controls=held)
    else:
        letters = draw(st.text(draw(st.sampled_from(["IXYZ", "IZ"])), min_size=2, max_size=2))
        b.add_pauliexp(qs[:2], [letters, "ZI"], [0.4, 1.1])


def _angles(kind: Kind, draw: st.DrawFn) -> list[float]:
    angles = st.sampled_from([0.3, math.pi / 2, 1.9, -0.7])
    return [draw(angles) for _ in range(PARAMS.get(kind, 0))]


def with_params(reduced: Reduced, circuit: Circuit) -> Circuit:
    return Circuit(reduced.structure, circuit.params[reduced.columns])


def cut(circuit: Circuit) -> tuple[Piece, ...]:
    """The pieces of a circuit, by no other pass."""
    sheet = Sheet.of(circuit.structure)
    sheet = sheet.some(sheet.widths > 0)
    return pieces(sheet, connections(sheet))


def product(parts: Sequence[tuple[dict[int, float], Sequence[int]]]) -> dict[int, float]:
    """The distribution of independent ones, bit j of each at its `places[j]`."""
    whole = {0: 1.0}
    for chances, places in parts:
        moved = {
            sum((outcome >> j & 1) << bit for j, bit in enumerate(places)): p
            for outcome, p in chances.items()
        }
        whole = {a | b: p * q for a, p in whole.items() for b, q in moved.items()}
    return whole


def same(found: dict[int, float], expected: dict[int, float]) -> None:
    for outcome in found.keys() | expected.keys():
        assert found.get(outcome, 0) == pytest.approx(expected.get(outcome, 0), abs=1e-10)


def same_answer(found: Circuit, circuit: Circuit) -> None:
    assert found.structure.outcome_bits == circuit.structure.outcome_bits
    same(reference.distribution(found), reference.distribution(circuit))


def spread_out(qubits: int, seed: int) -> Circuit:
    """Pairs of neighbours, entangled by angles of their own: as many pieces as pairs."""
    rng = np.random.default_rng(seed)
    b = Builder(qubits)
    for q in range(qubits):
        b.add(Kind.RY, [q], rng.uniform(0, math.pi, 1))
    for q in range(0, qubits - 1, 2):
        b.add(Kind.X, [q + 1], controls=[q])
        b.add(Kind.RX, [q], rng.uniform(0, math.pi, 1))
    return b.circuit()
