"""Makes `corpus/`: OpenQASM 3 that real Qiskit wrote, and what Qiskit's circuits do, exactly.

One JSON file for each subject; a line for each circuit. Distributions are of the circuit itself and
not of the text, by Qiskit's state vectors; circuits with control flow by `exact_qiskit.py`, which
Aer checks here wherever Aer can run them.

Run in an environment with Qiskit 2.6 and Aer:

    python tests/circuits/qasm/make_corpus.py
"""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import qiskit
from exact_qiskit import distribution
from make_random import AnyControl, any_circuit
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3, transpile
from qiskit.circuit import (
    AnnotatedOperation,
    Clbit,
    ControlModifier,
    InverseModifier,
    Parameter,
    ParameterVector,
    PowerModifier,
    Qubit,
)
from qiskit.circuit import library as L
from qiskit.circuit.classical import expr, types
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SparsePauliOp, Statevector, random_unitary

HERE = Path(__file__).parent / "corpus"
KEPT: dict[str, dict] = {}
QRMI = {
    "disable_constants": True,
    "allow_aliasing": True,
    "experimental": qasm3.ExperimentalFeatures.SWITCH_CASE_V1,
}
"""What QRMI asks of Qiskit's writer."""


def mixed(n, body):
    """A gate between gates that make its phases seen."""
    circuit = QuantumCircuit(n)
    for q in range(n):
        circuit.u(0.3 + 0.4 * q, 0.7 + q, 1.1 - 0.2 * q, q)
    body(circuit)
    for q in range(n):
        circuit.u(1.2 - 0.3 * q, 0.2 * q, 0.5 + q, q)
    return circuit


def of(gate):
    return mixed(max(1, gate.num_qubits), lambda c: c.append(gate, range(gate.num_qubits)))


def exact(circuit):
    found = Statevector(circuit).probabilities_dict()
    return {
        f"{int(key, 2):b}": round(float(p), 12) for key, p in sorted(found.items()) if p > 1e-12
    }


def keep(subject, name, circuit, **options):
    try:
        text = qasm3.dumps(circuit, **options)
    except qasm3.QASM3ExporterError as error:
        print(f"Qiskit cannot write {name}: {error}")
        return
    record = {}
    if circuit.parameters:
        rows = [
            [0.3 + 0.17 * k + 0.05 * r for k in range(circuit.num_parameters)] for r in range(2)
        ]
        record |= {
            "values": rows,
            "exact": [exact(circuit.assign_parameters(row)) for row in rows],
        }
    elif circuit.clbits:
        record |= {
            "registers": {r.name: [circuit.find_bit(b).index for b in r] for r in circuit.cregs},
            "exact": distribution(circuit),
        }
        check(name, circuit, record["exact"])
    else:
        record["exact"] = exact(circuit)
    KEPT.setdefault(subject, {})[name] = record | {"qasm": text}


AER_CANNOT = {
    "loose",
    "shared",
    "stretch",
    "expressions",
    "variables",
    "box",
    "casts",
    "wrap",
    "shadow",
}


def check(name, circuit, wanted):
    """Aer's counts of the same circuit."""
    if name in AER_CANNOT or name.startswith("random-variables"):
        return
    from qiskit_aer import AerSimulator

    shots = 4000
    circuit = circuit.decompose(gates_to_decompose=["custom", "inner", "outer"])
    counts = AerSimulator().run(circuit, shots=shots, seed_simulator=7).result().get_counts()
    found = {int(key.replace(" ", ""), 2): n / shots for key, n in counts.items()}
    ideal = {int(key, 2): p for key, p in wanted.items()}
    for key in found.keys() | ideal.keys():
        assert abs(found.get(key, 0) - ideal.get(key, 0)) < 0.05, (name, found, ideal)


# -- gates ----------------------------------------------------------------------------------------


