"""Instructions into gates: standard ones by their table, custom ones by their definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ketway.circuits.circuit import Register
from ketway.circuits.formulas import Formula, FormulaError, apply, number
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qpy import flow
from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.errors import QpyError, shown
from ketway.circuits.qpy.gathering import Gathering, undone
from ketway.circuits.qpy.library import COMPOSED, NOTHING, STANDARD, Steps
from ketway.circuits.qpy.limits import BLOCK_WORK
from ketway.circuits.qpy.matrices import unitary_angles
from ketway.circuits.qpy.parsed import (
    Array,
    Circuit,
    Definition,
    Instruction,
    Modifier,
    Reading,
    Variable,
)
from ketway.circuits.qpy.parsing import read_circuit, read_instruction
from ketway.circuits.template import Template


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the instructions of a circuit act: its own qubit k is `qubits[k]` of the whole."""

    circuit: Circuit
    qubits: Sequence[int]
    bits: Sequence[int]
    values: Mapping[bytes, Formula] = field(default_factory=dict)
    """Variables of loops, in the round at hand."""
    controls: tuple[int, ...] = ()
    depth: int = 0
    loop: flow.Loop | None = None


_EVENTS: Final = {"measure": "Measure", "reset": "Reset"}
"""IBM's machines have others of these, `measure_2` and `reset_2`, that are the same but shorter."""


