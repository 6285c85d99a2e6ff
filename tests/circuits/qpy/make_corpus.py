"""Makes `corpus/`: QPY files by real Qiskit, and what Qiskit says comes out of them.

One JSON file for each version of QPY; a line for each circuit, with the file in base64.

Run in an environment with Qiskit 2, and Aer for what measures; and once more with Qiskit 1.4, which
still writes versions 10 to 12, and version 13 in a way of its own:

    python tests/circuits/qpy/make_corpus.py
    python tests/circuits/qpy/make_corpus.py --old

`refused.json` and `refused12.json` are what is refused by name.
"""

import base64
import io
import json
import math
import sys
from pathlib import Path

import numpy as np
import qiskit
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy
from qiskit.circuit import Clbit, Parameter, ParameterVector, Qubit
from qiskit.circuit import library as L
from qiskit.circuit.classical import expr, types
from qiskit.quantum_info import Statevector

HERE = Path(__file__).parent / "corpus"
OLD = "--old" in sys.argv
BY_HAND = {"expressions": "1110 0101", "variables": "011", "shared-bits": "0100"}
"""Aer has neither shifts nor variables, and splits shared bits its own way."""
VERSIONS = (10, 11, 12) if OLD else tuple(range(13, qpy.common.QPY_VERSION + 1))


KEPT = {f"v{version}": {} for version in VERSIONS}
KEPT |= {"v13-qiskit1": {}, "refused12": {}} if OLD else {"refused": {}}


def mixed(n, body):
    """A gate between gates that make its phases seen."""
    circuit = QuantumCircuit(n)
    for q in range(n):
        circuit.u(0.3 + 0.4 * q, 0.7 + q, 1.1 - 0.2 * q, q)
    body(circuit)
    for q in range(n):
        circuit.u(1.2 - 0.3 * q, 0.2 * q, 0.5 + q, q)
    return circuit


def gates():
    one = [
        L.XGate,
        L.YGate,
        L.ZGate,
        L.HGate,
        L.SGate,
        L.SdgGate,
        L.TGate,
        L.TdgGate,
        L.SXGate,
        L.SXdgGate,
        L.IGate,
    ]
    made = [g() for g in one]
    made += [
        L.RXGate(0.4),
        L.RYGate(0.5),
        L.RZGate(0.6),
        L.PhaseGate(0.7),
        L.U1Gate(0.8),
        L.U2Gate(0.3, 0.9),
        L.U3Gate(0.1, 0.2, 0.3),
        L.UGate(0.5, 0.6, 0.7),
        L.RGate(0.4, 0.9),
    ]
    made += [
        L.CXGate(),
        L.CYGate(),
        L.CZGate(),
        L.CHGate(),
        L.CSGate(),
        L.CSdgGate(),
        L.CSXGate(),
        L.CPhaseGate(0.4),
        L.CU1Gate(0.5),
        L.CU3Gate(0.1, 0.2, 0.3),
        L.CUGate(0.4, 0.5, 0.6, 0.7),
        L.CRXGate(0.4),
        L.CRYGate(0.5),
        L.CRZGate(0.6),
        L.SwapGate(),
        L.iSwapGate(),
        L.RXXGate(0.4),
        L.RYYGate(0.5),
        L.RZZGate(0.6),
        L.RZXGate(0.7),
        L.DCXGate(),
        L.ECRGate(),
        L.XXPlusYYGate(0.4, 0.9),
        L.XXMinusYYGate(0.4, 0.9),
        L.CCXGate(),
        L.CCZGate(),
        L.CSwapGate(),
        L.RCCXGate(),
        L.RC3XGate(),
        L.C3XGate(),
        L.C4XGate(),
        L.C3SXGate(),
        L.MCXGate(4),
        L.MCPhaseGate(0.4, 3),
        L.CXGate(ctrl_state=0),
        L.CCXGate(ctrl_state=1),
        L.CUGate(0.4, 0.5, 0.6, 0.7, ctrl_state=0),
        L.MCXGate(3, ctrl_state=2),
        L.PauliGate("XYZ"),
        L.GlobalPhaseGate(0.4),
        L.UnitaryGate(L.UGate(0.3, 0.4, 0.5).to_matrix() * np.exp(0.2j)),
        L.UnitaryGate(np.array([[0, 1j], [1, 0]])),
    ]
    for index, gate in enumerate(made):

        def body(circuit, gate=gate):
            circuit.append(gate, range(gate.num_qubits))

        yield f"gate-{gate.name}-{index}", mixed(max(1, gate.num_qubits), body)