def gates():
    for name, gate in L.get_standard_gate_name_mapping().items():
        if name in ("measure", "reset", "delay", "global_phase"):
            continue
        made = gate.base_class(*[0.4 + 0.3 * k for k in range(len(gate.params))])
        keep("gates", name, of(made))
    for count in (1, 3):
        for state in range(2**count):
            for base in (L.XGate(), L.RYGate(0.4), L.PhaseGate(0.7), L.SXGate(), L.SwapGate()):
                gate = base.control(count, ctrl_state=state)
                if count == 1 or state in (2, 5):
                    keep("gates", f"{base.name}-{count}-{state}", of(gate))
    for gate in (L.CXGate(ctrl_state=0), L.CUGate(0.1, 0.2, 0.3, 0.4), L.RZXGate(0.3), L.C3XGate()):
        keep("gates", f"plain-{gate.name}", of(gate), includes=())
    native = ("ecr", "rzz", "iswap", "rzx", "dcx", "xx_plus_yy", "xx_minus_yy", "sxdg", "csx")
    for gate in (L.ECRGate(), L.iSwapGate(), L.DCXGate(), L.RZXGate(0.3), L.XXPlusYYGate(0.3, 0.9)):
        keep("gates", f"native-{gate.name}", of(gate), basis_gates=("U", *native))
    keep("gates", "native-xx_minus_yy", of(L.XXMinusYYGate(0.3, 0.9)), basis_gates=native)
    many = [
        L.MCXGate(4),
        L.MCXGate(5, ctrl_state=9),
        L.MCPhaseGate(0.4, 3),
        L.PauliGate("XYZ"),
        L.UnitaryGate(random_unitary(2, seed=1)),
        L.UnitaryGate(random_unitary(4, seed=2)),
        L.UnitaryGate(random_unitary(8, seed=3)),
        L.PermutationGate([2, 0, 1]),
        L.DiagonalGate([1, 1j, -1, np.exp(0.3j)]),
        L.UCRZGate([0.1, 0.4, 0.9, 1.3]),
        L.RGate(0.3, 0.8),
        L.RVGate(0.3, 0.4, 0.5),
        L.PauliEvolutionGate(SparsePauliOp(["XX", "ZZ"], [0.3, 0.4]), 0.7),
        L.QFTGate(3),
        L.HalfAdderGate(2),
        L.XGate().power(0.3),
        L.RXXGate(0.4).inverse(),
        L.CUGate(0.1, 0.2, 0.3, 0.4).inverse(),
        L.U2Gate(0.3, 0.4).control(2),
    ]
    for index, gate in enumerate(many):
        keep("gates", f"{index}-{gate.name}", of(gate))
    start = QuantumCircuit(2)
    start.prepare_state(np.array([1, 2, 3j, 4]) / math.sqrt(30), [0, 1])
    keep("gates", "state", start)


def custom():
    inner = QuantumCircuit(2, name="inner", global_phase=0.3)
    inner.h(0)
    inner.rx(0.4, 1)
    inner.cx(0, 1)
    outer = QuantumCircuit(2, name="outer", global_phase=0.1)
    outer.append(inner.to_gate(), [1, 0])
    outer.t(0)
    keep("custom", "nested", mixed(3, lambda c: c.append(outer.to_gate(), [2, 0])))
    keep("custom", "controlled", mixed(3, lambda c: c.append(outer.to_gate().control(), [0, 2, 1])))
    keep(
        "custom",
        "open",
        mixed(4, lambda c: c.append(outer.to_gate().control(2, ctrl_state=1), [3, 0, 2, 1])),
    )
    keep("custom", "inverse", mixed(2, lambda c: c.append(outer.to_gate().inverse(), [1, 0])))
    keep("custom", "power", mixed(2, lambda c: c.append(outer.to_gate().power(3), [1, 0])))
    keep("custom", "repeated", mixed(2, lambda c: c.append(outer.to_gate().repeat(3), [1, 0])))
    annotated = AnnotatedOperation(
        outer.to_gate(), [PowerModifier(3), InverseModifier(), ControlModifier(1, 0)]
    )
    decomposed = mixed(3, lambda c: c.append(annotated, [2, 0, 1]))
    keep("custom", "annotated", transpile(decomposed, basis_gates=["u", "cx"]))
    a, b = Parameter("theta"), Parameter("phi")
    turn = QuantumCircuit(2, name="turn")
    turn.rz(a * 2 + b, 0)
    turn.cry(b - a / 3, 0, 1)
    gate = turn.to_gate()
    keep(
        "custom",
        "bound",
        mixed(2, lambda c: c.append(turn.assign_parameters([0.3, 0.8]).to_gate(), [1, 0])),
    )
    keep("custom", "parameters", mixed(2, lambda c: c.append(gate, [1, 0])))
    same = QuantumCircuit(1, name="h")
    same.rx(0.3, 0)
    keep("custom", "a name that is taken", mixed(1, lambda c: c.append(same.to_gate(), [0])))
    words = QuantumCircuit(1, name="measure")
    words.ry(0.3, 0)
    keep("custom", "a reserved name", mixed(1, lambda c: c.append(words.to_gate(), [0])))


