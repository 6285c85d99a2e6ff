"""Energies against dense matrices: Hamiltonians, constraints, CVaR, shots and noise."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from tests.routines.making import runner as runner_with

from ketway.devices.noise import NoiseModel
from ketway.jobs.failures import FailedError
from ketway.routines.ionq.quantum_function import QUANTUM_FUNCTION
from ketway.routines.runner import Runner

ANSATZ = """OPENQASM 3.0;
include "stdgates.inc";
input float a;
input float b;
input float c;
qubit[3] q;
ry(a) q[0];
rx(b) q[1];
h q[2];
cx q[0], q[2];
rz(c) q[2];
ry(2 * a - c) q[2];
"""
POINT = [0.7, -1.1, 0.4]
PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def on(gate: Any, qubit: int) -> Any:
    """Qubit 0 is the last factor."""
    factors = [np.eye(2)] * 3
    factors[2 - qubit] = gate
    return np.kron(np.kron(factors[0], factors[1]), factors[2])


def turn(letter: str, angle: float) -> Any:
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * PAULIS[letter]


def state(a: float, b: float, c: float) -> Any:
    zero, one = np.diag([1, 0]), np.diag([0, 1])
    cx = on(zero, 0) + on(one, 0) @ on(PAULIS["X"], 2)
    hadamard = (PAULIS["X"] + PAULIS["Z"]) / np.sqrt(2)
    psi = np.zeros(8, complex)
    psi[0] = 1
    for gate in (
        on(turn("Y", a), 0), on(turn("X", b), 1), on(hadamard, 2), cx,
        on(turn("Z", c), 2), on(turn("Y", 2 * a - c), 2),
    ):  # fmt: skip
        psi = gate @ psi
    return psi


def matrix(terms: dict[str, float]) -> Any:
    total = np.zeros((8, 8), complex)
    for label, coefficient in terms.items():
        one = np.eye(1)
        for letter in label:
            one = np.kron(one, PAULIS[letter])
        total = total + coefficient * one
    return total


def asked(terms: dict[str, float], shots: int = 1000, **more: Any) -> bytes:
    data = {
        "hamiltonian": [{"pauli_string": k, "coefficient": v} for k, v in terms.items()],
        "ansatz": {"data": more.pop("ansatz", ANSATZ)},
    }
    params = more.pop("params", POINT)
    given = {"data": {"type": "hamiltonian-energy", "data": {**data, **more}}, "params": params}
    return json.dumps({"input": given, "shots": shots}).encode()


def answer(params: bytes, runner: Runner | None = None) -> tuple[float, float]:
    inputs = QUANTUM_FUNCTION.read(params)
    found = QUANTUM_FUNCTION.run(inputs, runner or runner_with())
    return found.value, found.variance


ZS = {"ZII": 0.5, "IZZ": -1.25, "III": 0.3, "ZZZ": 0.8}
MIXED = {"XXI": 0.4, "IYZ": -0.7, "ZIZ": 1.1, "IIX": 0.2, "III": -0.6, "ZII": 0.9}


@pytest.mark.parametrize("terms", [ZS, MIXED, {"III": 2.0}, {"YYX": 1.0}])
def test_the_energy_is_exact(terms: dict[str, float]) -> None:
    psi = state(*POINT)
    value, variance = answer(asked(terms))
    assert value == pytest.approx((psi.conj() @ matrix(terms) @ psi).real, abs=1e-12)
    assert variance >= 0


def test_the_variance_is_that_of_outcomes() -> None:
    psi, ham = state(*POINT), matrix(ZS)
    mean = (psi.conj() @ ham @ psi).real
    square = (psi.conj() @ ham @ ham @ psi).real
    assert answer(asked(ZS))[1] == pytest.approx(square - mean**2, abs=1e-12)


def test_terms_that_repeat_add_up() -> None:
    terms = [{"pauli_string": "ZII", "coefficient": 0.25}] * 2
    given = json.loads(asked({"ZII": 0.5}))
    given["input"]["data"]["data"]["hamiltonian"] = terms
    assert answer(json.dumps(given).encode()) == pytest.approx(answer(asked({"ZII": 0.5})))


LINEAR = [{"coeffs": [1, 2, -1], "rhs": 0.5}, {"coeffs": [-1, 0, 1], "rhs": 0}]
QUADRATIC = [
    {
        "quadratic_coeff": [[1, 2, 0], [0, 0, 1], [0, 3, 0]],
        "linear_coeff": [0, -1, 1],
        "rhs": 0.25,
    }
]


def penalised(terms: dict[str, float], penalty: float) -> Any:
    """Of each outcome, as IonQ's SDK defines violations (ionq/problems/quadratic.py)."""
    energies = np.diag(matrix(terms)).real.copy()
    for outcome, bits in enumerate(itertools.product((0, 1), repeat=3)):
        x = np.array(bits[::-1], float)
        for one in LINEAR:
            energies[outcome] += penalty * max(0, np.dot(one["coeffs"], x) - one["rhs"])
        for form in QUADRATIC:
            left = x @ np.array(form["quadratic_coeff"]) @ x + np.dot(form["linear_coeff"], x)
            energies[outcome] += penalty * max(0, left - form["rhs"])
    return energies