class Lowering:
    """One circuit of the file, on its way to a template."""

    def __init__(self, reading: Reading, circuit: Circuit) -> None:
        self.reading, self.circuit = reading, circuit
        self.out = Gathering(reading, circuit.qubits, circuit.bits)
        self.bound: set[bytes] = set()
        self.used: set[bytes] = set()
        self._at = 0
        """The instruction of the circuit itself that is at hand."""
        self._bodies: dict[int, Circuit] = {}
        self._bases: dict[int, Instruction] = {}
        self._variables: dict[bytes, tuple[int, ...]] = {}

    def template(self) -> Template:
        circuit = self.circuit
        scope = Scope(circuit, list(range(circuit.qubits)), list(range(circuit.bits)))
        where = self.out.where = f"circuit {shown(circuit.name)}"
        try:
            self.block(scope)
        except QpyError as error:
            name = circuit.instructions[self._at].name if circuit.instructions else ""
            place = f"instruction {self._at} ({shown(name)})"
            raise error.inside(where, place) from None
        registers = tuple(Register(name, row.bits) for name, row in circuit.registers)
        return self.out.template(circuit.name, registers, self.bound, self.used)

    def error(self, message: str) -> QpyError:
        return QpyError(message, self.out.where)

    def block(self, scope: Scope) -> bool:
        """All instructions of a circuit; True if it certainly leaves its loop."""
        self.reading.check_depth(scope.depth, self.out.where)
        self.reading.afford(BLOCK_WORK, self.out.where)
        self._phase(scope.circuit.phase, scope)
        for index, instruction in enumerate(scope.circuit.instructions):
            if scope.depth == 0:
                self._at = index
            self.reading.afford(
                1 + (len(instruction.qubits) + len(instruction.bits)) // 8, self.out.where
            )
            qubits = [scope.qubits[k] for k in instruction.qubits]
            bits = [scope.bits[k] for k in instruction.bits]
            if len(set(qubits)) < len(qubits) and instruction.name not in NOTHING:
                raise self.error("it names a qubit twice.")
            if flow.lower(self, scope, instruction, qubits, bits):
                return True
        return False

    def _phase(self, phase: Formula, scope: Scope) -> None:
        phase = self.angle(phase, scope)
        if phase.constant or not phase.known:
            self.out.gate(Kind.GLOBAL_PHASE, (), (phase,), scope.controls)

    def angle(self, value: object, scope: Scope) -> Formula:
        if isinstance(value, Formula):
            try:
                found = value.bound(scope.values)
            except FormulaError as reason:
                raise self.error(str(reason)) from None
            self.reading.afford(found.size // 16, self.out.where)
            return found
        raise self.error("its parameter is no real number.")

    def place(self, variable: Variable) -> tuple[int, ...]:
        """The bits of a variable: they follow those of the circuit."""
        found = self._variables.get(variable.uuid)
        if found is None:
            if variable.type.sort not in ("bool", "uint") or not 1 <= variable.type.width <= 64:
                raise self.error(
                    f"variable {shown(variable.name)} is neither a bool nor a uint of at most 64 "
                    "bits, and no other can be computed with while a circuit runs."
                )
            builder = self.out.builder
            start = builder.bits + builder.memory
            builder.memory += variable.type.width
            if start + variable.type.width > self.reading.limits.bits:
                raise self.error("the circuit has too many variables.")
            found = tuple(range(start, start + variable.type.width))
            self._variables[variable.uuid] = found
        return found

    # -- one instruction ------------------------------------------------------------------------

    def operation(
        self, scope: Scope, instruction: Instruction, qubits: Sequence[int], bits: Sequence[int]
    ) -> None:
        """Anything but control flow."""
        name, out = instruction.name, self.out
        for value in instruction.params:
            if isinstance(value, Formula) and not value.known:
                self.used |= value.symbols()
        if name in NOTHING:
            return
        if name in ("Measure", "Reset"):
            self._event(scope, name, qubits, bits)
        elif name in scope.circuit.definitions:
            self._custom(scope, instruction, scope.circuit.definitions[name], qubits, bits)
        elif name in STANDARD:
            row = STANDARD[name]
            controls = instruction.controls if row.controls < 0 else row.controls
            gate = GATES[row.kind]
            self._operands(qubits, controls + gate.targets)
            angles = self._angles(scope, instruction, gate.params)
            state = instruction.state if controls else 0
            flipped = self._flip(qubits[:controls], state, scope)
            all_controls = (*scope.controls, *qubits[:controls])
            # Nothing is done by `id`, but on a machine it takes time; with controls, it is nowhere.
            if row.kind is not Kind.NOP or not all_controls:
                out.gate(row.kind, qubits[controls:], angles, all_controls)
            self._flip_back(flipped)
        elif name in COMPOSED:
            self._composed(scope, instruction, COMPOSED[name], qubits)
        elif name == "PauliGate":
            letters = instruction.params[0] if instruction.params else None
            if not isinstance(letters, str) or letters.strip("IXYZ"):
                raise self.error("its parameter is no row of the letters I, X, Y and Z.")
            self._operands(qubits, len(letters))
            for letter, qubit in zip(reversed(letters), qubits, strict=True):
                if letter != "I":
                    kind = {"X": Kind.X, "Y": Kind.Y, "Z": Kind.Z}[letter]
                    out.gate(kind, (qubit,), (), scope.controls)
        elif name == "UnitaryGate":
            self._unitary(scope, instruction, qubits)
        else:
            raise self._unknown(name)

    def _unknown(self, name: str) -> QpyError:
        return self.error(
            f"{shown(name)} is not a gate that is read here: transpile the circuit to standard "
            "gates (`qiskit.transpile(circuit, basis_gates=['u', 'cx'])`) before it is written."
        )

    def _operands(self, qubits: Sequence[int], wanted: int) -> None:
        if len(qubits) != wanted:
            raise self.error(f"it acts on {len(qubits)} qubits, and should on {wanted}.")

    def _angles(self, scope: Scope, instruction: Instruction, wanted: int) -> list[Formula]:
        if len(instruction.params) != wanted:
            raise self.error(f"it has {len(instruction.params)} parameters, and takes {wanted}.")
        return [self.angle(value, scope) for value in instruction.params]

    def _event(self, scope: Scope, name: str, qubits: Sequence[int], bits: Sequence[int]) -> None:
        if scope.controls or self.out.collecting:
            raise self.error("what measures or resets cannot be controlled, inverted or repeated.")
        self._operands(qubits, 1)
        if name == "Reset":
            self.out.gate(Kind.RESET, qubits)
            return
        if len(bits) != 1:
            raise self.error("a measurement takes one qubit and one bit.")
        self.out.gate(Kind.MEASURE, (qubits[0], bits[0]))

    def _flip(self, controls: Sequence[int], state: int, scope: Scope) -> list[int]:
        """X on the controls that act where they are 0; the same undoes it."""
        flipped = [q for k, q in enumerate(controls) if not state >> k & 1]
        self._flip_back(flipped)
        return flipped

    def _flip_back(self, flipped: Sequence[int]) -> None:
        for qubit in flipped:
            self.out.gate(Kind.X, (qubit,))

    def _composed(
        self, scope: Scope, instruction: Instruction, made: Steps, qubits: Sequence[int]
    ) -> None:
        self._operands(qubits, made.qubits)
        given = self._angles(scope, instruction, made.params)
        state = instruction.state if made.controls else 0
        flipped = self._flip(qubits[: made.controls], state, scope)
        for step in made.steps:
            angles = []
            for constant, factors in step.angles:
                total = number(constant)
                for index, factor in factors.items():
                    total = self._sum(total, given[index], factor)
                angles.append(total)
            on = [qubits[k] for k in step.qubits]
            controls = len(on) - GATES[step.kind].targets
            self.out.gate(step.kind, on[controls:], angles, (*scope.controls, *on[:controls]))
        self._flip_back(flipped)

    def _sum(self, total: Formula, part: Formula, factor: float) -> Formula:
        try:
            return apply("add", total, apply("mul", part, number(factor)))
        except FormulaError as reason:
            raise self.error(str(reason)) from None

    def _unitary(self, scope: Scope, instruction: Instruction, qubits: Sequence[int]) -> None:
        if len(qubits) != 1 or not instruction.params:
            raise self._unknown(instruction.name)
        given = instruction.params[0]
        if not isinstance(given, Array):
            raise self.error("its parameter is no matrix.")
        *angles, phase = unitary_angles(given.data, self.out.where)
        self.out.gate(Kind.U, qubits, [number(a) for a in angles], scope.controls)
        self.out.gate(Kind.GLOBAL_PHASE, (), (number(phase),), scope.controls)

    # -- custom instructions --------------------------------------------------------------------

    def _custom(
        self,
        scope: Scope,
        instruction: Instruction,
        definition: Definition,
        qubits: Sequence[int],
        bits: Sequence[int],
    ) -> None:
        self.reading.check_depth(scope.depth + 1, self.out.where)
        if definition.sort == "p" or definition.name.startswith("###PauliEvolution"):
            raise self._unknown("PauliEvolutionGate")
        if definition.sort == "a":
            self._annotated(scope, instruction, definition, qubits, bits)
            return
        if definition.sort == "c" and len(definition.base):
            base = self._base(scope, definition)
            if base.name in STANDARD or definition.body is None:
                self._controlled(scope, definition, base, qubits)
                return
        if definition.body is None:
            event = _EVENTS.get(definition.name.partition("_")[0])
            if event is not None and definition.bits == (event == "Measure"):
                self._event(scope, event, qubits, bits)
                return
            raise self._unknown(definition.name.rpartition("_")[0] or definition.name)
        flipped: list[int] = []
        if definition.sort == "c":
            flipped = self._flip(qubits[: definition.controls], definition.state, scope)
        self.body(scope, definition, qubits, bits)
        self._flip_back(flipped)

    def body(
        self,
        scope: Scope,
        definition: Definition,
        qubits: Sequence[int],
        bits: Sequence[int],
    ) -> None:
        assert definition.body is not None, "asked before"
        body = self._bodies.get(id(definition))
        if body is None:
            cursor = Cursor(definition.body, self.out.where)
            body = self._bodies[id(definition)] = read_circuit(
                cursor, self.reading, scope.depth + 1
            )
        if body.qubits != len(qubits) or body.bits > len(bits):
            raise self.error("its definition has other qubits or bits than it acts on.")
        inside = Scope(body, qubits, bits, scope.values, scope.controls, scope.depth + 1)
        self.block(inside)

    def _base(self, scope: Scope, definition: Definition) -> Instruction:
        base = self._bases.get(id(definition))
        if base is None:
            cursor = Cursor(definition.base, self.out.where)
            base = read_instruction(
                cursor, self.reading, scope.circuit, scope.depth + 1, alone=True
            )
            self._bases[id(definition)] = base
        return base

    def _controlled(
        self, scope: Scope, definition: Definition, base: Instruction, qubits: Sequence[int]
    ) -> None:
        controls = qubits[: definition.controls]
        flipped = self._flip(controls, definition.state, scope)
        inside = Scope(
            scope.circuit,
            scope.qubits,
            scope.bits,
            scope.values,
            (*scope.controls, *controls),
            scope.depth + 1,
        )
        self.reading.afford(1, self.out.where)
        self.reading.check_depth(inside.depth, self.out.where)
        self.operation(inside, base, qubits[len(controls) :], ())
        self._flip_back(flipped)

    def _annotated(
        self,
        scope: Scope,
        instruction: Instruction,
        definition: Definition,
        qubits: Sequence[int],
        bits: Sequence[int],
    ) -> None:
        """Modifiers from the innermost on; controls of the outermost stand first."""
        base = self._base(scope, definition)
        modifiers = [value for value in instruction.params if isinstance(value, Modifier)]
        if len(modifiers) != len(instruction.params):
            raise self.error("its parameters are no modifiers.")
        self._modified(scope, base, modifiers, qubits, bits)

    def _modified(
        self,
        scope: Scope,
        base: Instruction,
        modifiers: Sequence[Modifier],
        qubits: Sequence[int],
        bits: Sequence[int],
    ) -> None:
        self.reading.afford(1, self.out.where)
        self.reading.check_depth(scope.depth, self.out.where)
        deeper = Scope(
            scope.circuit, scope.qubits, scope.bits, scope.values, scope.controls, scope.depth + 1
        )
        if not modifiers:
            self.operation(deeper, base, qubits, bits)
            return
        *inner, outer = modifiers
        if outer.sort == "control":
            controls = qubits[: outer.controls]
            if len(controls) != outer.controls:
                raise self.error("it has more controls than qubits.")
            flipped = self._flip(controls, outer.state, scope)
            under = Scope(
                scope.circuit,
                scope.qubits,
                scope.bits,
                scope.values,
                (*scope.controls, *controls),
                scope.depth + 1,
            )
            self._modified(under, base, inner, qubits[outer.controls :], bits)
            self._flip_back(flipped)
            return
        power = -1.0 if outer.sort == "inverse" else outer.power
        if not float(power).is_integer() or abs(power) > self.reading.limits.instructions:
            raise self.error(
                f"a power of {power:g} is no small whole number: transpile the circuit before it "
                "is written."
            )
        self.out.collect()
        self._modified(deeper, base, inner, qubits, bits)
        gates = self.out.collected()
        if power < 0:
            reversed_ = [undone(gate) for gate in reversed(gates)]
            gates = [gate for gate in reversed_ if gate is not None]
            if len(gates) < len(reversed_):
                raise self.error("it holds something that cannot be undone.")
        for _ in range(abs(int(power))):
            self.reading.afford(1, self.out.where)
            for gate in gates:
                self.out.add(gate)