def library():
    keep("library", "qft", L.QFT(3, do_swaps=True).decompose())
    for name, circuit in {
        "efficient": L.efficient_su2(3, reps=1),
        "amplitudes": L.real_amplitudes(3, reps=3),
        "two-local": L.n_local(2, ["ry", "rz"], "crx", reps=1),
        "pauli-map": L.pauli_feature_map(2, reps=1, paulis=["Z", "ZZ", "XY"]),
        "qaoa": L.qaoa_ansatz(SparsePauliOp(["ZZI", "IZZ", "ZII"], [1.0, 0.5, 0.3]), reps=2),
        "excitation": L.excitation_preserving(2, reps=1),
    }.items():
        keep("library", name, circuit)
        keep("library", f"{name}-qrmi", circuit, **QRMI)
    oracle = QuantumCircuit(3)
    oracle.ccz(0, 1, 2)
    keep("library", "grover", L.grover_operator(oracle))
    keep("library", "volume", L.quantum_volume(3, 2, seed=4))
    keep("library", "adder", mixed(5, lambda c: c.append(L.ModularAdderGate(2), range(4))))
    keep("library", "iqp", L.iqp([[3, 1, 0], [1, 2, 2], [0, 2, 5]]))


def parametrised():
    a, b, c = Parameter("beta"), Parameter("λ"), Parameter("$w^2$")
    v = ParameterVector("v", 12)

    def circuit(first, second):
        return mixed(2, lambda q: (q.rx(first, 0), q.cry(second, 0, 1)))

    made = {
        "symbols": (a, b),
        "escaped": (a + c, b),
        "vector": (v[10], v[2]),
        "mixed": (v[10] + a, v[2] * b),
        "sums": (2 * a - b / 3 + 0.5, -a + 1),
        "constants": (math.pi * a - math.pi / 2, b / math.pi),
        "reversed": (1 - a, 2 - (a + b)),
        "divided": (1 / (a + 2), a / (b + 3)),
        "nested": (a / (b / 2), a - (b - (a - 1))),
        "functions": (a.sin() * b.cos() + a * b, (a * a).exp() - b.tan()),
        "inverses": ((a / 9).arcsin() + (b / 9).arccos(), a.arctan() + abs(-b)),
        "signs": (-(a**2) + (-a) ** 2, a.sign() * b + b.conjugate()),
        "logarithm": (a.log(), (a + b).log() * (a - b)),
        "powers": (a**2 + b**0.5, 2**a),
        "towers": (a ** (b**2), (a**b) ** 2),
        "tiny": (1e-9 * a + b, 1e9 * a - 1e9 * a + b * 1e-3),
        "vectors": (v[0] + 2 * v[1] - v[11], v[3] * v[4]),
    }
    for name, (first, second) in made.items():
        keep("parameters", name, circuit(first, second))
    keep("parameters", "symbols-qrmi", circuit(a, b), **QRMI)
    keep("parameters", "all-vector", mixed(3, lambda q: [q.ry(x, k % 3) for k, x in enumerate(v)]))
    every = QuantumCircuit(3)
    every.h([0, 1, 2])
    every.u(a, b, c, 0)
    every.cu(a, b, c, a, 0, 1)
    for gate in (L.RXXGate(a), L.RYYGate(2 * a), L.RZZGate(b), L.RZXGate(a), L.XXPlusYYGate(a, b)):
        every.append(gate, [2, 0])
    every.append(L.RYGate(a).control(2), [0, 1, 2])
    every.append(L.UGate(a, b, c).inverse(), [1])
    every.append(L.CU3Gate(a, b, c), [1, 2])
    every.append(L.CU1Gate(a), [0, 2])
    every.append(L.RGate(a, b), [0])
    every.h([0, 1, 2])
    keep("parameters", "every", every)
    keep("parameters", "plain-every", every, includes=())


