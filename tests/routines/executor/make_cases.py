"""The circuits of `make_corpus.py`: in boxes, without boxes, and the arguments of their samplexes.

A case returns the circuit in boxes (or a template and a samplex), for each point of its sweep what
is run without boxes, which qubit each classical bit is read from, and arguments.
"""

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import HGate
from qiskit.quantum_info import PauliLindbladMap, SuperOp
from samplomatic import ChangeBasis, InjectNoise, Twirl
from samplomatic.annotations import InjectLocalClifford
from samplomatic.distributions import HaarU2, UniformC1
from samplomatic.samplex import Samplex
from samplomatic.samplex.nodes import (
    CollectTemplateValues,
    CombineRegistersNode,
    ConversionNode,
    LeftMultiplicationNode,
    TwirlSamplingNode,
)
from samplomatic.synths import RzSxSynth
from samplomatic.tensor_interface import TensorSpecification
from samplomatic.virtual_registers import U2Register, VirtualType
from samplomatic.virtual_registers.c1_register import c1_to_u2

A, B, T = Parameter("a"), Parameter("b"), ParameterVector("t", 11)


def channel(noise):
    """The map as a superoperator, also where its rates are negative and it is no channel."""
    n = noise.num_qubits
    total = np.eye(4**n, dtype=complex)
    labels = noise.get_qubit_sparse_pauli_list_copy().to_pauli_list()
    for pauli, rate in zip(labels, noise.rates, strict=True):
        matrix = pauli.to_matrix()
        weight = (1 + np.exp(-2 * rate)) / 2
        total = (weight * np.eye(4**n) + (1 - weight) * np.kron(matrix.conj(), matrix)) @ total
    return SuperOp(total)


CASES = {}


def case(make):
    CASES[make.__name__] = make
    return make


def tail(circuit, twirl=True):
    with circuit.box([Twirl()] if twirl else []):
        circuit.measure_all()


def layers(circuit, boxes, gates):
    """The same gates in boxes and without."""
    plain = QuantumCircuit(circuit.num_qubits)
    for annotations, body in zip(boxes, gates, strict=True):
        with circuit.box(annotations):
            circuit.noop(*range(circuit.num_qubits))
            body(circuit)
        body(plain)
    return plain


def everything(n):
    return {k: k for k in range(n)}


def first(c):
    c.h(0)
    c.sx(1)
    c.rx(0.4, 2)
    c.cx(0, 1)
    c.cz(1, 2)


def second(c):
    c.s(0)
    c.t(1)
    c.u(0.3, 0.2, 0.9, 2)
    c.ecr(2, 0)


@case
def pauli_boxes():
    c = QuantumCircuit(3)
    plain = layers(c, [[Twirl()], [Twirl()]], [first, second])
    tail(c)
    return c, [plain], everything(3), {}


@case
def balanced_rzrx():
    c = QuantumCircuit(3)
    boxes = [[Twirl(group="balanced_pauli", decomposition="rzrx")]] * 2
    plain = layers(c, boxes, [first, second])
    tail(c)
    return c, [plain], everything(3), {}


@case
def phases():
    c = QuantumCircuit(2)

    def diagonal(c):
        c.h(0)
        c.h(1)
        c.cz(0, 1)

    plain = layers(c, [[Twirl(group="phase")]] * 2, [diagonal, diagonal])
    tail(c)
    return c, [plain], everything(2), {}


@case
def right_dressed():
    c = QuantumCircuit(2)

    def before(c):
        c.cx(0, 1)
        c.sx(0)
        c.rz(0.7, 1)

    def start(c):
        c.h(0)
        c.rx(1.1, 1)
        c.cz(0, 1)

    plain = layers(c, [[Twirl()], [Twirl(dressing="right")]], [start, before])
    c.measure_all()
    return c, [plain], everything(2), {}


@case
def right_parameters():
    c = QuantumCircuit(2)
    with c.box([Twirl()]):
        c.h(0)
        c.rx(1.1, 1)
        c.cz(0, 1)
    with c.box([Twirl(dressing="right")]):
        c.cx(0, 1)
        c.rx(A, 0)
        c.rz(B, 0)
        c.rx(A + B, 1)
    c.measure_all()
    values = np.array([[0.3, -1.2], [2.9, 0.4]])
    plains = []
    for a, b in values:
        plain = QuantumCircuit(2)
        plain.h(0)
        plain.rx(1.1, 1)
        plain.cz(0, 1)
        plain.cx(0, 1)
        plain.rx(a, 0)
        plain.rz(b, 0)
        plain.rx(a + b, 1)
        plains.append([plain])
    return c, plains, everything(2), {"parameter_values": values}


