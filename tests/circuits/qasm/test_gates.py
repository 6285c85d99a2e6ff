"""What every gate of the libraries does, against formulas written from the specification.

Matrices here have the first operand as their low digit, as circuits do.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests import reference

from ketway.circuits.qasm import read_qasm

Array = NDArray[Any]

X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
H = (X + Z) / math.sqrt(2)
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
SWAP = np.eye(4, dtype=complex)[[0, 2, 1, 3]]

ANGLES = (0.7, -1.1, 2.3, 0.4)


def p(angle: float) -> Array:
    return np.diag([1, cmath.exp(1j * angle)])


def rotation(pauli: Array, angle: float) -> Array:
    unit = np.eye(len(pauli))
    result: Array = math.cos(angle / 2) * unit - 1j * math.sin(angle / 2) * pauli
    return result


def u(theta: float, phi: float, lam: float) -> Array:
    """The matrix of OpenQASM 2 and Qiskit: real in its first corner."""
    return p(phi) @ rotation(Y, theta) @ p(lam)


def u_of_3(theta: float, phi: float, lam: float) -> Array:
    """The matrix in the specification of OpenQASM 3, element by element."""
    turn = cmath.exp(1j * theta)
    return 0.5 * np.array(
        [
            [1 + turn, -1j * cmath.exp(1j * lam) * (1 - turn)],
            [1j * cmath.exp(1j * phi) * (1 - turn), cmath.exp(1j * (phi + lam)) * (1 + turn)],
        ]
    )


def controlled(matrix: Array, *polarities: int) -> Array:
    """The matrix where each control, the first operands, has its polarity."""
    controls = len(polarities)
    wanted = sum(on << place for place, on in enumerate(polarities))
    out = np.eye(len(matrix) << controls, dtype=complex)
    places = [i for i in range(len(out)) if i & ((1 << controls) - 1) == wanted]
    out[np.ix_(places, places)] = matrix
    return out


def rccx() -> Array:
    """Margolus' gate: a Toffoli but for the signs."""
    out = np.eye(8, dtype=complex)
    out[5, 5] = -1
    out[3, 3] = out[7, 7] = 0
    out[3, 7], out[7, 3] = -1j, 1j
    return out


def rc3x() -> Array:
    out = np.eye(16, dtype=complex)
    out[3, 3], out[11, 11] = 1j, -1j
    out[7, 7] = out[15, 15] = 0
    out[7, 15], out[15, 7] = 1, -1
    return out


PLAIN: dict[str, tuple[int, Array]] = {
    "x": (1, X),
    "y": (1, Y),
    "z": (1, Z),
    "h": (1, H),
    "s": (1, p(math.pi / 2)),
    "sdg": (1, p(-math.pi / 2)),
    "t": (1, p(math.pi / 4)),
    "tdg": (1, p(-math.pi / 4)),
    "sx": (1, SX),
    "sxdg": (1, SX.conj()),
    "id": (1, np.eye(2)),
    "p(0.7)": (1, p(0.7)),
    "u1(0.7)": (1, p(0.7)),
    "rx(0.7)": (1, rotation(X, 0.7)),
    "ry(0.7)": (1, rotation(Y, 0.7)),
    "rz(0.7)": (1, rotation(Z, 0.7)),
    "u(0.7, -1.1, 2.3)": (1, u(0.7, -1.1, 2.3)),
    "cx": (2, controlled(X, 1)),
    "CX": (2, controlled(X, 1)),
    "cy": (2, controlled(Y, 1)),
    "cz": (2, controlled(Z, 1)),
    "ch": (2, controlled(H, 1)),
    "csx": (2, controlled(SX, 1)),
    "cp(0.7)": (2, controlled(p(0.7), 1)),
    "cu1(0.7)": (2, controlled(p(0.7), 1)),
    "crx(0.7)": (2, controlled(rotation(X, 0.7), 1)),
    "cry(0.7)": (2, controlled(rotation(Y, 0.7), 1)),
    "crz(0.7)": (2, controlled(rotation(Z, 0.7), 1)),
    "cu3(0.7, -1.1, 2.3)": (2, controlled(u(0.7, -1.1, 2.3), 1)),
    "cu(0.7, -1.1, 2.3, 0.4)": (2, controlled(cmath.exp(0.4j) * u(0.7, -1.1, 2.3), 1)),
    "swap": (2, SWAP),
    "rxx(0.7)": (2, rotation(np.kron(X, X), 0.7)),
    "ryy(0.7)": (2, rotation(np.kron(Y, Y), 0.7)),
    "rzz(0.7)": (2, rotation(np.kron(Z, Z), 0.7)),
    "ccx": (3, controlled(X, 1, 1)),
    "cswap": (3, controlled(SWAP, 1)),
    "rccx": (3, rccx()),
    "c3x": (4, controlled(X, 1, 1, 1)),
    "c3sqrtx": (4, controlled(SX, 1, 1, 1)),
    "rc3x": (4, rc3x()),
    "c4x": (5, controlled(X, 1, 1, 1, 1)),
}
"""Gates that mean the same in both libraries."""

