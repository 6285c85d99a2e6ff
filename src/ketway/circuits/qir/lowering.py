"""From the calls of an entry point to gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qir.body import Call
from ketway.circuits.qir.errors import QirError, shown
from ketway.circuits.qir.library import (
    MEASURE,
    MEASURE_RESET,
    NOTHING,
    PHASED,
    PREFIX,
    ROWS,
    RUNTIME,
    Row,
)
from ketway.circuits.qir.limits import Limits
from ketway.circuits.qir.module import Module
from ketway.circuits.qir.output import Output
from ketway.jobs.failures import Code

Action: TypeAlias = Callable[[Call], None]

_IGNORED: Final = ("llvm.dbg.", "llvm.lifetime.")
"""Calls that a debugger or an optimiser wants: they do nothing."""
_ARRAYS: Final = ("array_record_output", "tuple_record_output")
_COMPUTED: Final = (
    "read_result",
    "bool_record_output",
    "int_record_output",
    "double_record_output",
)
"""What begins with these belongs to programs that compute with results."""


class Lowering:
    """One entry point, on its way to a circuit."""

    def __init__(self, module: Module, limits: Limits, *, every_qubit: bool) -> None:
        assert module.body is not None, "read_module has found one"
        self._values, self._limits = module.values, limits
        self._calls = module.body.calls
        self._declared = module.qubits
        self._every_qubit = every_qubit
        self._read: set[int] = set()
        """With `every_qubit`, those that are measured and so have come to their end."""
        self._used = 0
        self._output = Output()
        self._never: int | None = None
        """A result that is given out and not measured."""
        self._bits: dict[int, int] = {}
        """The bit of each result."""
        self._builder = Builder(0)
        self._at = 0
        """The call that is at hand."""
        self._actions: dict[str, Action] = {}
        self._wholes: dict[int, int | None] = {}

    def circuit(self) -> Circuit:
        try:
            self._collect_output()
            for at, call in enumerate(self._calls):
                self._at = at
                action = self._actions.get(call.function.name)
                if action is None:
                    action = self._actions[call.function.name] = self._action(call)
                action(call)
        except QirError as error:
            name = self._calls[self._at].function.name if self._calls else ""
            where = f"call {self._at} ({shown(name)})"
            raise QirError(error.message, where, error.failure.code) from None
        if self._never is not None:
            raise QirError(f"result {self._never} is given out, and never measured: measure it.")
        builder = self._builder
        builder.qubits = self._qubits()
        return builder.circuit(self._output.registers(self._bits))

    def _qubits(self) -> int:
        qubits = self._used if self._declared is None else self._declared
        if qubits > self._limits.qubits:
            raise QirError(
                f"The program needs {qubits:,} qubits, and at most {self._limits.qubits:,} are "
                "read."
            )
        if self._used > qubits:
            raise QirError(
                f"The program uses qubit {self._used - 1}, and its entry point says that it needs "
                f"{qubits:,} qubits: correct the attribute `required_num_qubits`."
            )
        return qubits

    # -- output ---------------------------------------------------------------------------------

    def _collect_output(self) -> None:
        """What is given out decides which bit each result is: bit k is the k-th in the order of
        their numbers. Results that are measured and not given out are memory, behind them. Where
        every qubit is read, a result is the bit of the qubit it is measured from."""
        measured: dict[int, int] = {}
        for at, call in enumerate(self._calls):
            self._at = at
            name = call.function.name
            if name.startswith(RUNTIME):
                self._record(name.removeprefix(RUNTIME), call)
            elif name.startswith(PREFIX) and _base(name)[0] in (MEASURE | MEASURE_RESET):
                _, (qubit, result) = self._operands(call, 0, 2)
                measured[result] = qubit
        never = self._output.recorded - measured.keys()
        if never:
            self._never = min(never)
        if not measured:
            return  # then every qubit is read
        if self._every_qubit:
            self._bits = measured
            return
        given = sorted(self._output.recorded or measured)
        self._bits = {number: bit for bit, number in enumerate(given)}
        self._builder.bits = len(given)
        rest = [number for number in measured if number not in self._bits]
        self._bits |= {number: len(given) + k for k, number in enumerate(rest)}
        self._builder.memory = len(rest)
        if len(self._bits) > self._limits.results:
            raise QirError(f"at most {self._limits.results:,} results are read.")

    def _record(self, name: str, call: Call) -> None:
        if name == "result_record_output":
            number = self._index(call, 0, self._limits.results, "result")
            label = self._values.label(call.arguments[1]) if len(call.arguments) > 1 else ""
            self._output.result(number, label)
        elif name in _ARRAYS:
            size = self._index(call, 0, self._limits.results, "size")
            label = self._values.label(call.arguments[1]) if len(call.arguments) > 1 else ""
            self._output.array(size, label)

    # -- one call -------------------------------------------------------------------------------

    def _action(self, call: Call) -> Action:
        """What calls of this function do, found once for each."""
        name = call.function.name
        if name.startswith(_IGNORED):
            return _nothing
        if name.startswith(RUNTIME):
            short = name.removeprefix(RUNTIME)
            if short in ("initialize", "result_record_output", *_ARRAYS):
                return _nothing
            raise self._unknown(name)
        if not name.startswith(PREFIX):
            raise QirError(
                "this function is none of QIR's: inline it, so that the entry point is made of "
                "quantum instructions alone.",
                code=Code.UNSUPPORTED_GATE,
            )
        base, suffix = _base(name)
        plain = suffix in ("body", "")
        if base in NOTHING:
            return _nothing
        if base in MEASURE and plain:
            return self._measure
        if base in MEASURE_RESET and plain:
            return self._measure_and_reset
        if base == "reset" and plain:
            return self._reset
        if base in PHASED and plain:
            return self._phased
        row = ROWS.get(base)
        if row is None or not (plain or suffix == "adj"):
            raise self._unknown(name)
        return self._gate(row, adjoint=suffix == "adj")

    def _unknown(self, name: str) -> QirError:
        short = name.removeprefix(PREFIX).removeprefix(RUNTIME)
        if short.startswith(_COMPUTED):
            advice = (
                "a program that computes with results is none of QIR's base profile: compile it "
                "for that profile."
            )
        elif short.endswith("__ctl") or name.startswith(RUNTIME):
            advice = (
                "qubits that are allocated or kept in arrays while a program runs are none of "
                "QIR's base profile: compile it for that profile."
            )
        else:
            advice = (
                "this instruction is not read here: decompose it into standard gates (rx, ry, rz, "
                "h, s, t, cnot …)."
            )
        return QirError(advice, code=Code.UNSUPPORTED_GATE)

    def _gate(self, row: Row, *, adjoint: bool) -> Action:
        gate = GATES[row.kind]
        params = 0 if row.angles else gate.params
        width = row.controls + gate.targets
        kind, controls, add = row.kind, row.controls, self._builder.add

        def act(call: Call) -> None:
            angles, qubits = self._operands(call, params, width)
            self._distinct(qubits)
            given: Sequence[float] = row.angles or angles
            if not adjoint:
                add(kind, qubits[controls:], given, qubits[:controls])
            elif gate.negated:
                add(kind, qubits[controls:], [-angle for angle in given], qubits[:controls])
            elif kind is Kind.U:
                theta, phi, lam = given
                add(kind, qubits[controls:], (-theta, -lam, -phi), qubits[:controls])
            else:
                assert gate.inverse is not None, "of every other gate in the table of QIR"
                add(gate.inverse, qubits[controls:], given, qubits[:controls])

        return act

    def _phased(self, call: Call) -> None:
        (theta, phi), qubits = self._operands(call, 2, 1)
        self._distinct(qubits)
        self._builder.add(Kind.RZ, qubits, (-phi,))
        self._builder.add(Kind.RX, qubits, (theta,))
        self._builder.add(Kind.RZ, qubits, (phi,))

    def _measure(self, call: Call) -> None:
        _, (qubit, result) = self._operands(call, 0, 2)
        self._distinct((qubit,))
        if not self._every_qubit:
            self._builder.add(Kind.MEASURE, (qubit, self._bits[result]))
        elif self._bits[result] != qubit:
            raise QirError(f"result {result} is measured from two qubits: use one for each.")
        else:
            self._read.add(qubit)

    def _measure_and_reset(self, call: Call) -> None:
        self._measure(call)
        if not self._every_qubit:
            self._builder.add(Kind.RESET, self._operands(call, 0, 2)[1][:1])

    def _reset(self, call: Call) -> None:
        _, (qubit,) = self._operands(call, 0, 1)
        if qubit in self._read:
            return  # nothing follows that would see it
        self._distinct((qubit,))
        self._builder.add(Kind.RESET, (qubit,))

    # -- operands -------------------------------------------------------------------------------

    def _operands(self, call: Call, angles: int, wholes: int) -> tuple[list[float], list[int]]:
        """Angles first, then qubits and results."""
        if len(call.arguments) != angles + wholes:
            raise QirError(
                f"it is given {len(call.arguments)} arguments, and takes {angles + wholes}: "
                f"{angles} angles and {wholes} qubits or results."
            )
        given = []
        for number in call.arguments[:angles]:
            angle = self._values.angle(number)
            if angle is None:
                raise QirError(
                    "an angle is not a finite number that is written out: compute it before the "
                    "program is written."
                )
            given.append(angle)
        places = range(angles, angles + wholes)
        return given, [self._index(call, place, self._limits.results, "") for place in places]

    def _index(self, call: Call, place: int, most: int, what: str) -> int:
        number = call.arguments[place] if place < len(call.arguments) else -1
        try:
            value = self._wholes[number]
        except KeyError:
            value = self._wholes[number] = self._values.whole(number)
        if value is None:
            raise QirError(
                "a qubit or result is not written out as a number: compile the program for QIR's "
                "base profile.",
                code=Code.UNSUPPORTED_GATE,
            )
        if not 0 <= value <= most:
            raise QirError(f"a {what or 'qubit or result'} has the number {value:,}.")
        return value

    def _distinct(self, qubits: Sequence[int]) -> None:
        """That no qubit stands twice, or has come to its end; and what the largest is."""
        if len(qubits) > 1 and len(set(qubits)) < len(qubits):
            raise QirError("it names a qubit twice.")
        if not self._read.isdisjoint(qubits):
            raise QirError(
                "it acts on a qubit that is measured already, and IonQ's formats read every qubit "
                "once, at the end: send the program as OpenQASM 3, or without IonQ's API.",
                code=Code.UNSUPPORTED_GATE,
            )
        self._used = max(self._used, 1 + max(qubits))


def _base(name: str) -> tuple[str, str]:
    """An instruction's name without its beginning and its end."""
    base, _, suffix = name.removeprefix(PREFIX).rpartition("__")
    return (base, suffix) if base else (suffix, "")


def _nothing(call: Call) -> None:
    """What changes no ideal circuit."""
