"""Gates on their way into a circuit: with angles that may be open, and undone or repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketway.circuits.circuit import Builder, Circuit, Register
from ketway.circuits.formulas import Formula, scaled
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.limits import MOST_CONTROLS
from ketway.circuits.qpy.parsed import Reading
from ketway.circuits.template import Template


@dataclass(frozen=True, slots=True)
class Gate:
    kind: Kind
    targets: tuple[int, ...]
    angles: tuple[Formula, ...]
    controls: tuple[int, ...]


class Gathering:
    """Takes gates, and makes a template of them."""

    def __init__(self, reading: Reading, qubits: int, bits: int) -> None:
        self.reading = reading
        self.builder = Builder(qubits, bits)
        self.open: list[tuple[int, Formula]] = []
        """Places of parameters that are not known, and what they are."""
        self.phase = 0.0
        self.where = ""
        self._aside: list[list[Gate]] = []
        """Gates that are being collected, to be undone or repeated; the innermost last."""

    # -- gates ----------------------------------------------------------------------------------

    def gate(
        self,
        kind: Kind,
        targets: Sequence[int],
        angles: Sequence[Formula] = (),
        controls: Sequence[int] = (),
    ) -> None:
        if kind is Kind.GLOBAL_PHASE and controls:
            # A phase where all controls are 1 is a phase of the last, under the others.
            kind, targets, controls = Kind.PHASE, controls[-1:], controls[:-1]
        if len(controls) > MOST_CONTROLS:
            raise QpyError(
                f"it has {len(controls)} controls, and a gate has at most {MOST_CONTROLS}.",
                self.where,
            )
        self.add(Gate(kind, tuple(targets), tuple(angles), tuple(controls)))

    def add(self, gate: Gate) -> None:
        if self._aside:
            self.reading.afford(1, self.where)
            self._aside[-1].append(gate)
            return
        self.afford()
        if gate.kind is Kind.GLOBAL_PHASE and gate.angles[0].known:
            self.phase += gate.angles[0].constant
            return
        start = len(self.builder.params)
        for place, angle in enumerate(gate.angles, start):
            if not angle.known:
                self.open.append((place, angle))
        constants = [0.0 if angle.code else angle.constant for angle in gate.angles]
        self.builder.add(gate.kind, gate.targets, constants, gate.controls)

    def afford(self) -> None:
        """One more gate."""
        if len(self.builder.kinds) >= self.reading.limits.instructions:
            raise QpyError(
                f"the circuit has more than {self.reading.limits.instructions:,} gates when its "
                "definitions and loops are expanded: split it.",
                self.where,
            )
        self.reading.afford(1, self.where)

    # -- undone and repeated ----------------------------------------------------------------------

    @property
    def collecting(self) -> bool:
        return bool(self._aside)

    def collect(self) -> None:
        """What follows is kept aside until `collected`."""
        self._aside.append([])

    def collected(self) -> list[Gate]:
        return self._aside.pop()

    # -- the end ----------------------------------------------------------------------------------

    def template(
        self, name: str, registers: tuple[Register, ...], bound: set[bytes], also: set[bytes]
    ) -> Template:
        """`bound` are variables of loops, which are no parameters of the circuit. Qiskit's order is
        by name, elements of a vector by their place in it."""
        if self.phase:
            self.builder.add(Kind.GLOBAL_PHASE, (), (self.phase,))
        circuit: Circuit = self.builder.circuit(registers)
        symbols = set(also)
        for _, formula in self.open:
            symbols |= formula.symbols()
        symbols -= bound
        names = self.reading.names
        order = sorted(symbols, key=lambda one: (names[one][1], one))
        named = [(symbol, names[symbol][0]) for symbol in order]
        return Template.opened(name, circuit, self.open, named)


def undone(gate: Gate) -> Gate | None:
    """The gate that undoes it, if there is one."""
    row = GATES[gate.kind]
    if row.inverse is not None:
        return Gate(row.inverse, gate.targets, gate.angles, gate.controls)
    if row.negated:
        angles = tuple(scaled(angle, -1.0) for angle in gate.angles)
        return Gate(gate.kind, gate.targets, angles, gate.controls)
    if gate.kind is Kind.U:
        theta, phi, lam = (scaled(angle, -1.0) for angle in gate.angles)
        return Gate(gate.kind, gate.targets, (theta, lam, phi), gate.controls)
    return None