ONLY_2: dict[str, tuple[int, Array]] = {
    "U(0.7, -1.1, 2.3)": (1, u(0.7, -1.1, 2.3)),
    "u2(-1.1, 2.3)": (1, u(math.pi / 2, -1.1, 2.3)),
    "u3(0.7, -1.1, 2.3)": (1, u(0.7, -1.1, 2.3)),
    "u0(1)": (1, np.eye(2)),
}
ONLY_3: dict[str, tuple[int, Array]] = {
    "U(0.7, -1.1, 2.3)": (1, u_of_3(0.7, -1.1, 2.3)),
    "u2(-1.1, 2.3)": (1, rotation(Z, -1.1) @ rotation(Y, math.pi / 2) @ rotation(Z, 2.3)),
    "u3(0.7, -1.1, 2.3)": (1, rotation(Z, -1.1) @ rotation(Y, 0.7) @ rotation(Z, 2.3)),
    "phase(0.7)": (1, p(0.7)),
    "cphase(0.7)": (2, controlled(p(0.7), 1)),
}


def program(version: int, head: str, qubits: int) -> str:
    operands = ", ".join(f"q[{k}]" for k in range(qubits))
    if version == 2:
        return f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{qubits}];\n{head} {operands};\n'
    return f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[{qubits}] q;\n{head} {operands};\n'


def unitary(version: int, head: str, qubits: int) -> Array:
    found: Array = reference.unitary_of(read_qasm(program(version, head, qubits)))
    return found


def by_eigenvalues(matrix: Array, exponent: float) -> Array:
    """The principal power: eigenvalue exp(i a), -pi < a <= pi, becomes exp(i a exponent)."""
    # A normal matrix is diagonal in the eigenvectors of its two Hermitian parts, mixed.
    mixed = (matrix + matrix.conj().T) / 2 + math.sqrt(2) * (matrix - matrix.conj().T) / 2j
    _, vectors = np.linalg.eigh(mixed)
    values = np.diag(vectors.conj().T @ matrix @ vectors)
    angles = np.angle(values)
    angles = np.where(angles < -math.pi + 1e-9, math.pi, angles)
    result: Array = (vectors * np.exp(1j * exponent * angles)) @ vectors.conj().T
    return result


@pytest.mark.parametrize("head", [*PLAIN, *ONLY_2])
def test_gates_of_qelib1(head: str) -> None:
    qubits, expected = (PLAIN | ONLY_2)[head]
    assert np.allclose(unitary(2, head, qubits), expected, atol=1e-12)


@pytest.mark.parametrize("head", [*PLAIN, *ONLY_3])
def test_gates_of_stdgates(head: str) -> None:
    qubits, expected = (PLAIN | ONLY_3)[head]
    assert np.allclose(unitary(3, head, qubits), expected, atol=1e-12)