def by_rzz(c):
    c.h(0)
    c.rx(0.6, 1)
    c.rzz(0.8, 0, 1)


def by_cx(c):
    c.h(1)
    c.sx(0)
    c.cx(0, 1)


@case
def local_paulis():
    c = QuantumCircuit(2)
    plain = layers(c, [[Twirl(group="local_pauli")]] * 2, [by_rzz, by_cx])
    tail(c)
    return c, [plain], everything(2), {}


@case
def local_cliffords():
    c = QuantumCircuit(3)

    def other(c):
        c.sx(1)
        c.ecr(1, 2)
        c.rx(0.2, 0)

    boxes = [[Twirl(group="local_c1")]] * 3
    plain = layers(c, boxes, [by_cx, other, by_cx])
    tail(c)
    return c, [plain], everything(3), {}


@case
def local_cliffords_rzz():
    c = QuantumCircuit(2)

    def by_half(c):
        c.h(0)
        c.rx(0.6, 1)
        c.rzz(np.pi / 2, 0, 1)

    plain = layers(c, [[Twirl(group="local_c1")]] * 2, [by_half, by_cx])
    tail(c)
    return c, [plain], everything(2), {}


VALUES = np.array([[0.3, -1.2, 2.5], [0.1, 0.2, -3.0]])


@case
def parameters():
    """Angles that are twirled, angles that are copied, and expressions of both."""

    def body(a, b, t):
        def gates(c):
            c.rx(a, 0)
            c.rz(2 * b - a, 1)
            c.rx(t / 3, 2)
            c.rz(t, 2)
            c.cx(0, 1)

        return gates

    def copied(a, b, t):
        def gates(c):
            c.rx(a * b, 0)
            c.ry(t + 1, 1)
            c.rzz(a - t, 0, 2)

        return gates

    c = QuantumCircuit(3)
    # Before the first box: no twirl passes a gate on one qubit whose angle is open.
    copied(A, B, T[2])(c)
    with c.box([Twirl()]):
        body(A, B, T[10])(c)
    with c.box([Twirl(decomposition="rzrx")]):
        body(B, A, T[2])(c)
    tail(c)
    plains = []
    # In Qiskit's order: a, b, t[2], t[10].
    values = np.column_stack([VALUES, [0.9, -0.4]])
    for a, b, t2, t10 in values:
        plain = QuantumCircuit(3)
        copied(a, b, t2)(plain)
        body(a, b, t10)(plain)
        body(b, a, t2)(plain)
        plains.append([plain])
    return c, plains, everything(3), {"parameter_values": values}


@case
def registers():
    """Two registers, written out of order, and a bit of none."""
    q = QuantumRegister(4, "q")
    x, y = ClassicalRegister(3, "x"), ClassicalRegister(2, "y")
    c = QuantumCircuit(q, y, x)

    def gates(c):
        c.h(0)
        c.cx(0, 3)
        c.rx(0.5, 1)
        c.ry(1.5, 2)
        c.cx(1, 2)

    plain = layers(c, [[Twirl()]], [gates])
    with c.box([Twirl()]):
        c.measure(q[0], x[2])
        c.measure(q[3], y[0])
    with c.box([Twirl()]):
        c.measure(q[2], x[0])
        c.measure(q[1], y[1])
    # Classical bits: y is 0 and 1, x is 2 to 4.
    return c, [plain], {4: 0, 0: 3, 2: 2, 1: 1}, {}


@case
def bases():
    """Prepared and measured in what is asked: I 0, Z 1, X 2, Y 3."""
    c = QuantumCircuit(3)
    with c.box([Twirl(), ChangeBasis(mode="prepare", ref="in")]):
        c.noop(0, 1, 2)
        c.cx(0, 1)
        c.cx(1, 2)
    with c.box([Twirl(), ChangeBasis(mode="measure", ref="out")]):
        c.measure_all()
    asked = np.array([[1, 2, 3], [3, 3, 2], [0, 1, 2]])
    read = np.array([[3, 2, 1], [2, 3, 3], [1, 0, 2]])
    plains = []
    for prepared, measured in zip(asked, read, strict=True):
        plain = QuantumCircuit(3)
        for q, basis in enumerate(prepared):
            if basis == 2:
                plain.h(q)
            if basis == 3:
                plain.rx(-np.pi / 2, q)
        plain.cx(0, 1)
        plain.cx(1, 2)
        for q, basis in enumerate(measured):
            if basis == 2:
                plain.h(q)
            if basis == 3:
                plain.rx(np.pi / 2, q)
        plains.append([plain])
    return c, plains, everything(3), {"basis_changes.in": asked, "basis_changes.out": read}


