"""From a call of a gate to the gates of the circuit.

Definitions inside definitions are walked with a stack of our own. What a call costs is checked
before it is walked, so the walk needs no checks: a definition that doubles another sixty times is
refused without being expanded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from ketway.circuits.circuit import Builder
from ketway.circuits.formulas import Formula, FormulaError
from ketway.circuits.gates import Kind, Matrices
from ketway.circuits.qasm.arithmetic import LARGEST_INTEGER
from ketway.circuits.qasm.expressions import Expression
from ketway.circuits.qasm.gates.angles import Angle, ExpansionError, Open, evaluate
from ketway.circuits.qasm.gates.gate import Call, Definition, Gate, Primitive, by_matrix
from ketway.circuits.qasm.gates.powers import (
    Piece,
    fractional_power,
    integer_power,
    matrix,
    matrix_power,
    open_power,
    power_of,
)
from ketway.circuits.qasm.limits import DEFAULT_LIMITS, MOST_CONTROLS, Limits


@dataclass(slots=True)
class _Frame:
    """One definition, or one run of single gates, that is being walked."""

    calls: Iterator[Call]
    params: Sequence[Angle]
    qubits: Sequence[int]
    controls: tuple[int, ...] = ()
    inverted: bool = False


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

    def __init__(self, builder: Builder, limits: Limits = DEFAULT_LIMITS) -> None:
        self.builder, self.limits = builder, limits
        self.phase = 0.0
        """Of the whole circuit: it can be seen in no measurement, but a state has it."""
        self.phases: list[Formula] = []
        """The same, where it depends on inputs."""
        self.open: list[tuple[int, Formula]] = []
        """Places of parameters that depend on inputs, ascending, and what they are."""
        self._spent = 0

    def afford(self, size: int) -> None:
        """Refuse a formula before it is made, if it or all of them are too large."""
        self._spent += size
        if size > self.limits.terms:
            raise ExpansionError(
                f"An angle has more than {self.limits.terms:,} terms when the definitions it goes "
                "through are expanded: give the sum an `input` of its own."
            )
        if self._spent > self.limits.work:
            raise ExpansionError(
                "Angles that depend on an `input` have too many terms in all: give what is used "
                "often an `input` of its own."
            )

    def opened(self, angles: Open) -> tuple[float, ...]:
        """Keep what open angles are, for the gate that comes next; gives the parameters that the
        structure has in their place."""
        start = len(self.builder.params)
        self.open += [(start + k, a) for k, a in enumerate(angles) if isinstance(a, Formula)]
        return tuple(constant_of(angle) for angle in angles)

    def gate(
        self,
        kind: Kind,
        targets: Sequence[int],
        angles: Sequence[Angle] = (),
        controls: Sequence[int] = (),
    ) -> None:
        """Add one gate, whose angles may be open."""
        if isinstance(angles, Open):
            angles = self.opened(angles)
        self.builder.add(kind, targets, angles, controls)  # type: ignore[arg-type]

    def forget(self, params: int, phase: float, phases: int) -> None:
        """Go back to where the circuit had so many parameters, this phase and so many open ones."""
        while self.open and self.open[-1][0] >= params:
            self.open.pop()
        self.phase = phase
        del self.phases[phases:]

    def finish(self) -> None:
        """Add the phase of the whole circuit."""
        if self.phase and not self.phases:
            self.builder.add(Kind.GLOBAL_PHASE, (), (self.phase,))
        elif self.phases:
            linear: dict[bytes, float] = {}
            total = Formula(self.phase, linear)
            for phase in self.phases:
                if not phase.code:
                    total = Formula(total.constant + phase.constant, linear)
                    for symbol, factor in phase.linear.items():
                        linear[symbol] = linear.get(symbol, 0.0) + factor
            code = [word for phase in self.phases if phase.code for word in (*phase.code, "add")]
            if code:
                total = Formula(code=(*total.as_code(), *code))
            self.gate(Kind.GLOBAL_PHASE, (), Open((total,)))

    def add(
        self,
        gate: Gate,
        params: Sequence[Angle],
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
            arguments = evaluate(call.arguments, frame.params, self.afford)
            powers: Sequence[float] = ()
            if call.exponents or frame.inverted:
                powers = [*self.exponents(call.exponents, frame.params)]
                if frame.inverted:
                    powers.append(-1)
            self._enter(stack, call.gate, arguments, own, frame.controls, call.polarities, powers)

    def _enter(
        self,
        stack: list[_Frame],
        gate: Gate,
        params: Sequence[Angle],
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
            self._primitive(gate, params, qubits, controls, powers)
        else:
            self._definition(stack, gate, params, qubits, controls, powers)

    def _definition(
        self,
        stack: list[_Frame],
        gate: Definition,
        params: Sequence[Angle],
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
        if isinstance(params, Open):
            raise ExpansionError(
                f"Such a power of `{gate.name}` cannot be computed where an angle depends on an "
                "`input`: apply `pow` to the gates inside it, or write it out."
            )
        self._root(_matrix_of(gate, _floats(params)), qubits, controls, powers)

    def _primitive(
        self,
        gate: Primitive,
        params: Sequence[Angle],
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
        if isinstance(params, Open):
            self._open_primitive(kind, params, qubits, controls, powers)
            return
        numbers = _floats(params)
        if len(powers) > 1 and len(qubits) == 1:
            self._root(matrix(kind, numbers), qubits, controls, powers)
            return
        pieces, phase = _powers(kind, numbers, powers)
        for kind, angles in pieces:
            if kind == Kind.GLOBAL_PHASE:
                phase += angles[0]
            else:
                self.builder.add(kind, qubits, angles, controls)
        if phase:
            self.add_phase(phase, controls)

    def _open_primitive(
        self,
        kind: Kind,
        params: Open,
        qubits: Sequence[int],
        controls: tuple[int, ...],
        powers: Sequence[float],
    ) -> None:
        for power in powers:
            if not float(power).is_integer() or len(powers) > 1:
                raise ExpansionError(
                    "A fractional power of a gate cannot be computed where its angle depends on an "
                    "`input`: multiply the angle instead."
                )
        if powers:
            self.afford(sum(angle.size for angle in params if isinstance(angle, Formula)))
        try:
            gates = open_power(kind, params, int(powers[0]) if powers else 1)
        except FormulaError:
            raise ExpansionError(
                "A parameter is too large for a double-precision number."
            ) from None
        except ValueError as reason:
            raise ExpansionError(f"{reason}: write it out.") from None
        for angles in gates:
            if kind == Kind.GLOBAL_PHASE:
                self.add_phase(angles[0], controls)
            else:
                self.gate(kind, qubits, angles, controls)

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

    def add_phase(self, phase: Angle, controls: tuple[int, ...]) -> None:
        """A phase where all controls are 1 is a phase gate on the last of them."""
        if controls:
            angles = Open((phase,)) if isinstance(phase, Formula) else (phase,)
            self.gate(Kind.PHASE, controls[-1:], angles, controls[:-1])
        elif isinstance(phase, Formula):
            self.phases.append(phase)
        else:
            self.phase += phase

    def exponents(
        self, expressions: Sequence[Expression], params: Sequence[Angle]
    ) -> tuple[float, ...]:
        """Of `pow`: they must be known."""
        found = evaluate(expressions, params, self.afford)
        if isinstance(found, Open):
            raise ExpansionError(
                "The exponent of `pow` must be known before the program runs, and it depends on an "
                "`input`: write a number or a `const`."
            )
        return _floats(found)


_X = Primitive(Kind.X)


def constant_of(angle: Angle) -> float:
    """What it is where all inputs are 0, if it is a sum; what it is, if it is known."""
    if isinstance(angle, Formula):
        return 0.0 if angle.code else angle.constant
    return angle


def _floats(angles: Sequence[Angle]) -> tuple[float, ...]:
    return tuple(angles)  # type: ignore[arg-type]


def _powers(
    kind: Kind, params: tuple[float, ...], powers: Sequence[float]
) -> tuple[list[Piece], float]:
    """Powers of a power of one gate."""
    pieces, phase = [(kind, params)], 0.0
    for power in powers:
        if len(pieces) != 1 or phase:
            if not pieces and not phase:
                break
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
    return pieces, phase


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