@pytest.mark.parametrize("head", [*PLAIN, *ONLY_3])
def test_controls_of_both_polarities(head: str) -> None:
    qubits, expected = (PLAIN | ONLY_3)[head]
    if qubits < 4:
        found = unitary(3, f"negctrl @ ctrl @ {head}", qubits + 2)
        assert np.allclose(found, controlled(expected, 0, 1), atol=1e-12)
    found = unitary(3, f"ctrl @ {head}", qubits + 1)
    assert np.allclose(found, controlled(expected, 1), atol=1e-12)


@pytest.mark.parametrize("head", [*PLAIN, *ONLY_3])
def test_inverse_under_a_control(head: str) -> None:
    qubits, expected = (PLAIN | ONLY_3)[head]
    found = unitary(3, f"ctrl @ inv @ {head}", qubits + 1)
    assert np.allclose(found, controlled(expected.conj().T, 1), atol=1e-12)
    assert np.allclose(unitary(3, f"inv @ ctrl @ {head}", qubits + 1), found, atol=1e-12)


@pytest.mark.parametrize("exponent", [-3, -1, 0, 1, 2, 3, 5, 40])
@pytest.mark.parametrize("head", [*PLAIN, *ONLY_3])
def test_whole_powers_under_a_control(head: str, exponent: int) -> None:
    qubits, matrix = (PLAIN | ONLY_3)[head]
    if qubits > 3:
        return
    expected = controlled(np.linalg.matrix_power(matrix, exponent), 1)
    found = unitary(3, f"ctrl @ pow({exponent}) @ {head}", qubits + 1)
    assert np.allclose(found, expected, atol=1e-10)


WITHOUT_ROOTS = ("cu(", "rccx", "rc3x")


@pytest.mark.parametrize("exponent", [0.5, -0.5, 0.3, 1.7])
@pytest.mark.parametrize("head", [h for h in [*PLAIN, *ONLY_3] if not h.startswith(WITHOUT_ROOTS)])
def test_fractional_powers_are_principal(head: str, exponent: float) -> None:
    qubits, matrix = (PLAIN | ONLY_3)[head]
    if qubits > 3:
        return
    found = unitary(3, f"ctrl @ pow({exponent}) @ {head}", qubits + 1)
    assert np.allclose(found, controlled(by_eigenvalues(matrix, exponent), 1), atol=1e-8)


@pytest.mark.parametrize("angle", [3.5, -3.5, 7.0, -9.0, 12.0, 2 * math.pi, math.pi, -math.pi])
@pytest.mark.parametrize("gate", ["p", "rx", "ry", "rz"])
def test_a_fractional_power_is_of_the_matrix_not_of_the_angle(gate: str, angle: float) -> None:
    matrix = p(angle) if gate == "p" else rotation({"rx": X, "ry": Y, "rz": Z}[gate], angle)
    found = unitary(3, f"ctrl @ pow(0.5) @ {gate}({angle!r})", 2)
    assert np.allclose(found @ found, controlled(matrix, 1), atol=1e-9)
    assert np.allclose(found, controlled(by_eigenvalues(matrix, 0.5), 1), atol=1e-8)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("pow(1/2) @ x", SX),
        ("inv @ pow(1/2) @ x", SX.conj()),
        ("pow(1/2) @ inv @ x", SX),
        ("pow(1/2) @ z", p(math.pi / 2)),
        ("pow(1/4) @ z", p(math.pi / 4)),
        ("pow(2) @ sx", X),
        ("pow(0.5) @ pow(2) @ x", np.eye(2)),
        ("pow(2) @ pow(0.5) @ x", X),
        ("pow(3) @ t", p(3 * math.pi / 4)),
        ("pow(-2) @ t", p(-math.pi / 2)),
        ("pow(2**20) @ U(0, 0, 0.25)", p(0.25 * 2**20)),
    ],
)
def test_powers_of_the_standard_library(head: str, expected: Array) -> None:
    assert np.allclose(unitary(3, f"ctrl @ {head}", 2), controlled(expected, 1), atol=1e-9)


def test_a_whole_power_of_a_phase_gate_is_one_gate() -> None:
    for exponent in range(-8, 9):
        circuit = read_qasm(program(3, f"pow({exponent}) @ t", 1))
        assert circuit.structure.gates == (exponent % 8 != 0)