@case
def injected_cliffords():
    c = QuantumCircuit(2)
    with c.box([Twirl(), InjectLocalClifford("frame")]):
        c.noop(0, 1)
        c.cx(0, 1)
    with c.box([Twirl(dressing="right"), InjectLocalClifford("back", dressing="right")]):
        c.noop(0, 1)
        c.cz(0, 1)
    c.measure_all()
    asked = np.array([[5, 23], [8, 14], [0, 17]])
    back = np.array([[11, 2], [20, 9], [4, 13]])
    plains = []
    for one, two in zip(asked, back, strict=True):
        plain = QuantumCircuit(2)
        for q in (0, 1):
            plain.unitary(c1_to_u2()[one[q]], [q])
        plain.cx(0, 1)
        plain.cz(0, 1)
        for q in (0, 1):
            plain.unitary(c1_to_u2()[two[q]], [q])
        plains.append([plain])
    arguments = {"local_cliffords.frame": asked, "local_cliffords.back": back}
    return c, plains, everything(2), arguments


NOISE = PauliLindbladMap.from_sparse_list(
    [("X", [0], 0.05), ("ZY", [0, 1], 0.1), ("Y", [1], 0.2), ("XX", [0, 1], 0.02)], 2
)
INVERSE = PauliLindbladMap.from_sparse_list([("X", [0], -0.1), ("YY", [0, 1], -0.15)], 2)


def noisy_boxes(annotation, where=(0, 1)):
    c = QuantumCircuit(3)
    with c.box([Twirl(), *annotation]):
        c.h(where[0])
        c.rx(0.4, where[1])
        c.cx(*where)
    with c.box([Twirl()]):
        c.sx(0)
        c.cz(0, 2)
        c.rx(0.3, 1)
    tail(c)
    one, two = QuantumCircuit(3), QuantumCircuit(3)
    one.h(where[0])
    one.rx(0.4, where[1])
    one.cx(*where)
    two.sx(0)
    two.cz(0, 2)
    two.rx(0.3, 1)
    return c, one, two


@case
def noise():
    c, one, two = noisy_boxes([InjectNoise("n")])
    return c, [one, (channel(NOISE), (0, 1)), two], everything(3), {"pauli_lindblad_maps.n": NOISE}


@case
def noise_on_turned_qubits():
    """A map goes over the qubits in the order of the circuit, not of the box."""
    c, one, two = noisy_boxes([InjectNoise("n")], (2, 0))
    return c, [one, (channel(NOISE), (0, 2)), two], everything(3), {"pauli_lindblad_maps.n": NOISE}


@case
def noise_before():
    c, _, two = noisy_boxes([InjectNoise("n", "m", site="before")])
    # Noise before the gates that stay is behind the gates on one qubit, which are dressing.
    dressing, kept = QuantumCircuit(3), QuantumCircuit(3)
    dressing.h(0)
    dressing.rx(0.4, 1)
    kept.cx(0, 1)
    steps = [dressing, (channel(NOISE), (0, 1)), kept, two]
    return c, steps, everything(3), {"pauli_lindblad_maps.n": NOISE}


@case
def noise_inverse():
    c, one, two = noisy_boxes([InjectNoise("n", "m")])
    arguments = {"pauli_lindblad_maps.n": INVERSE}
    return c, [one, (channel(INVERSE), (0, 1)), two], everything(3), arguments


@case
def noise_scaled():
    c, one, two = noisy_boxes([InjectNoise("n", "m")])
    scales = np.array([0.0, 1.5, -0.5])
    local = np.array([1.0, 0.5, 2.0, 0.0])
    plains = []
    for scale in scales:
        scaled = NOISE.scale_rates(float(scale))
        rates = scaled.rates * local
        sparse = NOISE.to_sparse_list()
        terms = [(p, i, float(r)) for (p, i, _), r in zip(sparse, rates, strict=True)]
        plains.append([one, (channel(PauliLindbladMap.from_sparse_list(terms, 2)), (0, 1)), two])
    arguments = {
        "pauli_lindblad_maps.n": NOISE,
        "noise_scales.m": scales,
        "local_scales.m": local,
    }
    return c, plains, everything(3), arguments


