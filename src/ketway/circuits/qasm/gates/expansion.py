"""From a call of a gate to the gates of the circuit.

Definitions inside definitions are walked with a stack of our own. What a call costs is checked
before it is walked, so the walk needs no checks: a definition that doubles another sixty times is
refused without being expanded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from ketway.circuits.circuit import Builder
from ketway.circuits.gates import Kind, Matrices
from ketway.circuits.qasm.arithmetic import LARGEST_INTEGER, cannot_compute
from ketway.circuits.qasm.expressions import Expression
from ketway.circuits.qasm.gates.gate import Call, Definition, Gate, Primitive, by_matrix
from ketway.circuits.qasm.gates.powers import (
    fractional_power,
    integer_power,
    matrix,
    matrix_power,
    power_of,
)
from ketway.circuits.qasm.limits import MOST_CONTROLS


class ExpansionError(Exception):
    """A call cannot be expanded; the reader adds where the call is."""


@dataclass(slots=True)
class _Frame:
    """One definition, or one run of single gates, that is being walked."""

    calls: Iterator[Call]
    params: Sequence[float]
    qubits: Sequence[int]
    controls: tuple[int, ...] = ()
    inverted: bool = False


def evaluate(expressions: Sequence[Expression], params: Sequence[float]) -> tuple[float, ...]:
    """Values of parameters, all finite."""
    values = []
    for expression in expressions:
        try:
            value = expression.value(params)
            finite = math.isfinite(value)
        except (ArithmeticError, ValueError) as reason:
            raise ExpansionError(cannot_compute("an expression", reason)) from None
        if not finite:
            raise ExpansionError("A parameter is too large for a double-precision number.")
        values.append(float(value))
    return tuple(values)


def combined(exponents: Sequence[float]) -> list[float]:
    """Fewer exponents that mean the same, the one nearest to the gate first.

    A whole power of a power multiplies the exponents. A fractional power of a power does not:
    the square root of the square of x is the identity.
    """
    result: list[float] = []
    for exponent in exponents:
        if abs(exponent) > LARGEST_INTEGER:
            raise ExpansionError("An exponent of `pow` is larger than 64 bits: use a smaller one.")
        if result and float(exponent).is_integer():
            result[-1] *= exponent
        else:
            result.append(exponent)
        if abs(result[-1]) > LARGEST_INTEGER:
            raise ExpansionError("The exponents of `pow` multiply to more than 64 bits.")
    return [e for e in result if e != 1] if len(result) > 1 else result


class Expansion:
    """Adds calls to a builder; phases of definitions are summed, and belong at the end."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.phase = 0.0
        """Of the whole circuit: it can be seen in no measurement, but a state has it."""

    def add(
        self,
        gate: Gate,
        params: Sequence[float],
        qubits: Sequence[int],
        polarities: Sequence[bool] = (),
        exponents: Sequence[float] = (),
    ) -> None:
        """Add one call, expanded."""
        stack: list[_Frame] = []
        self._enter(stack, gate, params, qubits, (), polarities, exponents)
        while stack:
            frame = stack[-1]
            call = next(frame.calls, None)
            if call is None:
                stack.pop()
                continue
            own = [frame.qubits[place] for place in call.operands]
            arguments = evaluate(call.arguments, frame.params)
            powers: Sequence[float] = ()
            if call.exponents or frame.inverted:
                powers = [_exponent(e, frame.params) for e in call.exponents]
                if frame.inverted:
                    powers.append(-1)
            self._enter(stack, call.gate, arguments, own, frame.controls, call.polarities, powers)

    def _enter(
        self,
        stack: list[_Frame],
        gate: Gate,
        params: Sequence[float],
        qubits: Sequence[int],
        outer: tuple[int, ...],
        polarities: Sequence[bool],
        exponents: Sequence[float],
    ) -> None:
        """Add a primitive gate, or put a definition on the stack."""
        controls = outer
        if polarities:
            own = qubits[: len(polarities)]
            qubits = qubits[len(polarities) :]
            controls = (*outer, *own)
            flipped = [q for q, on in zip(own, polarities, strict=True) if not on]
            if flipped:
                # Acting where a control is 0 is acting where it is 1 between two flips of it.
                for qubit in flipped:
                    self.builder.add(Kind.X, (qubit,))
                flips = (Call(_X, (), operands=(place,)) for place in range(len(flipped)))
                stack.append(_Frame(flips, (), flipped))
        powers = combined(exponents) if exponents else ()
        if isinstance(gate, Primitive):
            self._primitive(gate, tuple(params), qubits, controls, powers)
        else:
            self._definition(stack, gate, params, qubits, controls, powers)

    def _definition(
        self,
        stack: list[_Frame],
        gate: Definition,
        params: Sequence[float],
        qubits: Sequence[int],
        controls: tuple[int, ...],
        powers: Sequence[float],
    ) -> None:
        if not by_matrix(gate, powers):
            times = int(powers[0]) if powers else 1
            body = gate.body if times > 0 else gate.body[::-1]
            calls = chain.from_iterable(repeat(body, abs(times)))
            stack.append(_Frame(calls, params, qubits, controls, times < 0))
            return
        if gate.qubits != 1:
            raise ExpansionError(
                f"`{gate.name}` acts on {gate.qubits} qubits, and only one-qubit definitions have "
                "fractional powers here: apply `pow` to the gates inside it."
            )
        self._root(_matrix_of(gate, params), qubits, controls, powers)

    def _primitive(
        self,
        gate: Primitive,
        params: tuple[float, ...],
        qubits: Sequence[int],
        controls: tuple[int, ...],
        powers: Sequence[float],
    ) -> None:
        if gate.controls:
            controls = (*controls, *qubits[: gate.controls])
            qubits = qubits[gate.controls :]
        if len(controls) > MOST_CONTROLS:
            raise ExpansionError(
                f"A gate has {len(controls):,} controls here; at most {MOST_CONTROLS} are possible."
            )
        kind = gate.kind
        if len(powers) > 1 and len(qubits) == 1:
            self._root(matrix(kind, params), qubits, controls, powers)
            return
        pieces, phase = [(kind, params)], 0.0
        for power in powers:
            if len(pieces) != 1 or phase:
                if not pieces and not phase:
                    return
                raise ExpansionError(
                    "A power of a fractional power of this gate is no gate here: "
                    "use one `pow` with one exponent."
                )
            kind, params = pieces[0]
            if float(power).is_integer():
                pieces, phase = integer_power(kind, params, int(power))
            else:
                try:
                    pieces, phase = fractional_power(kind, params, power)
                except ValueError as reason:
                    raise ExpansionError(
                        f"{reason}: use a whole number, or gates that have them."
                    ) from None
        for kind, params in pieces:
            if kind == Kind.GLOBAL_PHASE:
                phase += params[0]
            else:
                self.builder.add(kind, qubits, params, controls)
        if phase:
            self.add_phase(phase, controls)

    def _root(
        self,
        unitary: Matrices,
        qubits: Sequence[int],
        controls: tuple[int, ...],
        powers: Sequence[float],
    ) -> None:
        """Powers of powers of a one-qubit gate, by its matrix."""
        for power in powers[:-1]:
            unitary = power_of(unitary, power)
        pieces, phase = matrix_power(unitary, powers[-1])
        for kind, params in pieces:
            self.builder.add(kind, qubits, params, controls)
        self.add_phase(phase, controls)

    def add_phase(self, phase: float, controls: tuple[int, ...]) -> None:
        """A phase where all controls are 1 is a phase gate on the last of them."""
        if controls:
            self.builder.add(Kind.PHASE, controls[-1:], (phase,), controls[:-1])
        else:
            self.phase += phase


_X = Primitive(Kind.X)


def _exponent(expression: Expression, params: Sequence[float]) -> float:
    known = expression.known
    if known is not None:
        return known
    return evaluate((expression,), params)[0]


def _matrix_of(gate: Definition, params: Sequence[float]) -> Matrices:
    """The matrix of a definition on one qubit."""
    scratch = Builder(1)
    expansion = Expansion(scratch)
    expansion.add(gate, params, (0,))
    product: Matrices = np.eye(2) * np.exp(1j * expansion.phase)
    place = 0
    for kind, end in zip(scratch.kinds, scratch.param_ends, strict=True):
        product = matrix(Kind(kind), tuple(scratch.params[place:end])) @ product
        place = end
    return product