def phase_sensitive():
    """A custom gate, controlled, so that its global phase matters."""
    inner = QuantumCircuit(2, name="inner", global_phase=0.3)
    inner.h(0)
    inner.rx(0.4, 1)
    inner.cx(0, 1)
    outer = QuantumCircuit(2, name="outer", global_phase=0.1)
    outer.append(inner.to_gate(), [1, 0])
    outer.t(0)
    yield "custom", mixed(3, lambda c: c.append(outer.to_gate(), [2, 0]))
    yield "custom-controlled", mixed(3, lambda c: c.append(outer.to_gate().control(1), [0, 2, 1]))
    yield (
        "custom-open",
        mixed(4, lambda c: c.append(outer.to_gate().control(2, ctrl_state=1), [3, 0, 2, 1])),
    )
    yield "standard-controlled", mixed(3, lambda c: c.append(L.RYGate(0.4).control(2), [1, 2, 0]))
    twice = QuantumCircuit(2)
    twice.append(inner.to_instruction(), [0, 1])
    twice.append(inner.to_instruction(), [1, 0])
    yield "custom-instruction", twice
    from qiskit.circuit.annotated_operation import (
        AnnotatedOperation,
        ControlModifier,
        InverseModifier,
        PowerModifier,
    )

    op = AnnotatedOperation(
        outer.to_gate(), [PowerModifier(3), InverseModifier(), ControlModifier(1, 0)]
    )
    yield "annotated", mixed(3, lambda c: c.append(op, [2, 0, 1]))
    if not OLD:
        many = QuantumCircuit(3)
        many.h([0, 1, 2])
        many.barrier()
        many.delay(100, 0)
        many.id(1)
        many.ccx(0, 1, 2)
        many.h(2)
        yield "nothing", many
    phased = mixed(1, lambda c: None)
    phased.global_phase = 1.0
    yield "phase", phased


def parametrised():
    a, b = Parameter("beta"), Parameter("alpha")
    v = ParameterVector("v", 12)

    def circuit(angle):
        return mixed(2, lambda c: (c.rx(angle[0], 0), c.cry(angle[1], 0, 1)))

    yield "symbols", circuit([a, b])
    yield "vector", circuit([v[10], v[2]])
    yield "sums", circuit([2 * a - b / 3 + 0.5, -a + 1])
    yield "reversed", circuit([1 - a, 2 - (a + b)])
    yield "differences", circuit([a - (b + a * 2), b - (a + 1)])
    yield "divided", circuit([1 / (a + 2), a / (b + 3)])
    yield "functions", circuit([a.sin() * b.cos() + a * b, (a * a).exp() - b.tan()])
    yield "inverses", circuit([(a / 9).arcsin() + (b / 9).arccos(), a.arctan() + abs(-b)])
    yield "powers", circuit([a**2 + b**0.5, 2**a])
    yield "vectors", circuit([v[0] + 2 * v[1] - v[11], v[3] * v[4]])
    substituted = circuit([a * 2 + 1, b])
    yield "substituted", substituted.assign_parameters({a: b * b + 3})
    yield "half-bound", circuit([a * 2 + b, b]).assign_parameters({a: 0.25})
    inner = QuantumCircuit(1, name="turn", global_phase=a)
    inner.rz(a * 2, 0)
    yield (
        "in-definition",
        mixed(
            2,
            lambda c: (c.append(inner.to_gate(), [0]), c.append(inner.to_gate().control(), [0, 1])),
        ),
    )


def refused():
    from qiskit.circuit.annotated_operation import AnnotatedOperation, PowerModifier
    from qiskit.quantum_info import Clifford, SparsePauliOp

    made = {
        "PauliEvolutionGate": L.PauliEvolutionGate(SparsePauliOp("ZZ"), 0.3),
        "UnitaryGate": L.UnitaryGate(np.eye(4)),
        "Initialize": L.Initialize([1, 0, 0, 0]),
        "QFTGate": L.QFTGate(2),
        "Clifford": Clifford(QuantumCircuit(2)),
        "power": AnnotatedOperation(L.CXGate(), [PowerModifier(0.5)]),
    }
    for name, operation in made.items():
        circuit = QuantumCircuit(2)
        circuit.append(operation, [0, 1])
        yield name, circuit


