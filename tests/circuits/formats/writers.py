"""The circuits of `circuits.py` in each format, written without anything of Ketway's."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable

import pyqir
from tests.circuits.formats.circuits import Circuit, Gate

_QIS = {
    "x": "x", "y": "y", "z": "z", "h": "h", "s": "s", "sdg": "si", "t": "t", "tdg": "ti",
    "sx": "v", "sxdg": "vi", "rx": "rx", "ry": "ry", "rz": "rz", "p": "rz", "swap": "swap",
    "rxx": "xx", "ryy": "yy", "rzz": "zz",
}  # fmt: skip
_CONTROLS = {
    "cx": ("x", 1), "cy": ("y", 1), "cz": ("z", 1), "ch": ("h", 1), "crx": ("rx", 1),
    "cry": ("ry", 1), "crz": ("rz", 1), "cswap": ("swap", 1), "ccx": ("x", 2), "c3x": ("x", 3),
}  # fmt: skip


def _simpler(gate: Gate) -> list[Gate]:
    """What a format without `u` and `cp` has instead, up to a phase of everything."""
    if gate.name == "u":
        theta, phi, lam = gate.angles
        turns = (("rz", lam), ("ry", theta), ("rz", phi))
        return [Gate(name, (angle,), gate.qubits) for name, angle in turns]
    if gate.name == "cp":
        half, (a, b) = gate.angles[0] / 2, gate.qubits
        return [
            Gate("rz", (half,), (a,)), Gate("cx", (), (a, b)), Gate("rz", (-half,), (b,)),
            Gate("cx", (), (a, b)), Gate("rz", (half,), (b,)),
        ]  # fmt: skip
    return [gate]


def ionq(circuit: Circuit) -> str:
    """IonQ's JSON."""
    rows = []
    for gate in (simple for given in circuit.gates for simple in _for_ionq(given)):
        name, controls = _CONTROLS.get(gate.name, (gate.name, 0))
        row: dict[str, object] = {"gate": _QIS[name], "targets": list(gate.qubits[controls:])}
        if controls:
            row["controls"] = list(gate.qubits[:controls])
        if gate.angles:
            row["rotation"] = gate.angles[0]
        rows.append(row)
    return json.dumps({"gateset": "qis", "qubits": circuit.qubits, "circuit": rows})


def _for_ionq(gate: Gate) -> list[Gate]:
    if gate.name == "cswap":  # IonQ's swap takes no control
        a, b, c = gate.qubits
        return [Gate("cx", (), (c, b)), Gate("ccx", (), (a, b, c)), Gate("cx", (), (c, b))]
    return _simpler(gate)


_QELIB = """
gate both a, b { h a; h b; }
gate mine_yy(t) a, b { rx(pi / 2) a; rx(pi/2) b; cx a, b; rz(t) b; cx a,b; rx(-pi/2) a;
  rx(-pi / 2) b; }
gate mine_zz(t) a,b { cx a,b; rz(t) b; cx a,b; }
gate mine_xx(t) a,b { both a,b; mine_zz(t) a,b; both a,b; }
gate back a { s a; h a; s a; }
gate thrice a, b, c, d { h d; cu1(pi/4) a,d; cx a,b; cu1(-pi/4) b,d; cx a,b; cu1(pi/4) b,d; cx b,c;
  cu1(-pi/4) c,d; cx a,c; cu1(pi/4) c,d; cx b,c; cu1(-pi/4) c,d; cx a,c; cu1(pi/4) c,d; h d; }
"""
_QASM2 = {
    "p": "u1", "u": "u3", "cp": "cu1", "sx": "sx", "sxdg": "back", "rxx": "mine_xx",
    "ryy": "mine_yy", "rzz": "mine_zz", "c3x": "thrice", "crx": "crx", "cry": "cry",
}  # fmt: skip


def qasm2(circuit: Circuit) -> str:
    """OpenQASM 2, with definitions for what its library lacks."""
    head = f'OPENQASM 2.0;\ninclude "qelib1.inc";\n{_QELIB}qreg q[{circuit.qubits}];\n'
    head += f"creg c[{circuit.qubits}];\n"
    return head + _statements(circuit, lambda name: _QASM2.get(name, name)) + "measure q -> c;\n"


_STDGATES = """
gate sxdg a { inv @ sx a; }
gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }
gate rxx(t) a, b { h a; h b; rzz(t) a, b; h b; h a; }
gate ryy(t) a, b { inv @ s a; inv @ s b; rxx(t) a, b; s b; s a; }
"""