CONSTRAINED = {"linear_constraints": LINEAR, "quadratic_constraints": QUADRATIC, "penalty": 10}


def test_outcomes_that_break_constraints_cost_more() -> None:
    odds = np.abs(state(*POINT)) ** 2
    energies = penalised(ZS, 10)
    assert answer(asked(ZS, **CONSTRAINED)) == pytest.approx(
        (odds @ energies, odds @ energies**2 - (odds @ energies) ** 2), abs=1e-10
    )


def test_a_penalty_comes_to_a_hamiltonian_in_any_basis() -> None:
    psi = state(*POINT)
    odds = np.abs(psi) ** 2
    mean = (psi.conj() @ matrix(MIXED) @ psi).real
    wanted = mean + odds @ penalised({"III": 0.0}, 10)
    assert answer(asked(MIXED, **CONSTRAINED))[0] == pytest.approx(wanted, abs=1e-10)
    only_x = (psi.conj() @ matrix({"XXX": 1.0}) @ psi).real
    found = answer(asked({"XXX": 1.0}, **CONSTRAINED))[0]
    assert found == pytest.approx(only_x + odds @ penalised({"III": 0.0}, 10), abs=1e-10)


@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.77, 1.0])
@pytest.mark.parametrize("more", [{}, CONSTRAINED])
def test_cvar_is_the_mean_of_the_lowest(alpha: float, more: dict[str, Any]) -> None:
    odds = np.abs(state(*POINT)) ** 2
    energies = penalised(ZS, 10 if more else 0)
    left, total = alpha, 0.0
    for outcome in np.argsort(energies):
        taken = min(left, odds[outcome])
        total += taken * energies[outcome]
        left -= taken
    found = answer(asked(ZS, cvar_alpha=alpha, **more))[0]
    assert found == pytest.approx(total / alpha, abs=1e-10)


@pytest.mark.parametrize("more", [{}, CONSTRAINED, {"cvar_alpha": 0.4}])
def test_shots_say_the_same_on_a_machine_with_hardly_any_noise(more: dict[str, Any]) -> None:
    faint = runner_with(NoiseModel(name="faint", one_qubit=1e-9, two_qubit=0.0))
    exact, variance = answer(asked(ZS, **more))
    found, spread = answer(asked(ZS, shots=200_000, **more), faint)
    error = np.sqrt(variance / 200_000 / more.get("cvar_alpha", 1))
    assert abs(found - exact) < 6 * error + 1e-6
    assert spread == pytest.approx(variance, rel=0.05)