def measured():
    q, c, d = QuantumRegister(3, "q"), ClassicalRegister(2, "c"), ClassicalRegister(1, "d")
    circuit = QuantumCircuit(q, d, c)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], c)
    circuit.reset(0)
    circuit.measure(0, d)
    yield "registers", circuit
    bits = [Clbit() for _ in range(4)]
    shared = QuantumCircuit(
        [Qubit(), Qubit()],
        bits,
        ClassicalRegister(name="low", bits=bits[:3]),
        ClassicalRegister(name="high", bits=bits[2:]),
    )
    shared.x(0)
    shared.measure(0, 2)
    shared.measure(1, 1)
    yield "shared-bits", shared
    wide = QuantumCircuit(2, 70)
    wide.x(0)
    wide.measure(0, 69)
    wide.measure(0, 3)
    yield "wide", wide
    if OLD:
        return
    x = QuantumCircuit(3, 3)
    x.x(0)
    x.measure(0, 0)
    with x.if_test((0, 1)) as else_:
        x.x(1)
    with else_:
        x.x(2)
    x.measure([1, 2], [1, 2])
    yield "if", x
    cr = ClassicalRegister(3, "cr")
    s = QuantumCircuit(QuantumRegister(3), cr)
    s.x(1)
    s.measure([0, 1, 2], cr)
    with s.switch(cr) as case:
        with case(0, 1):
            s.x(0)
        with case(2):
            s.x(2)
        with case(case.DEFAULT):
            s.x(1)
    s.measure([0, 1, 2], cr)
    yield "switch", s
    w = QuantumCircuit(2, 2)
    w.x(0)
    w.measure(0, 0)
    with w.while_loop((w.clbits[0], 1)):
        w.x(0)
        w.measure(0, 0)
        w.x(1)
    w.measure(1, 1)
    yield "while", w
    theta = Parameter("theta")
    f = QuantumCircuit(2, 2)
    with f.for_loop(range(4), loop_parameter=theta):
        f.rx(theta * math.pi / 6, 0)
    with f.for_loop((5, 1, 3)):
        f.x(1)
        f.measure(1, 1)
        with f.if_test((1, 1)):
            f.break_loop()
    f.measure(0, 0)
    yield "for", f
    k = QuantumCircuit(2, 2)
    k.x(0)
    k.measure(0, 0)
    with k.for_loop(range(3)):
        with k.if_test((0, 1)):
            k.continue_loop()
        k.x(1)
    k.measure(1, 1)
    yield "continue", k
    a, b = ClassicalRegister(4, "a"), ClassicalRegister(4, "b")
    e = QuantumCircuit(QuantumRegister(4), a, b)
    e.x([0, 2])
    e.measure(range(4), a)
    with e.if_test(expr.logic_and(expr.less(a, 9), expr.bit_not(e.clbits[1]))):
        e.x(1)
    with e.if_test(
        expr.equal(expr.bit_and(a, 12), expr.shift_left(expr.lift(1, types.Uint(4)), 2))
    ):
        e.x(3)
    with e.if_test(expr.index(a, 2)):
        e.x(0)
    e.measure(range(4), b)
    yield "expressions", e
    m = QuantumCircuit(2, 3)
    total = m.add_var("total", expr.lift(250, types.Uint(8)))
    flag = m.add_var("flag", False)
    with m.for_loop(range(3)):
        m.store(total, expr.add(total, 3))
    m.store(flag, expr.equal(total, 3))
    with m.if_test(flag):
        m.x(0)
    with m.if_test(expr.greater(expr.mul(total, 100), 40)):
        m.x(1)
    m.measure([0, 1], [0, 1])
    yield "variables", m


def values_for(circuit):
    rows = np.array(
        [[0.3 + 0.17 * k + 0.05 * r for k in range(circuit.num_parameters)] for r in range(2)]
    )
    return rows.tolist()


def save(name, circuit, version, expected, kept=None, **more):
    out = io.BytesIO()
    qpy.dump(circuit, out, version=version, **more)
    text = base64.b64encode(out.getvalue()).decode()
    KEPT[kept or f"v{version}"][name] = {"qiskit": qiskit.__version__, **expected, "qpy": text}


def exact(circuit):
    found = Statevector(circuit).probabilities_dict()
    return {key: round(float(p), 12) for key, p in found.items() if p > 1e-12}


def main():
    HERE.mkdir(exist_ok=True)
    some = {
        "custom",
        "custom-controlled",
        "annotated",
        "sums",
        "vectors",
        "functions",
        "if",
        "expressions",
        "variables",
        "for",
        "switch",
        "registers",
        "shared-bits",
        "symbols",
        "vector",
        "wide",
        "in-definition",
        "gate-mcx-60",
        "custom-open",
    }

    def versions(name):
        return VERSIONS if OLD or name in some else VERSIONS[-1:]

    for name, circuit in [*phase_sensitive(), *([] if OLD else gates())]:
        for version in versions(name):
            save(name, circuit, version, {"exact": exact(circuit)})
    for name, circuit in parametrised():
        if OLD and name == "half-bound":  # Qiskit 1 cannot write it
            continue
        rows = values_for(circuit)
        expected = {
            "parameters": [p.name for p in circuit.parameters],
            "values": rows,
            "exact": [exact(circuit.assign_parameters(row)) for row in rows],
        }
        for version in versions(name):
            # Before version 13, what is computed is text of sympy.
            if version >= 13 or name in ("symbols", "vector"):
                save(name, circuit, version, expected)
            elif version == 12:
                for sort in ("sympy", "symengine"):
                    engine = sort == "symengine"
                    label = f"{name}-{sort}"
                    save(label, circuit, version, {}, "refused12", use_symengine=engine)
        if OLD:
            save(name, circuit, 13, expected, "v13-qiskit1")
    for name, circuit in [] if OLD else refused():
        save(name, circuit, 17, {}, "refused")
    for name, circuit in measured():
        if OLD:
            expected = {"read": True}
        elif name in BY_HAND:
            expected = {"counts": {BY_HAND[name]: 1}}
        else:
            from qiskit_aer import AerSimulator

            counts = AerSimulator().run(circuit, shots=4000, seed_simulator=7).result().get_counts()
            expected = {"counts": counts}
        expected["registers"] = {
            r.name: [circuit.find_bit(b).index for b in r] for r in circuit.cregs
        }
        for version in versions(name):
            save(name, circuit, version, expected)
    for kept, records in KEPT.items():
        lines = [f"{json.dumps(name)}: {json.dumps(record)}" for name, record in records.items()]
        (HERE / f"{kept}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
