"""Circuits in native gates have the outcomes of those they were made from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import reference
from tests.circuits.formats import writers
from tests.circuits.formats.circuits import CIRCUITS
from tests.corpus import PARAMS, UNITARY_KINDS, qft, random_circuit, vqe

from ketway.circuits.circuit import Batch, Builder, Circuit, Register
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.ionq import write_native
from ketway.circuits.qasm import read_qasm
from ketway.compile import LEVELS, USUAL, Entangler, compile_batch, to_native
from ketway.jobs.failures import Code, FailedError

PULSES = {Kind.GPI, Kind.GPI2}


def interactions(circuit: Circuit) -> int:
    return sum(kind in (Kind.MS, Kind.ZZ) for kind in circuit.structure.kinds)


def check(circuit: Circuit, entangler: Entangler) -> Circuit:
    """At every level its unitary too, up to the names of qubits at the beginning, and up to what
    only turns about Z at the end, which no measurement sees."""
    found = [_check(circuit, entangler, level) for level in LEVELS]
    counts = [interactions(native) for native in found]
    assert counts == sorted(counts, reverse=True)
    return found[USUAL]


def _check(circuit: Circuit, entangler: Entangler, level: int) -> Circuit:
    one = Batch(circuit.structure, circuit.params[None, :])
    batch, began = compile_batch(one, entangler, level)
    native = Circuit(batch.structure, batch.params[0])
    kinds = {Kind(kind) for kind in native.structure.kinds}
    assert kinds <= PULSES | {Kind.MS if entangler == "ms" else Kind.ZZ}
    assert not native.structure.controls.any()
    found, wanted = reference.unitary_of(native), reference.unitary_of(circuit)
    states = np.arange(len(wanted))
    places = sum(((states >> was) & 1) << now for now, was in enumerate(began))
    found = found[:, places]
    turned = found @ wanted.conj().T
    assert np.allclose(np.abs(turned), np.eye(len(turned)), atol=1e-9)
    _angles_of_a_machine(native)
    return native


def _angles_of_a_machine(native: Circuit) -> None:
    for row in write_native(native)["circuit"]:
        if row["gate"] == "ms":
            assert 0 < row.get("angle", 0.25) <= 0.25 + 1e-12
        if row["gate"] == "zz":
            assert 0 < abs(row["angle"]) <= 0.25 + 1e-12
        for phase in row.get("phases", [row.get("phase", 0)]):
            assert -0.5 <= phase <= 0.5


@pytest.mark.parametrize("entangler", ["ms", "zz"])
@pytest.mark.parametrize("kind", [k for k in UNITARY_KINDS if k != Kind.PAULIEXP])
@pytest.mark.parametrize("controls", [0, 1, 2, 3])
def test_every_gate(kind: Kind, controls: int, entangler: Entangler) -> None:
    if kind == Kind.ECR and controls:
        with pytest.raises(FailedError, match="compiled"):
            to_native(_gate(kind, controls), entangler)
        return
    check(_gate(kind, controls), entangler)


def _gate(kind: Kind, controls: int) -> Circuit:
    width = max(1, controls + GATES[kind].targets)
    b = Builder(width)
    values = [0.37, -1.9, 2.6][: PARAMS.get(kind, 0)]
    if kind in (Kind.MS, Kind.ZZ):
        values[-1:] = [0.17]
    b.add(kind, range(controls, controls + GATES[kind].targets), values, range(controls))
    return b.circuit()


@pytest.mark.parametrize("entangler", ["ms", "zz"])
@pytest.mark.parametrize("seed", range(12))
def test_random_circuits(seed: int, entangler: Entangler) -> None:
    kinds = [k for k in UNITARY_KINDS if k not in (Kind.PAULIEXP, Kind.ECR)]
    check(random_circuit(4, 40, seed, kinds, controls=2), entangler)


@pytest.mark.parametrize("entangler", ["ms", "zz"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_the_circuits_of_every_format(name: str, entangler: Entangler) -> None:
    text = writers.qasm3(CIRCUITS[name]).rpartition("bit[")[0]
    check(read_qasm(text), entangler)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10), st.sampled_from(["ms", "zz"]),
    st.integers(0, 2),
)  # fmt: skip
def test_any_turn(
    theta: float, phi: float, lam: float, entangler: Entangler, controls: int
) -> None:
    b = Builder(3)
    b.add(Kind.U, (2,), (theta, phi, lam), range(2 - controls, 2))
    b.add(Kind.RZZ, (0, 2), (theta + phi,))
    check(b.circuit(), entangler)


@pytest.mark.parametrize("entangler", ["ms", "zz"])
@pytest.mark.parametrize("controls", [0, 1, 2])
def test_exponentials_of_terms_that_commute(entangler: Entangler, controls: int) -> None:
    for terms in (["XX", "YY", "ZZ"], ["XYZ"], ["IXI", "IIZ"], ["ZIZ", "III", "ZZI"], ["Y"]):
        width = len(terms[0])
        b = Builder(width + controls)
        values = [0.3 + 0.4 * k for k in range(len(terms))]
        b.add_pauliexp(range(controls, controls + width), terms, values, range(controls))
        check(b.circuit(), entangler)


def test_terms_that_do_not_commute_are_refused() -> None:
    b = Builder(1)
    b.add_pauliexp((0,), ["X", "Z"], (0.1, 0.2))
    with pytest.raises(FailedError, match="Trotter") as caught:
        to_native(b.circuit(), "ms")
    assert caught.value.failure.code is Code.UNSUPPORTED_GATE
    assert caught.value.failure.gate == 0


def test_what_happens_while_a_circuit_runs_is_refused() -> None:
    middle = 'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[2] c; '
    for text, gate in (
        ("h q[0]; c[0] = measure q[0]; h q[1]; x q[0];", 1),
        ("h q[0]; reset q[0];", 1),
        ("h q[0]; c[0] = measure q[0]; if (c[0]) { x q[1]; }", 2),
    ):
        with pytest.raises(FailedError, match=rf"^Gate {gate} .*read at its end"):
            to_native(read_qasm(middle + text), "zz")


def test_a_measurement_at_the_end_is_no_gate() -> None:
    text = 'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[2] c; '
    text += "h q[0]; c[1] = measure q[0]; ry(0.4) q[1]; c[0] = measure q[1];"
    assert to_native(read_qasm(text), "zz").structure.gates == 3


def test_how_many_interactions_it_takes() -> None:
    """One for each gate with one control, 5 for Toffoli's, 2^(k + 1) - 3 for k controls."""
    for controls, wanted in ((0, 0), (1, 1), (2, 5), (3, 13), (7, 253)):
        for kind in (Kind.X, Kind.Z, Kind.H, Kind.T):
            assert interactions(to_native(_gate(kind, controls), "zz")) == wanted
    assert interactions(to_native(qft(8), "zz")) == 8 * 7 // 2 + 3 * 4  # phases, and swaps
    assert interactions(to_native(_gate(Kind.SWAP, 0), "ms")) == 3