@case
def decided():
    """What is measured decides what follows: its flip is undone by the reader, not by the gate."""
    c = QuantumCircuit(2, 3)
    with c.box([Twirl()]):
        c.rx(0.9, 0)
        c.rx(0.4, 1)
        c.cx(0, 1)
    with c.box([Twirl(dressing="right")]):
        c.noop(0, 1)
        c.cz(0, 1)
    c.measure(0, 0)
    with c.if_test((0, 1)):
        c.rx(A, 1)
    with c.box([Twirl()]):
        c.noop(0, 1)
        c.sx(1)
        c.cx(0, 1)
    with c.box([Twirl()]):
        c.measure([0, 1], [2, 1])
    found = []
    for a in (0.7, -2.0):
        plain = QuantumCircuit(3)
        plain.rx(0.9, 0)
        plain.rx(0.4, 1)
        plain.cx(0, 1)
        plain.cz(0, 1)
        plain.cx(0, 2)
        plain.crx(a, 0, 1)
        plain.sx(1)
        plain.cx(0, 1)
        found.append([plain])
    return c, found, {0: 2, 1: 1, 2: 0}, {"parameter_values": np.array([[0.7], [-2.0]])}


@case
def measured_between():
    """A twirl that passes a measurement: its phase is drawn anew."""
    c = QuantumCircuit(2, 4)
    with c.box([Twirl()]):
        c.rx(0.9, 0)
        c.rx(2.1, 1)
        c.cx(0, 1)
    with c.box([Twirl()]):
        c.measure([0, 1], [0, 1])
    with c.box([Twirl()]):
        c.sx(0)
        c.h(1)
        c.cx(1, 0)
    with c.box([Twirl()]):
        c.measure([0, 1], [3, 2])
    plain = QuantumCircuit(4)
    plain.rx(0.9, 0)
    plain.rx(2.1, 1)
    plain.cx(0, 1)
    # What was read stays on qubits of its own.
    plain.cx(0, 2)
    plain.cx(1, 3)
    after = QuantumCircuit(4)
    after.sx(0)
    after.h(1)
    after.cx(1, 0)
    return c, [plain, after], {0: 2, 1: 3, 3: 0, 2: 1}, {}


@case
def drawn_by_hand():
    """What `build` never makes: any unitary, any Clifford, and registers that are converted."""
    template = QuantumCircuit(2)
    angles = [Parameter(f"p{k:02}") for k in range(18)]
    for k, qubit in enumerate((0, 0, 0, 1, 1, 1)):
        if k == 2:
            template.rx(0.7, 0)
        dress(template, qubit, angles[3 * k : 3 * k + 3])
    template.measure_all()
    plain = QuantumCircuit(2)
    plain.rx(0.7, 0)
    plain.h(1)
    return (template, by_hand()), [plain], everything(2), {}


def dress(template, qubit, angles):
    for k, angle in enumerate(angles):
        if k:
            template.sx(qubit)
        template.rz(angle, qubit)


def by_hand():
    """A unitary, its inverse and the identity on qubit 0; a Clifford, H and its inverse on 1."""
    samplex = Samplex()
    samplex.add_output(
        TensorSpecification("parameter_values", ("num_randomizations", 18), np.float32)
    )
    u2, c1 = VirtualType.U2, VirtualType.C1
    haar = samplex.add_node(TwirlSamplingNode("u", "v", HaarU2(1)))
    cliffords = samplex.add_node(TwirlSamplingNode("c", "d", UniformC1(1)))
    one = samplex.add_node(ConversionNode("c", c1, "c2", u2, 1, True))
    two = samplex.add_node(ConversionNode("d", c1, "d2", u2, 1, False))
    hadamard = np.array(HGate()).reshape(1, 1, 2, 2)
    turned = samplex.add_node(LeftMultiplicationNode(U2Register(hadamard), "d2"))
    both = {"u": ([0], [0], u2), "v": ([0], [0], u2)}
    empty = samplex.add_node(CombineRegistersNode(u2, "e", 1, both))
    for start, end in ((cliffords, one), (cliffords, two), (two, turned), (haar, empty)):
        samplex.add_edge(start, end)
    written = [("u", haar), ("v", haar), ("e", empty), ("c2", one), ("d2", turned), ("e", empty)]
    for k, (name, start) in enumerate(written):
        places = [[3 * k, 3 * k + 1, 3 * k + 2]]
        node = CollectTemplateValues("parameter_values", places, name, u2, [0], RzSxSynth())
        samplex.add_edge(start, samplex.add_node(node))
    samplex.finalize()
    # samplomatic 0.21 writes a conversion only if its number is text, which it reads as a number.
    for node in samplex.graph.nodes():
        if isinstance(node, ConversionNode):
            node.num_subsystems = str(node.num_subsystems)
    return samplex


@case
def alone():
    """Nothing is drawn: an empty samplex."""
    c = QuantumCircuit(1)
    c.h(0)
    c.measure_all()
    plain = QuantumCircuit(1)
    plain.h(0)
    return c, [plain], {0: 0}, {}
