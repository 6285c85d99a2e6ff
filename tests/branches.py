"""A second opinion on classical control: every branch followed, one gate at a time, with numpy.

Expressions are evaluated with whole numbers of Python, and a sign is put in at the last moment, so
nothing here is shared with the compiled core. Noise is Pauli errors after gates, and misreading.
"""

from __future__ import annotations

import itertools

import numpy as np
from tests.reference import Array, Step, _depolarised, _start, apply, noise_sites, steps_of
from tests.reference import X as FLIP

from ketway.circuits.circuit import Circuit
from ketway.circuits.control import Op
from ketway.circuits.gates import Kind

Bits = tuple[int, ...]
WORD = 1 << 64


def value_of(code: list[int], bits: Bits) -> int:
    """What an expression is, from 0 to 2**64 - 1."""
    stack: list[int] = []
    words = iter(code)
    for word in words:
        op = Op(word)
        if op is Op.BIT:
            stack.append(bits[next(words)])
        elif op is Op.BITS:
            stack.append(sum(bits[next(words)] * 2**k for k in range(next(words))))
        elif op is Op.NUMBER:
            low, high = next(words), next(words)
            stack.append(low % 2**32 + high % 2**32 * 2**32)
        elif op is Op.NOT:
            stack.append(WORD - 1 - stack.pop())
        elif op is Op.IS_ZERO:
            stack.append(int(stack.pop() == 0))
        elif op is Op.LOW:
            stack.append(stack.pop() % 2 ** next(words))
        elif op is Op.SIGNED:
            width = next(words)
            low = stack.pop() % 2**width
            stack.append((low - 2**width if low >= 2 ** (width - 1) else low) % WORD)
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(_two(op, left, right) % WORD)
    (value,) = stack
    return value


def _signed(value: int) -> int:
    return value - WORD if value >= WORD // 2 else value


def _two(op: Op, a: int, b: int) -> int:
    match op:
        case Op.AND:
            return a & b
        case Op.OR:
            return a | b
        case Op.XOR:
            return a ^ b
        case Op.ADD:
            return a + b
        case Op.SUBTRACT:
            return a - b
        case Op.MULTIPLY:
            return a * b
        case Op.DIVIDE:
            return a // b if b else 0
        case Op.REMAINDER:
            return a % b if b else 0
        case Op.LEFT:
            return a << b if b < 64 else 0
        case Op.RIGHT:
            return a >> b if b < 64 else 0
        case Op.EQUAL:
            return int(a == b)
        case Op.LESS:
            return int(a < b)
        case Op.AT_MOST:
            return int(a <= b)
        case Op.LESS_SIGNED:
            return int(_signed(a) < _signed(b))
        case Op.AT_MOST_SIGNED:
            return int(_signed(a) <= _signed(b))
    raise ValueError(op)


def codes_of(circuit: Circuit) -> list[list[int]]:
    s = circuit.structure
    ends = s.expression_starts.tolist()
    words = s.expressions.tolist()
    return [words[a:b] for a, b in itertools.pairwise(ends)]


def distribution(
    circuit: Circuit,
    one: float = 0.0,
    two: float = 0.0,
    readout: float = 0.0,
    floor: float = 1e-13,
) -> dict[int, float]:
    """Every outcome with its probability, from density matrices; branches whose weight is not above
    `floor` are left out, so loops that may go on for ever end."""
    s, n = circuit.structure, circuit.qubits
    steps, codes = list(steps_of(circuit)), codes_of(circuit)
    start = _start(n)
    waiting: dict[tuple[int, Bits], Array] = {
        (0, (0,) * (s.bits + s.memory)): np.multiply.outer(start, start.conj())
    }
    totals: dict[int, float] = {}
    while waiting:
        at, bits = key = min(waiting)
        rho = waiting.pop(key)
        if at == len(steps):
            _read(circuit, bits, rho, readout, totals)
            continue
        for place, after, followed in _follow(steps[at], at, bits, rho, n, codes, readout):
            new = followed
            for site in noise_sites(steps[at]) if steps[at].kind not in CONTROL else ():
                new = _depolarised(new, site, one if len(site) == 1 else two, n)
            if abs(np.einsum(new, list(range(n)) * 2)) > floor:
                old = waiting.get((place, after))
                waiting[place, after] = new if old is None else old + new
    return {o: p for o, p in sorted(totals.items()) if p > 1e-12}


CONTROL = (Kind.JUMP, Kind.ASSIGN)


def _follow(
    step: Step, at: int, bits: Bits, rho: Array, n: int, codes: list[list[int]], readout: float
) -> list[tuple[int, Bits, Array]]:
    if step.kind == Kind.JUMP:
        expression, target = step.operands
        goes = expression < 0 or value_of(codes[expression], bits) == 0
        return [(target if goes else at + 1, bits, rho)]
    if step.kind == Kind.ASSIGN:
        *written, expression = step.operands
        value, after = value_of(codes[expression], bits), list(bits)
        for place, bit in enumerate(written):
            after[bit] = value >> place & 1
        return [(at + 1, tuple(after), rho)]
    if step.kind not in (Kind.MEASURE, Kind.RESET):
        return [(at + 1, bits, _both(rho, step.unitary(), step.operands, n))]
    qubit = step.operands[0]
    halves = [_both(rho, np.diag([1 - v, v]).astype(complex), [qubit], n) for v in (0, 1)]
    if step.kind == Kind.RESET:
        return [(at + 1, bits, halves[0] + _both(halves[1], FLIP, [qubit], n))]
    found = []
    for value in (0, 1):
        for read, odds in ((value, 1 - readout), (1 - value, readout)):
            after = list(bits)
            after[step.operands[1]] = read
            if odds:
                found.append((at + 1, tuple(after), odds * halves[value]))
    return found


def _both(rho: Array, matrix: Array, qubits: list[int], n: int) -> Array:
    return apply(apply(rho, matrix, qubits), matrix.conj(), [n + q for q in qubits])


def _read(
    circuit: Circuit, bits: Bits, rho: Array, readout: float, totals: dict[int, float]
) -> None:
    s, n = circuit.structure, circuit.qubits
    chances = np.einsum(rho, list(range(n)) * 2, list(range(n))).real
    if s.measured:
        outcome = sum(bit << place for place, bit in enumerate(bits[: s.bits]))
        totals[outcome] = totals.get(outcome, 0.0) + float(chances.sum())
        return
    flip = np.array([[1 - readout, readout], [readout, 1 - readout]], dtype=complex)
    for q in range(n):
        chances = apply(chances.astype(complex), flip, [q]).real
    for index in np.ndindex(*chances.shape):
        outcome = sum(bit << qubit for qubit, bit in enumerate(index))
        totals[outcome] = totals.get(outcome, 0.0) + float(chances[index])