def test_neighbours_are_one() -> None:
    b = Builder(2)
    for angle in (0.5, 0.25):
        b.add(Kind.RZZ, (0, 1), (angle,))
        b.add(Kind.T, (0,))
    b.add(Kind.RZZ, (1, 0), (-0.75,))
    b.add(Kind.H, (0,))
    b.add(Kind.H, (0,))
    assert to_native(b.circuit(), "zz").structure.gates == 0
    b.add(Kind.X, (1,), (), (0,))
    b.add(Kind.X, (1,), (), (0,))
    assert interactions(to_native(b.circuit(), "ms")) == 0


def test_turns_about_z_cost_no_pulse() -> None:
    b = Builder(1)
    b.add(Kind.H, (0,))
    b.add(Kind.RZ, (0,), (0.3,))
    b.add(Kind.H, (0,))
    native = to_native(b.circuit(), "ms")
    assert native.structure.gates <= 2
    assert reference.distribution(native)[0] == pytest.approx(math.cos(0.15) ** 2)


def test_registers_of_qubits_stay() -> None:
    b = Builder(2)
    b.add(Kind.H, (0,))
    circuit = b.circuit((Register("m", (1, 0)),))
    assert to_native(circuit, "zz").registers == circuit.registers


def test_a_large_one() -> None:
    circuit = vqe(12)
    assert interactions(to_native(circuit, "zz")) <= circuit.structure.counts[1]