# -- what is measured and decided -----------------------------------------------------------------


def measured():
    q, c, d = QuantumRegister(3, "q"), ClassicalRegister(2, "c"), ClassicalRegister(1, "d")
    circuit = QuantumCircuit(q, d, c)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], c)
    circuit.reset(0)
    circuit.ry(0.7, 0)
    circuit.measure(0, d)
    keep("measured", "registers", circuit)
    loose = QuantumCircuit([Qubit(), Qubit()], [Clbit()], ClassicalRegister(1, "rest"))
    loose.h(0)
    loose.cx(0, 1)
    loose.measure([0, 1], [0, 1])
    keep("measured", "loose", loose)
    bits = [Clbit() for _ in range(4)]
    shared = QuantumCircuit(
        [Qubit(), Qubit()],
        bits,
        ClassicalRegister(name="low", bits=bits[:3]),
        ClassicalRegister(name="high", bits=bits[2:]),
    )
    shared.ry(0.4, 0)
    shared.measure(0, 2)
    shared.measure(1, 1)
    keep("measured", "shared", shared, allow_aliasing=True)
    names = QuantumCircuit(QuantumRegister(2, "measure"), ClassicalRegister(2, "if"))
    names.h(0)
    names.measure([0, 1], [0, 1])
    keep("measured", "words", names)
    waits = QuantumCircuit(2, 2)
    waits.h(0)
    waits.delay(100, 0, unit="dt")
    waits.delay(1.5, 1, unit="us")
    waits.delay(20, 1, unit="ps")
    waits.barrier()
    waits.cx(0, 1)
    waits.measure([0, 1], [0, 1])
    keep("measured", "waits", waits)
    stretched = QuantumCircuit(2, 2)
    gap = stretched.add_stretch("gap")
    stretched.h(0)
    stretched.delay(gap, 0)
    stretched.delay(expr.mul(2.0, gap), 1)
    stretched.measure([0, 1], [0, 1])
    keep("measured", "stretch", stretched)


def machine(qubits, **more):
    return GenericBackendV2(qubits, seed=3, control_flow=True, **more)


def transpiled():
    ghz = QuantumCircuit(3)
    ghz.h(0)
    ghz.cx(0, 1)
    ghz.cx(0, 2)
    ghz.ry(0.3, 2)
    ghz.measure_all()
    line = [[k, k + 1] for k in range(4)] + [[k + 1, k] for k in range(4)]
    for basis in (["cx", "rz", "sx", "x"], ["ecr", "rz", "sx", "x"], ["cz", "rz", "sx", "x"]):
        backend = machine(5, basis_gates=[*basis, "id"], coupling_map=line)
        done = transpile(ghz, backend, seed_transpiler=5, initial_layout=[4, 1, 2])
        keep("transpiled", f"ghz-{basis[0]}", done)
        keep("transpiled", f"ghz-{basis[0]}-qrmi", done, **QRMI)
        keep("transpiled", f"ghz-{basis[0]}-native", done, basis_gates=("U", "ecr"))
        ansatz = L.efficient_su2(3, reps=1)
        done = transpile(ansatz, backend, seed_transpiler=5, initial_layout=[0, 1, 2])
        keep("transpiled", f"ansatz-{basis[0]}", done, **QRMI)
    decided = QuantumCircuit(3, 2)
    decided.h(0)
    decided.measure(0, 0)
    with decided.if_test((0, 1)) as else_:
        decided.x(1)
    with else_:
        decided.ry(0.4, 1)
    decided.measure(1, 1)
    done = transpile(decided, machine(5), seed_transpiler=5, initial_layout=[3, 1, 0])
    keep("transpiled", "if", done)


