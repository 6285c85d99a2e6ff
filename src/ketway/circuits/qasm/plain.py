"""The hot path: statements such as `rz(0.5) q[4];`, `cx q[0],q[1];` and `c[0] = measure q[0];`.

Nearly every statement of a large program has one of these forms. They are read by one regular
expression each, without making words of them. Whatever is unusual in any way, above all whatever
is wrong, is left to the reader of statements, which stands at the same offset and says what it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from ketway.circuits.circuit import Builder
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qasm.errors import QasmError
from ketway.circuits.qasm.expressions import (
    LONGEST_LITERAL,
    Expression,
    Scope,
    read_expression,
)
from ketway.circuits.qasm.gates.angles import Angle, ExpansionError, Open, evaluate, half, negated
from ketway.circuits.qasm.gates.expansion import Expansion
from ketway.circuits.qasm.gates.gate import Definition, Gate, Opaque, Primitive
from ketway.circuits.qasm.gates.library import builtin
from ketway.circuits.qasm.lexer import Lexer
from ketway.circuits.qasm.limits import MOST_CONTROLS
from ketway.circuits.qasm.registers import HARDWARE, Selection

_BIT: Final = r"([A-Za-z_][A-Za-z0-9_]*)\[([0-9]{1,9})\]"
_ANGLE: Final = r"[-+*/0-9A-Za-z_\u0370-\u03ff., ]*"
_ANGLES: Final = rf"\(({_ANGLE}(?:\({_ANGLE}\){_ANGLE})*)\)"
"""Arithmetic, with parentheses that are not nested."""


def _qubit(group: int) -> str:
    """`q[3]` or `$3`: two groups, of which the first is empty for a qubit of a machine."""
    return rf"(?:([A-Za-z_][A-Za-z0-9_]*)\[|\$)([0-9]{{1,9}})(?({group})\])"


_GATE: Final = re.compile(
    rf"([A-Za-z_][A-Za-z0-9_]*)(?:[ ]+|[ ]*{_ANGLES}[ ]*)"
    + _qubit(3)
    + rf"(?:[ ]*,[ ]*{_qubit(5)})?(?:[ ]*,[ ]*{_qubit(7)})?[ ]*;\s*"
)
_ANY_QUBIT: Final = r"(?:[A-Za-z_][A-Za-z0-9_]*\[[0-9]{1,9}\]|\$[0-9]{1,9})"
_CONTROLLED: Final = re.compile(
    r"(inv @ )?(?:ctrl(?:\(([0-9]{1,3})\))? @ )?"
    rf"([A-Za-z_][A-Za-z0-9_]*)(?:[ ]+|[ ]*{_ANGLES}[ ]*)"
    rf"({_ANY_QUBIT}(?:[ ]*,[ ]*{_ANY_QUBIT})*)[ ]*;\s*"
)
_ONE_QUBIT: Final = re.compile(_qubit(1))
_MEASURE: Final = re.compile(
    rf"(?:measure[ ]+{_qubit(1)}[ ]*->[ ]*{_BIT}|{_BIT}[ ]*=[ ]*measure[ ]+{_qubit(7)})[ ]*;\s*"
)


class PlainStatements:
    """Reads runs of plain statements into a builder."""

    def __init__(
        self,
        lexer: Lexer,
        builder: Builder,
        expansion: Expansion,
        gates: Mapping[str, Gate | Opaque],
        qubits: Mapping[str, Selection],
        bits: Mapping[str, Selection],
        scope: Scope,
    ) -> None:
        self.lexer = lexer
        self.builder = builder
        self.expansion = expansion
        self.gates = gates
        self.qubits = qubits
        self.bits = bits
        self.scope = scope
        self.limits = scope.limits
        self._u = builtin(3)["U"]
        self._numbers: dict[str, tuple[Angle, ...]] = {"": ()}

    def forget(self) -> None:
        """A new constant may have the name of an old one: compute parameters afresh."""
        self._numbers = {"": ()}

    def read(self, work: int) -> int:
        """Read as many as follow each other; gives the work that is spent then."""
        text, at = self.lexer.text, self.lexer.at
        gates, qubits = self.gates, self.qubits
        builder, numbers = self.builder, self._numbers
        kinds, controls = builder.kinds, builder.controls
        operands, operand_ends = builder.operands, builder.operand_ends
        params, param_ends = builder.params, builder.param_ends
        most_gates, most_work = self.limits.gates, self.limits.work
        match_gate = _GATE.match
        while True:
            match = match_gate(text, at)
            if match is None:
                after = self._measure(at)
                if after == at:
                    after = self._controlled(at)
                if after == at:
                    break
                at = after
                continue
            name, values, r0, i0, r1, i1, r2, i2 = match.groups()
            gate = gates.get(name)
            if gate is None:
                break
            # Operands: each must be an index into a register.
            first = qubits.get(r0 or HARDWARE)
            if first is None or first.single:
                break
            place = int(i0)
            if place >= len(first.indices):
                break
            chosen = [first.indices[place]]
            if i1 is not None:
                second = qubits.get(r1 or HARDWARE)
                if second is None or second.single:
                    break
                place = int(i1)
                if place >= len(second.indices):
                    break
                other = second.indices[place]
                if other == chosen[0]:
                    break
                chosen.append(other)
                if i2 is not None:
                    third = qubits.get(r2 or HARDWARE)
                    if third is None or third.single:
                        break
                    place = int(i2)
                    if place >= len(third.indices):
                        break
                    other = third.indices[place]
                    if other in chosen:
                        break
                    chosen.append(other)
            given = numbers.get(values or "")
            if given is None:
                given = self._values(values)
                if given is None:
                    break
                numbers[values] = given
            if len(given) != gate.params or len(chosen) != gate.qubits:
                break
            if type(gate) is Primitive:
                if len(kinds) >= most_gates:
                    break
                kinds.append(gate.kind)
                controls.append(gate.controls)
                operands.extend(chosen)
                operand_ends.append(len(operands))
                if given:
                    if type(given) is Open:
                        given = self.expansion.opened(given)
                    params.extend(given)  # type: ignore[arg-type]
                param_ends.append(len(params))
            elif gate is self._u:
                # The most frequent definition of all: the phase is what it adds to the gate.
                if len(kinds) >= most_gates:
                    break
                self.expansion.gate(Kind.U, chosen, given)
                self.expansion.add_phase(half(given[0]), ())
            elif type(gate) is Definition:
                work += gate.work
                if len(kinds) + gate.gates > most_gates or work > most_work:
                    work -= gate.work
                    break
                try:
                    self.expansion.add(gate, given, chosen)
                except ExpansionError as reason:
                    raise self.lexer.error(str(reason), at) from None
            else:
                break
            at = match.end()
        self.lexer.seek(at)
        return work

    def _measure(self, at: int) -> int:
        """Read one measurement of a qubit into a bit; gives the same offset if there is none."""
        match = _MEASURE.match(self.lexer.text, at)
        if match is None or len(self.builder.kinds) >= self.limits.gates:
            return at
        groups = match.groups()
        (qubit, qubit_at), (bit, bit_at) = (
            (groups[0:2], groups[2:4]) if groups[1] is not None else (groups[6:8], groups[4:6])
        )
        source, target = self.qubits.get(qubit or HARDWARE), self.bits.get(bit)
        if source is None or target is None or source.single or target.single:
            return at
        first, second = int(qubit_at), int(bit_at)
        if first >= len(source.indices) or second >= len(target.indices):
            return at
        self.builder.add(Kind.MEASURE, (source.indices[first], target.indices[second]))
        return match.end()

    def _controlled(self, at: int) -> int:
        """Read one gate with `ctrl` or `inv`, or with many operands; gives the same offset if it is
        none."""
        match = _CONTROLLED.match(self.lexer.text, at)
        if match is None or len(self.builder.kinds) >= self.limits.gates:
            return at
        inverted, number, name, values, operands = match.groups()
        gate = self.gates.get(name)
        before = at if inverted is None else match.end(1)
        if type(gate) is not Primitive or (match.start(3) > at and self.scope.version == 2):
            return at
        controls = gate.controls + (int(number or 1) if match.start(3) > before else 0)
        places = _ONE_QUBIT.findall(operands)
        given = self._numbers.get(values or "")
        if given is None:
            given = self._values(values)
        if (
            given is None
            or len(given) != gate.params
            or number in ("0", "00", "000")
            or gate.kind == Kind.GLOBAL_PHASE
            or controls > MOST_CONTROLS
            or len(places) != controls + gate.qubits - gate.controls
        ):
            return at
        chosen: list[int] = []
        for register, index in places:
            selection, place = self.qubits.get(register or HARDWARE), int(index)
            if selection is None or selection.single or place >= len(selection.indices):
                return at
            chosen.append(selection.indices[place])
        if len(set(chosen)) < len(chosen):
            return at
        kind: Kind = gate.kind
        if inverted is not None:
            row = GATES[kind]
            if kind == Kind.NOP:
                return at
            if row.inverse is not None:
                kind = row.inverse
            elif row.negated:
                given = negated(given)
            else:
                return at
        self.expansion.gate(kind, chosen[controls:], given, chosen[:controls])
        return match.end()

    def _values(self, text: str) -> tuple[Angle, ...] | None:
        """Numbers between commas; None if they are anything but plain arithmetic."""
        if len(text) > LONGEST_LITERAL:
            return None
        try:
            found = tuple(map(float, text.split(",")))
        except ValueError:
            return self._arithmetic(text) if "(" in text else self._one_by_one(text)
        return found if all(map(math.isfinite, found)) else None

    def _one_by_one(self, text: str) -> tuple[Angle, ...] | None:
        """Each for itself: of `pi/2, 0.4173, -pi` a program has the first and the last often."""
        found: list[Angle] = []
        open_ = False
        for part in text.split(","):
            given = self._numbers.get(part) if part else None
            if given is None:
                try:
                    given = (float(part),)
                except ValueError:
                    given = self._arithmetic(part)
                    if given is None:
                        return None
                    self._numbers[part] = given
                else:
                    if not math.isfinite(given[0]):
                        return None
            open_ = open_ or type(given) is Open
            found += given
        return Open(found) if open_ else tuple(found)

    def _arithmetic(self, text: str) -> tuple[Angle, ...] | None:
        """Such as `pi/2, -theta`. What may be a comment is left to the reader of statements."""
        if "//" in text or "/*" in text:
            return None
        lexer = Lexer(text)
        found: list[Expression] = []
        try:
            while True:
                found.append(read_expression(lexer, self.scope))
                if lexer.peek().sort == "end":
                    break
                lexer.expect(",", "between parameters")
            return evaluate(found, (), self.expansion.afford)
        except (QasmError, ExpansionError):
            return None
