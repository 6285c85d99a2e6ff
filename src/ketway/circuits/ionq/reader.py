"""Reads decoded IonQ circuits into Ketway's.

Reading goes twice over the gates at most. The first pass is what everyone pays for: it puts the
gates of all circuits of a job into flat lists, with as little Python per gate as there can be, and
checks operands as arrays afterwards. Only when an array check fails does a second, slow pass go
gate by gate to find the first one that is wrong and to say so in its writer's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Circuit, Structure
from ketway.circuits.gates import Kind
from ketway.circuits.ionq.faults import (
    MOST_QUBITS,
    agree,
    controls_refused,
    explain,
    explain_operands,
    shown,
    wrong_targets,
)
from ketway.circuits.ionq.forms import ANY, FORMS, PHASE_FORM, Form, letters_of, unknown
from ketway.circuits.ionq.wire import (
    CircuitObject,
    FieldError,
    GateObject,
    Gateset,
    Qubit,
    ReadError,
)

MOST_CONTROLS: Final = 255
"""Counts of controls are stored in 8 bits. Up to here a gate with too many fails its job later."""

MOST_OPERANDS: Final = 2**23
"""How much a job may grow when gates that name many targets become many gates."""

_NOP: Final = int(Kind.NOP)
_Z: Final = FORMS["qis"]["z"]


def read_circuit(
    gates: Sequence[GateObject], gateset: Gateset, qubits: int | None, where: str
) -> Circuit:
    """The circuit of a job that has one; `where` is the path of its list of gates.

    Without `qubits` the circuit has as many as its highest operand asks for.
    """
    pages = _Pages()
    parent, _, _ = where.rpartition(".")
    pages.add(gates, gateset, qubits, where, f"{parent}.qubits" if parent else "qubits")
    return pages.circuits()[0]


def read_multi(
    circuits: Sequence[CircuitObject],
    gateset: Gateset,
    qubits: int | None = None,
    where: str = "input.circuits",
) -> list[Circuit]:
    """The circuits of a job that has several; equal structures come back as one object.

    `gateset` and `qubits` are the job's, for circuits that do not have their own.
    """
    pages = _Pages()
    parent, _, _ = where.rpartition(".")
    for index, circuit in enumerate(circuits):
        here = f"{where}[{index}]"
        own = circuit.qubits is not None
        pages.add(
            circuit.circuit,
            circuit.gateset or gateset,
            circuit.qubits if own else qubits,
            f"{here}.circuit",
            f"{here if own else parent}.qubits",
        )
    return pages.circuits()


@dataclass(slots=True)
class _Source:
    """One circuit as written, for the second pass."""

    gates: Sequence[GateObject]
    gateset: Gateset
    qubits: int | None
    """As written: what the sentence about a qubit out of range speaks of."""
    where: str
    width: int
    """How many qubits the circuit has."""
    gate_end: int
    letter_end: int


@dataclass(slots=True)
class _Pages:
    """The gates of all circuits of a job, one after the other."""

    kinds: list[int] = field(default_factory=list)
    controls: list[int] = field(default_factory=list)
    operands: list[Qubit] = field(default_factory=list)
    operand_ends: list[int] = field(default_factory=list)
    params: list[float] = field(default_factory=list)
    param_ends: list[int] = field(default_factory=list)
    letters: list[int] = field(default_factory=list)
    sources: list[_Source] = field(default_factory=list)

    def add(
        self,
        gates: Sequence[GateObject],
        gateset: Gateset,
        qubits: int | None,
        where: str,
        qubits_path: str,
    ) -> None:
        if qubits is not None and not 0 <= qubits <= MOST_QUBITS:
            raise ReadError(f"a circuit cannot have {shown(qubits)} qubits", qubits_path)
        before = len(self.operands)
        self._add_gates(gates, gateset, where)
        operands = self.operands[before:]
        width = 0 if qubits is None else qubits
        if operands:
            lowest, highest = min(operands), max(operands)
            if not (lowest >= 0 and highest < (MOST_QUBITS if qubits is None else qubits)):
                explain(gates, gateset, qubits, where)
                raise AssertionError("the checks of arrays and of gates disagree")
            if qubits is None:
                width = int(highest) + 1
        ends = len(self.kinds), len(self.letters)
        self.sources.append(_Source(gates, gateset, qubits, where, width, *ends))

    def _add_gates(self, gates: Sequence[GateObject], gateset: Gateset, where: str) -> None:
        """The hot loop: 150,000 turns of it must stay well under half a second."""
        form_of = FORMS[gateset].get
        kinds, counts, operands = self.kinds, self.controls, self.operands
        ends, params, param_ends = self.operand_ends, self.params, self.param_ends
        place = 0
        form: Form | None
        targets: Sequence[Qubit] | None
        controls: Sequence[Qubit] | None
        try:
            for place, gate in enumerate(gates):  # noqa: B007 (read when a gate is wrong)
                form = form_of(gate.gate)
                if form is None:
                    raise unknown(gate.gate, gateset)
                if form is _Z and gate.rotation is not None:
                    form = PHASE_FORM
                targets, controls = gate.targets, gate.controls
                if targets is None:
                    targets = () if gate.target is None else (gate.target,)
                elif gate.target is not None:
                    agree(gate.target, targets, "target")
                if controls is None:
                    controls = () if gate.control is None else (gate.control,)
                elif gate.control is not None:
                    agree(gate.control, controls, "control")
                values = form.values(gate)
                if controls:
                    if form.controls == "never" or len(controls) > MOST_CONTROLS:
                        raise controls_refused(gate, form, len(controls))
                elif form.controls == "must":
                    raise FieldError(
                        f"gate {gate.gate!r} needs a control: a qubit in control, or several in "
                        "controls",
                        "control",
                    )
                if len(targets) != form.targets:
                    if form.targets == 1:
                        self._check_several(gate, form, targets, controls)
                    elif form.targets == ANY and targets:
                        self.letters.extend(letters_of(gate, len(targets)))
                    else:
                        raise wrong_targets(gate, form, len(targets))
                # A gate on one qubit acts on each of its targets in turn: it becomes several.
                for spread in [targets] if form.targets != 1 else [(qubit,) for qubit in targets]:
                    kinds.append(form.kind)
                    counts.append(len(controls))
                    operands += controls
                    operands += spread
                    ends.append(len(operands))
                    params += values
                    param_ends.append(len(params))
        except FieldError as error:
            raise ReadError(error.message, f"{where}[{place}].{error.field}", place) from None

    def _check_several(
        self, gate: GateObject, form: Form, targets: Sequence[Qubit], controls: Sequence[Qubit]
    ) -> None:
        """A one-qubit gate with no target, or with several."""
        if not targets and form.kind != _NOP:
            raise wrong_targets(gate, form, 0)
        if len(set(targets)) != len(targets):
            explain_operands(gate, None)
        if len(self.operands) + len(targets) * (1 + len(controls)) > MOST_OPERANDS:
            raise FieldError(
                "the circuit grows too large here: each target of a one-qubit gate makes one gate",
                "targets",
            )

    def circuits(self) -> list[Circuit]:
        """What has been added, checked."""
        operands = np.array(self.operands)
        ends = np.array([0, *self.operand_ends], dtype=np.int32)
        params = np.array(self.params, dtype=np.float64)
        if not _sound(operands, ends) or not np.isfinite(params).all():
            for source in self.sources:
                explain(source.gates, source.gateset, source.qubits, source.where)
            raise AssertionError("the checks of arrays and of gates disagree")
        whole = Structure(
            qubits=0,
            bits=0,
            kinds=np.array(self.kinds, dtype=np.uint8),
            controls=np.array(self.controls, dtype=np.uint8),
            operand_starts=ends,
            operands=operands.astype(np.int32),
            param_starts=np.array([0, *self.param_ends], dtype=np.int32),
            letters=np.array(self.letters, dtype=np.uint8),
        )
        return _cut(whole, params, self.sources)


def _sound(operands: NDArray[np.generic], ends: NDArray[np.int32]) -> bool:
    """Whether every operand is a whole number and no gate has one twice."""
    if operands.dtype.kind == "f" and not (operands == np.floor(operands)).all():
        return False
    starts = ends[:-1]
    widths = ends[1:] - starts
    pairs = starts[widths == 2]
    if (operands[pairs] == operands[pairs + 1]).any():
        return False
    wide = widths[widths > 2]
    for width in np.unique(wide) if len(wide) else ():
        rows = operands[starts[widths == width][:, None] + np.arange(width)]
        rows.sort(axis=1)
        if (rows[:, 1:] == rows[:, :-1]).any():
            return False
    return True


def _cut(
    whole: Structure, params: NDArray[np.float64], sources: Sequence[_Source]
) -> list[Circuit]:
    """The circuits one by one; those with equal structures share one, and so one digest."""
    circuits: list[Circuit] = []
    known: dict[tuple[object, ...], Structure] = {}
    gate = letter = 0
    for source in sources:
        starts = whole.operand_starts[gate : source.gate_end + 1]
        param_starts = whole.param_starts[gate : source.gate_end + 1]
        parts: tuple[NDArray[Any], ...] = (
            whole.kinds[gate : source.gate_end],
            whole.controls[gate : source.gate_end],
            starts - starts[0],
            whole.operands[starts[0] : starts[-1]],
            param_starts - param_starts[0],
            whole.letters[letter : source.letter_end],
        )
        key = (source.width, *[part.tobytes() for part in parts])
        structure = known.get(key)
        if structure is None:
            kinds, controls, ends, operands, param_ends, letters = (part.copy() for part in parts)
            structure = known[key] = Structure(
                source.width, 0, kinds, controls, ends, operands, param_ends, letters
            )
        circuits.append(Circuit(structure, params[param_starts[0] : param_starts[-1]].copy()))
        gate, letter = source.gate_end, source.letter_end
    return circuits