def control():
    x = QuantumCircuit(3, 3)
    x.ry(0.8, 0)
    x.measure(0, 0)
    with x.if_test((0, 1)) as else_:
        x.x(1)
        with x.if_test((x.clbits[2], 0)):
            x.h(2)
    with else_:
        x.ry(0.3, 2)
    x.measure([1, 2], [1, 2])
    keep("control", "if", x)
    for options, label in (({}, ""), (QRMI, "-qrmi")):
        cr = ClassicalRegister(3, "cr")
        s = QuantumCircuit(QuantumRegister(3), cr)
        s.h([0, 1])
        s.measure([0, 1, 2], cr)
        with s.switch(cr) as case:
            with case(0, 1):
                s.x(0)
            with case(2):
                s.ry(0.5, 2)
            with case(case.DEFAULT):
                s.x(1)
        s.measure([0, 1, 2], cr)
        keep("control", f"switch{label}", s, **options)
        t = QuantumCircuit(2, 2)
        t.h(0)
        t.measure(0, 0)
        with t.switch(t.clbits[0]) as case:
            with case(True):
                t.x(1)
            with case(False, case.DEFAULT):
                t.ry(0.2, 1)
        t.measure(1, 1)
        keep("control", f"switch-bit{label}", t, **options)
    w = QuantumCircuit(2, 2)
    w.h(0)
    w.measure(0, 0)
    with w.while_loop((w.clbits[0], 0)):
        w.reset(0)
        w.ry(2.2, 0)
        w.ry(0.7, 1)
        w.measure(0, 0)
    w.measure(1, 1)
    keep("control", "while", w)
    theta = Parameter("theta")
    f = QuantumCircuit(2, 2)
    with f.for_loop(range(4), loop_parameter=theta):
        f.rx(theta * math.pi / 6 + 0.1, 0)
    with f.for_loop((5, 1, 3)):
        f.ry(0.9, 1)
        f.measure(1, 1)
        with f.if_test((1, 1)):
            f.break_loop()
    f.measure(0, 0)
    keep("control", "for", f)
    g = QuantumCircuit(1, 1)
    with g.for_loop(range(0, 7, 3)) as k, g.for_loop(range(2)) as m:
        g.ry(k * 0.1 + m * 0.3, 0)
    g.measure(0, 0)
    keep("control", "for-nested", g)
    k = QuantumCircuit(2, 2)
    k.ry(1.1, 0)
    k.measure(0, 0)
    with k.for_loop(range(3)):
        with k.if_test((0, 1)):
            k.continue_loop()
        k.ry(0.4, 1)
    k.measure(1, 1)
    keep("control", "continue", k)
    box = QuantumCircuit(2, 2)
    box.h(0)
    with box.box():
        box.cx(0, 1)
        with box.box(duration=100, unit="ns"):
            box.ry(0.3, 1)
    box.measure([0, 1], [0, 1])
    keep("control", "box", box)
    teleport = QuantumCircuit(3, 3)
    teleport.ry(0.9, 0)
    teleport.h(1)
    teleport.cx(1, 2)
    teleport.cx(0, 1)
    teleport.h(0)
    teleport.measure([0, 1], [0, 1])
    with teleport.if_test((1, 1)):
        teleport.x(2)
    with teleport.if_test((0, 1)):
        teleport.z(2)
    teleport.measure(2, 2)
    keep("control", "teleport", teleport)