def test_shots_of_several_bases_say_the_same() -> None:
    faint = runner_with(NoiseModel(name="faint", one_qubit=1e-9, two_qubit=0.0))
    exact, variance = answer(asked(MIXED))
    found, spread = answer(asked(MIXED, shots=200_000), faint)
    assert abs(found - exact) < 6 * np.sqrt(variance / 200_000)
    assert spread == pytest.approx(variance, rel=0.05)


def test_noise_shrinks_what_is_read() -> None:
    """A depolarised qubit of one gate: its Z shrinks by the rate."""
    ansatz = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; x q[0];'
    noise = NoiseModel(name="loud", one_qubit=0.2, two_qubit=0.0)
    given = asked({"Z": 1.0}, shots=400_000, ansatz=ansatz, params=[])
    value, _ = answer(given, runner_with(noise))
    assert value == pytest.approx(-0.8, abs=0.01)


def test_measurements_at_the_end_are_left_out() -> None:
    measured = ANSATZ + "bit[3] read; read = measure q;\n"
    assert answer(asked(MIXED, ansatz=measured)) == pytest.approx(answer(asked(MIXED)), abs=1e-12)


def test_the_library_of_gates_is_there_unasked() -> None:
    bare = ANSATZ.replace('include "stdgates.inc";\n', "")
    assert answer(asked(MIXED, ansatz=bare)) == answer(asked(MIXED))
    with pytest.raises(FailedError, match="no gate `other`"):
        answer(asked(MIXED, ansatz=bare + "other q[0];"))


def test_many_qubits_are_exact_too() -> None:
    """From 21 on outcomes are not listed any more; the energy is exact still."""
    gates = "".join(f"ry(0.3 + 0.1 * {k}) q[{k}];\n" for k in range(22))
    ansatz = f'OPENQASM 3.0; include "stdgates.inc"; qubit[22] q;\n{gates}'
    label = "Z" + "I" * 20 + "Z"
    value, variance = answer(asked({label: 1.0}, ansatz=ansatz, params=[]))
    wanted = np.cos(0.3) * np.cos(0.3 + 2.1)
    assert value == pytest.approx(wanted, abs=1e-12)
    assert variance == pytest.approx(1 - wanted**2, abs=0.1)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "too few letters": ({"terms": {"ZZ": 1.0}}, "hamiltonian[0].pauli_string"),
    "another letter": ({"terms": {"ZZQ": 1.0}}, "hamiltonian[0].pauli_string"),
    "no terms": ({"terms": {}}, "hamiltonian: there is no term"),
    "too few values": ({"params": [1.0]}, "input.params"),
    "no program": ({"ansatz": "h q[0]"}, "ansatz"),
    "a reset": ({"ansatz": 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; h q; reset q; h q;',
                 "params": []}, "only prepares a state"),
    "no share": ({"cvar_alpha": 0}, "cvar_alpha"),
    "a share above 1": ({"cvar_alpha": 1.5}, "cvar_alpha"),
    "a share of several bases": ({"terms": MIXED, "cvar_alpha": 0.5}, "needs 2"),
    "a constraint on two qubits": (
        {"linear_constraints": [{"coeffs": [1, 2], "rhs": 1}], "penalty": 1},
        "linear_constraints[0].coeffs: there are 2 entries"),
    "a form that is not square": (
        {"quadratic_constraints": [{"quadratic_coeff": [[1, 2, 3], [1], [1, 2, 3]],
                                    "linear_coeff": [0, 0, 0], "rhs": 1}], "penalty": 1},
        "quadratic_coeff[1]"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_means_nothing_is_refused_where_it_stands(name: str) -> None:
    given, said = REFUSED[name]
    given = dict(given)
    with pytest.raises(FailedError) as caught:
        QUANTUM_FUNCTION.read(asked(given.pop("terms", ZS), **given))
    assert said in caught.value.failure.message