def test_a_global_phase_with_controls_is_a_phase_gate() -> None:
    text = "OPENQASM 3.0; qubit[3] q; ctrl @ negctrl @ gphase(0.3) q[2], q[0];"
    expected = np.ones(8, dtype=complex)
    for i in range(8):
        if i >> 2 & 1 and not i & 1:
            expected[i] = cmath.exp(0.3j)
    assert np.allclose(reference.unitary_of(read_qasm(text)), np.diag(expected), atol=1e-12)


@pytest.mark.parametrize(
    "angles",
    [
        (math.pi, 0.0, math.pi),
        (0.0, 0.0, 0.0),
        (2 * math.pi, 0, 0),
        (math.pi, 0.3, -0.2),
        (1e-12, 0.1, 0.2),
    ],
)
def test_powers_of_unusual_angles_of_u(angles: tuple[float, float, float]) -> None:
    head = f"U({angles[0]!r}, {angles[1]!r}, {angles[2]!r})"
    found = unitary(3, f"ctrl @ pow(0.5) @ {head}", 2)
    assert np.allclose(found @ found, controlled(u_of_3(*angles), 1), atol=1e-8)


def test_a_definition_keeps_its_phase_under_a_control() -> None:
    """The example of the specification: rz made of U and gphase."""
    text = (
        "OPENQASM 3.0; gate turn(tau) q { gphase(-tau/2); U(0, 0, tau) q; } qubit[2] q;"
        "ctrl @ turn(pi/2) q[1], q[0];"
    )
    expected = np.diag([1, 1, cmath.exp(-0.25j * math.pi), cmath.exp(0.25j * math.pi)])
    assert np.allclose(reference.unitary_of(read_qasm(text)), expected, atol=1e-12)


def test_inverse_of_a_definition_reverses_it() -> None:
    body = "gate g(a) x, y { h x; cx x, y; rz(a) y; t x; }"
    text = f'include "stdgates.inc"; {body} qubit[2] q; g(0.3) q[0], q[1]; inv @ g(0.3) q[0], q[1];'
    assert np.allclose(reference.unitary_of(read_qasm(text)), np.eye(4), atol=1e-12)


def test_a_definition_with_a_negative_control_inside() -> None:
    text = (
        'include "stdgates.inc"; gate g a, b { negctrl @ h a, b; } qubit[3] q;'
        "ctrl @ g q[2], q[0], q[1]; ctrl @ inv @ g q[2], q[0], q[1];"
    )
    assert np.allclose(reference.unitary_of(read_qasm(text)), np.eye(8), atol=1e-12)
    once = 'include "stdgates.inc"; gate g a, b { negctrl @ h a, b; } qubit[2] q; g q[0], q[1];'
    assert np.allclose(reference.unitary_of(read_qasm(once)), controlled(H, 0), atol=1e-12)


def test_an_exponent_may_be_a_parameter_of_a_definition() -> None:
    text = 'include "stdgates.inc"; gate g(k) a { pow(k) @ x a; } qubit q; g(0.25) q; g(0.25) q;'
    assert np.allclose(reference.unitary_of(read_qasm(text)), SX, atol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "inv @ s q[0];", "inv @ rz(0.5) q[1];", "inv @ ctrl @ t q[0], q[1];",
        "inv @ ctrl(2) @ sx q[2], q[0], q[1];", "inv @ id q[0];", "inv @ U(1, 2, 3) q[0];",
        "inv @ swap q[0], q[2];", "inv @ ctrl @ rx(-pi / 4) q[2], q[1];",
    ],
)  # fmt: skip
def test_an_inverse_is_the_same_in_one_piece_or_in_words(text: str) -> None:
    """The first is read at once, the second word by word."""
    head = 'include "stdgates.inc"; qubit[3] q; h q; '
    slow = read_qasm(head + text.replace("inv @", "inv   @ /* so */"))
    quick = read_qasm(head + text)
    assert quick.structure.digest == slow.structure.digest
    assert quick.params.tobytes() == slow.params.tobytes()