def qasm3(circuit: Circuit) -> str:
    """OpenQASM 3, with modifiers in place of names."""
    names = {name: f"ctrl({n}) @ {base}" for name, (base, n) in _CONTROLS.items()}
    names |= {"cp": "ctrl @ p", "u": "U", "sdg": "inv @ s", "tdg": "pow(-1) @ t", "sx": "sx"}
    head = f'OPENQASM 3.0;\ninclude "stdgates.inc";\n{_STDGATES}qubit[{circuit.qubits}] q;\n'
    head += _statements(circuit, lambda name: names.get(name, name))
    return f"{head}bit[{circuit.qubits}] c;\nc = measure q;\n"


def _statements(circuit: Circuit, called: Callable[[str], str]) -> str:
    lines = []
    for gate in circuit.gates:
        angles = f"({', '.join(map(repr, gate.angles))})" if gate.angles else ""
        qubits = ", ".join(f"q[{q}]" for q in gate.qubits)
        lines.append(f"{called(gate.name)}{angles} {qubits};\n")
    return "".join(lines)


_BODIES = {"cx": "cnot", "c3x": "", "sdg": "s__adj", "tdg": "t__adj"}
_ADJOINT = ("s__adj", "t__adj")


def qir_text(circuit: Circuit) -> str:
    """QIR's base profile, as LLVM's text."""
    calls: list[str] = []
    declared: dict[str, str] = {}

    def call(name: str, angles: tuple[float, ...], qubits: tuple[int, ...]) -> None:
        full = f"__quantum__qis__{name}" + ("" if name.endswith("__adj") else "__body")
        given = [f"double {_hexadecimal(angle)}" for angle in angles] + [
            f"%Qubit* {_pointer('Qubit', q)}" for q in qubits
        ]
        types = ["double"] * len(angles) + ["%Qubit*"] * len(qubits)
        declared[full] = f"declare void @{full}({', '.join(types)})"
        calls.append(f"  call void @{full}({', '.join(given)})")

    for gate in (simple for given in circuit.gates for simple in _for_qir(given)):
        call(_BODIES.get(gate.name, gate.name), gate.angles, gate.qubits)
    n = circuit.qubits
    mz = "__quantum__qis__mz__body"
    record = "__quantum__rt__result_record_output"
    calls += [
        f"  call void @{mz}(%Qubit* {_pointer('Qubit', q)}, %Result* {_pointer('Result', q)})"
        for q in range(n)
    ]
    calls += [
        f"  call void @{record}(%Result* {_pointer('Result', q)}, i8* null)" for q in range(n)
    ]
    return "\n".join(
        [
            "%Qubit = type opaque\n%Result = type opaque\n",
            *declared.values(),
            f"declare void @{mz}(%Qubit*, %Result*)",
            f"declare void @{record}(%Result*, i8*)",
            "define void @main() #0 {\nentry:",
            *calls,
            "  ret void\n}",
            'attributes #0 = { "entry_point" "qir_profiles"="base_profile" '
            f'"required_num_qubits"="{n}" "required_num_results"="{n}" }}',
        ]
    )


def qir(circuit: Circuit) -> bytes:
    """As bitcode, by LLVM itself."""
    return pyqir.Module.from_ir(pyqir.Context(), qir_text(circuit)).bitcode


def _for_qir(gate: Gate) -> list[Gate]:
    if gate.name == "p":
        return [Gate("r1", gate.angles, gate.qubits)]
    if gate.name == "sxdg":
        return [Gate("rx", (-math.pi / 2,), gate.qubits)]
    if gate.name == "c3x":  # Barenco et al., lemma 7.1: halves of what is controlled
        a, b, c, d = gate.qubits
        rows = [Gate("h", (), (d,))]
        chain = [("r", a, 1), ("x", a, b), ("r", b, -1), ("x", a, b), ("r", b, 1), ("x", b, c),
                 ("r", c, -1), ("x", a, c), ("r", c, 1), ("x", b, c), ("r", c, -1), ("x", a, c),
                 ("r", c, 1)]  # fmt: skip
        for kind, first, second in chain:
            if kind == "x":
                rows.append(Gate("cx", (), (first, second)))
            else:
                rows += _simpler(Gate("cp", (second * math.pi / 4,), (first, d)))
        return [*rows, Gate("h", (), (d,))]
    return _simpler(gate)


def _hexadecimal(value: float) -> str:
    """LLVM's text takes a decimal only if it is the number exactly."""
    return "0x" + struct.pack(">d", value).hex().upper()


def _pointer(type_: str, number: int) -> str:
    return f"inttoptr (i64 {number} to %{type_}*)" if number else "null"