def variables():
    a, b = ClassicalRegister(4, "a"), ClassicalRegister(4, "b")
    e = QuantumCircuit(QuantumRegister(4), a, b)
    e.x(2)
    e.ry(0.6, 0)
    e.ry(0.9, 3)
    e.measure(range(4), a)
    tests = [
        expr.logic_and(expr.less(a, 9), expr.bit_not(e.clbits[1])),
        expr.equal(expr.bit_and(a, 12), expr.shift_left(expr.lift(1, types.Uint(4)), 2)),
        expr.index(a, 3),
        expr.logic_or(expr.greater_equal(expr.shift_right(a, 1), 3), expr.not_equal(a, b)),
        expr.logic_not(expr.bit_xor(e.clbits[0], True)),
        expr.less_equal(expr.bit_or(a, 1), expr.bit_not(b)),
        expr.cast(a, types.Bool()),
    ]
    for qubit, test in enumerate(tests):
        with e.if_test(test):
            e.ry(0.3 + 0.2 * qubit, qubit % 4)
    e.measure(range(4), b)
    keep("variables", "expressions", e)
    m = QuantumCircuit(2, 3)
    total = m.add_var("total", expr.lift(250, types.Uint(8)))
    flag = m.add_var("flag", False)
    with m.for_loop(range(3)):
        m.store(total, expr.add(total, 3))
    m.store(flag, expr.equal(total, 3))
    with m.if_test(flag):
        m.ry(0.4, 0)
    with m.if_test(expr.greater(expr.mul(total, 100), 40)):
        m.ry(0.8, 1)
    m.measure([0, 1], [0, 1])
    keep("variables", "variables", m)
    n = QuantumCircuit(2, 2)
    count = n.add_var("count", expr.lift(0, types.Uint(4)))
    n.h(0)
    n.measure(0, 0)
    with n.while_loop(expr.less(count, 5)):
        n.store(count, expr.add(count, expr.cast(n.clbits[0], types.Uint(4))))
        n.store(count, expr.add(count, 2))
        n.ry(0.2, 1)
    n.measure(1, 1)
    keep("variables", "wrap", n)
    o = QuantumCircuit(QuantumRegister(2), ClassicalRegister(3, "c"))
    wide = o.add_var("wide", expr.lift(9, types.Uint(8)))
    narrow = o.add_var("narrow", expr.cast(expr.lift(9, types.Uint(8)), types.Uint(3)))
    o.ry(0.9, 0)
    o.measure(0, 0)
    o.store(narrow, expr.sub(narrow, expr.cast(wide, types.Uint(3))))
    with o.if_test(expr.equal(narrow, 0)):
        o.ry(0.5, 1)
    o.store(wide, expr.div(expr.cast(o.cregs[0], types.Uint(8)), 1))
    with o.if_test(expr.equal(wide, 1)):
        o.ry(0.7, 1)
    o.measure(1, 1)
    keep("variables", "casts", o)
    p = QuantumCircuit(1, 2)
    p.add_var("x", expr.lift(3, types.Uint(4)))
    p.h(0)
    p.measure(0, 0)
    with p.if_test((0, 1)):
        inside = p.add_var("y", expr.lift(5, types.Uint(4)))
        with p.if_test(expr.equal(inside, 5)):
            p.ry(0.4, 0)
    p.measure(0, 1)
    keep("variables", "shadow", p)


# -- any circuit ----------------------------------------------------------------------------------


def random_ones(count=12):
    for seed in range(count):
        circuit = any_circuit(seed)
        keep("random", f"random-{seed}", circuit)
        backend = machine(4, basis_gates=["cz", "rz", "sx", "x", "id"])
        keep("random", f"machine-{seed}", transpile(circuit, backend, seed_transpiler=seed), **QRMI)
    for seed, with_variables in itertools.product(range(count), (False, True)):
        name = f"random-{'variables' if with_variables else 'control'}-{seed}"
        keep("random", name, AnyControl(seed, with_variables).circuit)


def main():
    HERE.mkdir(exist_ok=True)
    for subject in (
        gates,
        custom,
        library,
        parametrised,
        measured,
        transpiled,
        control,
        variables,
        random_ones,
    ):
        subject()
    for subject, records in KEPT.items():
        head = {"qiskit": qiskit.__version__}
        lines = [f"{json.dumps(n)}: {json.dumps(r)}" for n, r in {"": head, **records}.items()]
        (HERE / f"{subject}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
