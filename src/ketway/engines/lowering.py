"""Lowering: a structure and its rows of parameters become the flat program of the compiled core.

Everything is done by kind of gate, for all gates of the kind and all rows at once: a loop over
gates happens only for those whose shape differs from one to the next (`pauliexp`) and for resets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Ints, Structure, kind_table
from ketway.circuits.control import MOST_LOOPS, bit_places, bits_read, code_of
from ketway.circuits.gates import GATES, Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import core
from ketway.engines.noise import misreadings

Index: TypeAlias = NDArray[np.int64]

_CONTROL: Final = (Kind.JUMP, Kind.ASSIGN)
_IS_CONTROL: Final = kind_table(_CONTROL)
_IS_IDLE: Final = kind_table((Kind.NOP, Kind.MEASURE, *_CONTROL))
"""Kinds after which a qubit is as it was, so a measurement before them is still its last."""
_IS_SILENT: Final = kind_table((Kind.NOP, Kind.MEASURE, Kind.RESET))
"""Kinds that bring no operation of their own."""


_FORMS: Final = {
    **dict.fromkeys((Kind.X, Kind.Y, Kind.Z, Kind.S, Kind.SDG, Kind.SWAP), core.MONOMIAL),
    **dict.fromkeys((Kind.H, Kind.RX, Kind.RY, Kind.RXX, Kind.RYY), core.HALF),
}
"""Kinds whose matrices cost less when they are fused with their like; all others are full."""


@dataclass(frozen=True)
class Readout:
    """How qubits and measurements become the bits of an outcome."""

    slot_bits: tuple[int, ...]
    """Bit of the outcome that slot j of a record is; ascending."""
    qubits: tuple[int, ...]
    """Qubits read at the end, by the weight of the heaviest bit that each goes to."""
    slots: tuple[tuple[int, ...], ...]
    """Slots that each of them goes to."""
    events: Index
    """Gates that happen in the middle: measurements and resets."""
    event_slots: Ints
    """For each of them the slot that it writes, or -1."""
    slot_qubits: tuple[int, ...]
    """The qubit that each slot is read from; with control, all that are read."""
    controlled: bool = False
    """Records are read, and may be written more than once, while the circuit runs."""
    hidden: tuple[int, ...] = ()
    """Bits that no outcome has, of the slots behind those of `slot_bits`."""

    @property
    def width(self) -> int:
        """How many slots a record has."""
        return len(self.slot_bits) + len(self.hidden)

    @property
    def straight(self) -> bool:
        """Bit j of what the core reads is bit j of the outcome."""
        ends = all(slots == (j,) for j, slots in enumerate(self.slots))
        return ends and self.slot_bits == tuple(range(len(self.slots)))


@dataclass(frozen=True)
class Lowered:
    """A program of the core, how to fill it for some rows, and how to read what it gives."""

    code: core.Code
    readout: Readout
    last_ops: Index
    """For each gate, the last operation at or before its end."""
    struck_ops: Index
    """For each gate, the operation that its noise follows."""
    event_ops: Index
    """The operations of `readout.events`."""
    fillers: tuple[_Filler, ...]
    stride: int
    control: core.Control | None = None

    @property
    def eventful(self) -> bool:
        return len(self.readout.events) > 0 or self.control is not None

    def gate_of(self, op: int) -> int:
        """The gate that an operation belongs to."""
        return int(np.searchsorted(self.last_ops, op))

    def rows(self, params: Floats) -> Floats:
        """The numbers of these rows of parameters: shape (rows, stride)."""
        out = np.empty((len(params), self.stride))
        for filler in self.fillers:
            filler.fill(out, params)
        return out


@dataclass(frozen=True)
class _Filler:
    """The numbers of all gates of one kind stand together, from `start`."""

    kind: Kind
    start: int
    width: int
    """Doubles per gate."""
    params: Index
    """Shape (gates, parameters): which parameters each takes."""

    def fill(self, out: Floats, params: Floats) -> None:
        gates, count = self.params.shape
        end = self.start + gates * self.width
        chosen = params[:, self.params.ravel()]
        if self.kind == Kind.PAULIEXP:
            out[:, self.start : end] = _pauli_numbers(chosen, self.width)
        else:
            flat = _numbers(self.kind, chosen.reshape(-1, count))
            out[:, self.start : end] = flat.reshape(len(params), gates * self.width)


def _pauli_numbers(angles: Floats, width: int) -> Floats:
    if width == 1:  # a sum: the coefficients themselves
        return angles
    return np.stack((np.cos(angles), np.sin(angles)), axis=2).reshape(len(angles), -1)


def _numbers(kind: Kind, params: Floats) -> Floats:
    """What the core wants of gates of a kind: rows of doubles."""
    gate = GATES[kind]
    assert gate.matrices is not None
    matrices = gate.matrices(params)
    if kind == Kind.GLOBAL_PHASE:
        matrices = np.concatenate((np.ones_like(matrices), matrices), axis=2)
    elif gate.diagonal:
        matrices = np.diagonal(matrices, axis1=1, axis2=2)
    flat = np.ascontiguousarray(matrices).reshape(len(params), -1)
    return flat.view(np.float64)


def lower(structure: Structure, noise: NoiseModel | None = None) -> Lowered:
    """The program of a structure. With noise, swaps stay gates, since errors follow them; and so do
    no-ops, if the model names them. Noise before a measurement and after a reset follows an
    operation of its own, which does nothing."""
    awake = () if noise is None else noise.awake
    readout = read(structure, awake)
    kinds = structure.kinds
    counts = np.ones(structure.gates, dtype=np.int64)
    counts[_IS_SILENT[kinds]] = 0
    if Kind.NOP in awake:
        counts[kinds == Kind.NOP] = 1
    counts[readout.events] = 1
    before = (kinds == Kind.MEASURE) & (Kind.MEASURE in awake)
    behind = (kinds == Kind.RESET) & (Kind.RESET in awake)
    counts[before | behind] += 1
    counts[(kinds == Kind.GLOBAL_PHASE) & (structure.controls == 0)] = 0  # nobody can see it
    exponentials = list(_exponentials(structure))
    for exponential in exponentials:
        counts[exponential.gate] = exponential.ops
    if structure.has_control:
        places = _labels(structure)
        counts += places[:-1]
    ends = np.cumsum(counts)
    gates = np.repeat(np.arange(structure.gates), counts)
    starts = ends - counts
    if structure.has_control:
        gates = np.concatenate((gates, np.full(places[-1], structure.gates - 1)))
        starts = starts + places[:-1]
    draft = _Draft(structure, gates, starts)
    # A swap that only renames qubits would do so whether it happens or not.
    draft.plain(swaps=noise is None and not structure.has_control)
    draft.nothing(np.concatenate((starts[before], ends[behind] - 1)))
    for exponential in exponentials:
        draft.exponential(exponential)
    events = (ends - 1 - behind)[readout.events]
    draft.events(readout, events)
    control = None
    if structure.has_control:
        ops = np.append(starts, len(gates)) - places
        control = draft.control(readout, ops, places, noise, events)
    code, struck = draft.code(readout), ends - 1
    if before.any():
        struck = np.where(before, starts, struck)
    return Lowered(
        code, readout, ends - 1, struck, events, tuple(draft.fillers), draft.stride, control
    )


def _labels(structure: Structure) -> NDArray[np.int64]:
    """For each gate and for the end, 1 if a jump goes there: an operation of its own stands before
    it, which nothing is fused or moved across."""
    places = np.zeros(structure.gates + 1, dtype=np.int64)
    jumps = np.flatnonzero(structure.kinds == Kind.JUMP)
    places[structure.operands[structure.operand_starts[jumps] + 1]] = 1
    return places


@dataclass(frozen=True)
class _Exponential:
    gate: int
    letters: NDArray[np.uint8]
    """Shape (terms, targets)."""
    start: int
    """Where they stand in the structure."""
    commuting: bool

    @property
    def ops(self) -> int:
        """A product of commuting rotations, or one sum."""
        return len(self.letters) if self.commuting else 1


def _exponentials(structure: Structure) -> Iterator[_Exponential]:
    start = 0
    for gate in np.flatnonzero(structure.kinds == Kind.PAULIEXP).tolist():
        terms = int(structure.param_starts[gate + 1] - structure.param_starts[gate])
        width = len(structure.operands_of(gate)) - int(structure.controls[gate])
        letters = structure.letters[start : start + terms * width].reshape(terms, width)
        yield _Exponential(gate, letters, start, _commuting(letters))
        start += terms * width


def _commuting(letters: NDArray[np.uint8]) -> bool:
    """Two Pauli products commute if they differ, both not identity, at an even number of places."""
    x = np.isin(letters, (1, 2)).astype(np.float64)
    z = (letters >= 2).astype(np.float64)
    return not ((x @ z.T + z @ x.T) % 2).any()


class _Draft:
    """The arrays of a program while they are made."""

    def __init__(self, structure: Structure, gates: Index, starts: Index) -> None:
        self.structure, self.gates, self.starts = structure, gates, starts
        ops = len(gates)
        self.codes = np.zeros(ops, dtype=np.uint8)
        self.controls = structure.controls[gates]
        widths = np.diff(structure.operand_starts)[gates]
        widths[structure.kinds[gates] == Kind.MEASURE] = 1  # the qubit, not the bit
        widths[_IS_CONTROL[structure.kinds[gates]]] = 0
        self.operand_starts = np.concatenate(([0], np.cumsum(widths))).astype(np.int32)
        first = structure.operand_starts[gates] - self.operand_starts[:-1]
        places = np.arange(self.operand_starts[-1]) + np.repeat(first, widths)
        self.operands = structure.operands[places]
        self.terms = np.zeros(ops, dtype=np.int32)
        self.letter_starts = np.zeros(ops, dtype=np.int32)
        self.data = np.zeros(ops, dtype=np.int64)
        self.forms = np.full(ops, core.FULL, dtype=np.uint8)
        self.varies = np.zeros(ops, dtype=np.uint8)
        self.slots = np.full(ops, -1, dtype=np.int32)
        self.constants: list[Floats] = []
        self.constant_end = 0
        self.fillers: list[_Filler] = []
        self.stride = 0

    def plain(self, swaps: bool) -> None:
        """All gates that have a small matrix, kind by kind."""
        kinds = self.structure.kinds[self.gates]
        for kind in (Kind(k) for k in np.unique(kinds).tolist()):
            row = GATES[kind]
            if row.matrices is None:
                continue
            ops = np.flatnonzero(kinds == kind)
            self.codes[ops] = core.DIAGONAL if row.diagonal else core.MATRIX
            self.forms[ops] = _FORMS.get(kind, core.FULL)
            if kind == Kind.GLOBAL_PHASE:
                self.controls[ops] -= 1  # a phase on the last control
            if kind == Kind.SWAP and swaps:
                self.codes[ops[self.controls[ops] == 0]] = core.SWAP
            if row.params:
                first = self.structure.param_starts[self.gates[ops]].astype(np.int64)
                self._vary(kind, ops, first[:, None] + np.arange(row.params))
            else:
                numbers = _numbers(kind, np.empty((1, 0)))
                self.data[ops] = self.constant_end
                self.constants.append(numbers.ravel())
                self.constant_end += numbers.size

    def exponential(self, exponential: _Exponential) -> None:
        structure, letters = self.structure, exponential.letters
        start = int(self.starts[exponential.gate])
        ops = np.arange(start, start + exponential.ops)
        first = int(structure.param_starts[exponential.gate])
        params = first + np.arange(len(letters), dtype=np.int64)
        if exponential.commuting:
            self.codes[ops] = core.ROTATION
            self.terms[ops] = 1
            self.letter_starts[ops] = exponential.start + np.arange(len(letters)) * letters.shape[1]
            self._vary(Kind.PAULIEXP, ops, params[:, None], width=2)
        else:
            self.codes[ops] = core.PAULI_SUM
            self.terms[ops] = len(letters)
            self.letter_starts[ops] = exponential.start
            self.data[ops], self.varies[ops] = self.stride, 1
            self.fillers.append(_Filler(Kind.PAULIEXP, self.stride, 1, params[:, None]))
            self.stride += len(letters)

    def nothing(self, ops: Index) -> None:
        """Operations that leave their qubit as it is."""
        self.codes[ops] = core.DIAGONAL
        self.forms[ops] = core.MONOMIAL
        self.controls[ops] = 0
        self.data[ops] = self.constant_end
        if len(ops):
            self.constants.append(np.array([1.0, 0.0, 1.0, 0.0]))
            self.constant_end += 4

    def events(self, readout: Readout, ops: Index) -> None:
        kinds = self.structure.kinds[readout.events]
        self.codes[ops] = np.where(kinds == Kind.MEASURE, core.MEASURE, core.RESET)
        self.controls[ops] = 0
        self.slots[ops] = readout.event_slots

    def control(
        self,
        readout: Readout,
        ops: Index,
        places: Index,
        noise: NoiseModel | None,
        events: Index,
    ) -> core.Control:
        """Jumps, assignments, and the operations `ops` where `places` says that jumps go."""
        structure = self.structure
        slots = {bit: slot for slot, bit in enumerate((*readout.slot_bits, *readout.hidden))}
        if not structure.measured:  # the first slots are those of the qubits
            slots = {bit: slots[~bit] for bit in (~b for b in readout.hidden)}
        labels = ops[places == 1]
        self.codes[labels], self.controls[labels] = core.ASSIGN, 0
        words: list[int] = []
        ends = [0]
        for gate in np.flatnonzero(_IS_CONTROL[structure.kinds]).tolist():
            *others, last = structure.operands_of(gate)
            jumps = structure.kinds[gate] == Kind.JUMP
            op, expression = int(self.starts[gate]), others[0] if jumps else last
            self.codes[op] = core.JUMP if jumps else core.ASSIGN
            if jumps:
                self.data[op] = ops[last]
            if expression < 0:
                continue
            code = code_of(structure, expression)
            for place in bit_places(code):
                code[place] = slots[code[place]]
            if not jumps:
                code += [core.STORE, len(others), *(slots[bit] for bit in others)]
            words += code
            ends.append(len(words))
            self.slots[op] = len(ends) - 2
        return core.Control(
            np.array(ends, dtype=np.int32),
            np.array(words or [0], dtype=np.int32),
            self._misread(readout, noise, events),
            MOST_LOOPS,
        )

    def _misread(self, readout: Readout, noise: NoiseModel | None, events: Index) -> Floats | None:
        """The odds that measurements in the middle are read wrong, for each operation."""
        chosen = self.structure.kinds[readout.events] == Kind.MEASURE
        measures = readout.events[chosen]
        if noise is None or not len(measures):
            return None
        odds = np.zeros((len(self.codes), 2))
        first = self.structure.operand_starts[measures]
        qubits = self.structure.operands[first].tolist()
        odds[events[chosen]] = misreadings(noise, tuple(qubits))
        return odds if odds.any() else None

    def _vary(self, kind: Kind, ops: Index, params: Index, width: int = 0) -> None:
        if not width:
            dim = 1 << max(1, GATES[kind].targets)
            width = 2 * (dim if GATES[kind].diagonal else dim * dim)
        self.data[ops] = self.stride + width * np.arange(len(ops))
        self.varies[ops] = 1
        self.fillers.append(_Filler(kind, self.stride, width, params))
        self.stride += width * len(ops)

    def code(self, readout: Readout) -> core.Code:
        constants = np.concatenate(self.constants) if self.constants else np.zeros(1)
        return core.Code(
            self.structure.qubits,
            self.codes,
            self.controls,
            self.operand_starts,
            np.ascontiguousarray(self.operands, dtype=np.int32),
            self.terms,
            self.letter_starts,
            self.structure.letters,
            self.data,
            self.forms,
            self.varies,
            constants,
            self.slots,
            np.array(readout.qubits, dtype=np.int32),
        )


def read(structure: Structure, awake: Collection[Kind] = ()) -> Readout:
    """Which measurements are a qubit's last, and what the others write.

    Kinds that are `awake` always do something: no-ops, resets, or what comes before measurements.
    """
    kinds = structure.kinds
    if not structure.has_events:
        every = range(structure.qubits)
        return _readout({qubit: [qubit] for qubit in every}, [], tuple(every), {})
    if structure.has_control:
        return _read_controlled(structure, awake)
    first, last = _uses(structure, awake)
    starts = structure.operand_starts
    gates = np.flatnonzero(kinds == Kind.MEASURE)
    qubits, bits = structure.operands[starts[gates]], structure.operands[starts[gates] + 1]
    writers = dict(zip(bits.tolist(), gates.tolist(), strict=True))  # the last one of each bit
    ends: dict[int, list[int]] = {}
    events: list[tuple[int, int]] = []
    measured_at: dict[int, int] = {}
    held: dict[int, int] = {}
    for gate, qubit, bit in zip(gates.tolist(), qubits.tolist(), bits.tolist(), strict=True):
        writes = writers[bit] == gate
        if gate >= last[qubit]:  # it may be the last itself
            if writes:
                ends.setdefault(qubit, []).append(bit)
        else:
            events.append((gate, bit if writes else -1))
            if writes:
                held[bit] = qubit
            measured_at.setdefault(qubit, gate)
    for gate in np.flatnonzero(kinds == Kind.RESET).tolist():
        qubit = int(structure.operands[starts[gate]])
        begun = min(first[qubit], measured_at.get(qubit, gate)) < gate
        wanted = gate < last[qubit] or qubit in ends or not structure.measured
        if (begun or Kind.RESET in awake) and wanted:
            events.append((gate, -1))
    if not structure.measured:
        ends = {qubit: [qubit] for qubit in range(structure.qubits)}
    slot_bits = tuple(sorted(writers)) if structure.measured else tuple(range(structure.qubits))
    return _readout(ends, sorted(events), slot_bits, held)


def _read_controlled(structure: Structure, awake: Collection[Kind]) -> Readout:
    """With control, what is measured after the last jump and assignment, and after all that jumps
    lead to, may be read at the end. All else happens where it stands, as often as it is met."""
    first, last = _uses(structure, awake)
    starts, operands = structure.operand_starts, structure.operands
    control = np.flatnonzero(_IS_CONTROL[structure.kinds])
    jumps = np.flatnonzero(structure.kinds == Kind.JUMP)
    targets = operands[starts[jumps] + 1]
    head = min(control.min(), targets.min(initial=structure.gates))
    tail = max(control.max() + 1, targets.max(initial=0))
    gates = np.flatnonzero(structure.kinds == Kind.MEASURE)
    qubits, bits = operands[starts[gates]].tolist(), operands[starts[gates] + 1].tolist()
    writers = dict(zip(bits, gates.tolist(), strict=True))
    ends: dict[int, list[int]] = {}
    events: list[tuple[int, int]] = []
    measured_at: dict[int, int] = {}
    for gate, qubit, bit in zip(gates.tolist(), qubits, bits, strict=True):
        if gate < tail or gate < last[qubit]:
            events.append((gate, bit))
            measured_at.setdefault(qubit, gate)
        elif writers[bit] == gate:
            ends.setdefault(qubit, []).append(bit)
    for gate in np.flatnonzero(structure.kinds == Kind.RESET).tolist():
        qubit = int(operands[starts[gate]])
        begun = min(first[qubit], measured_at.get(qubit, gate)) < gate
        if gate > head or begun or Kind.RESET in awake:
            events.append((gate, -1))
    named = set(bits) | set(_bits_of_control(structure, control))
    if structure.measured:
        shown = sorted(bit for bit in named if bit < structure.bits)
        hidden = sorted(bit for bit in named if bit >= structure.bits)
    else:
        # No outcome has a bit; they are told from qubits by being negative.
        ends = {qubit: [qubit] for qubit in range(structure.qubits)}
        shown, hidden = list(range(structure.qubits)), sorted(~bit for bit in named)
    found = _readout(ends, sorted(events), (*shown, *hidden), dict.fromkeys((*shown, *hidden), -1))
    read = tuple(sorted({*qubits, *ends}))
    return replace(
        found,
        slot_bits=tuple(shown),
        slot_qubits=read,
        controlled=True,
        hidden=tuple(hidden),
    )


def _bits_of_control(structure: Structure, gates: NDArray[np.intp]) -> Iterator[int]:
    """Bits that jumps and assignments read or write."""
    for gate in gates.tolist():
        *others, last = structure.operands_of(gate)
        jumps = structure.kinds[gate] == Kind.JUMP
        if not jumps:
            yield from others
        expression = others[0] if jumps else last
        if expression >= 0:
            yield from bits_read(code_of(structure, expression))


def _uses(structure: Structure, awake: Collection[Kind]) -> tuple[list[int], list[int]]:
    """The first and the last gate that do something to each qubit, apart from measuring it."""
    widths = np.diff(structure.operand_starts)
    gates = np.repeat(np.arange(structure.gates), widths)
    kinds = structure.kinds[gates]
    active = ~_IS_IDLE[kinds]
    if Kind.NOP in awake:
        active |= kinds == Kind.NOP
    if Kind.MEASURE in awake:
        measures = structure.kinds == Kind.MEASURE
        active[structure.operand_starts[:-1][measures]] = True  # the qubits, not the bits
    first = np.full(structure.qubits, structure.gates, dtype=np.int64)
    last = np.full(structure.qubits, -1, dtype=np.int64)
    np.minimum.at(first, structure.operands[active], gates[active])
    np.maximum.at(last, structure.operands[active], gates[active])
    return first.tolist(), last.tolist()


def _readout(
    ends: dict[int, list[int]],
    events: list[tuple[int, int]],
    slot_bits: tuple[int, ...],
    held: dict[int, int],
) -> Readout:
    """`held`: the qubits that bits written in the middle are read from."""
    slot = {bit: j for j, bit in enumerate(slot_bits)}
    slot[-1] = -1
    held = held | {bit: qubit for qubit, bits in ends.items() for bit in bits}
    # By the heaviest bit: then ascending outcomes of the core are ascending outcomes.
    qubits = sorted(ends, key=lambda qubit: max(ends[qubit]))
    return Readout(
        slot_bits,
        tuple(qubits),
        tuple(tuple(slot[bit] for bit in ends[qubit]) for qubit in qubits),
        np.array([gate for gate, _ in events], dtype=np.int64),
        np.array([slot[bit] for _, bit in events], dtype=np.int32),
        tuple(held[bit] for bit in slot_bits),
    )


def read_places(readout: Readout) -> tuple[Ints, Ints]:
    """The slots of each qubit read at the end, one after another, and where they start."""
    ends = np.cumsum([0, *(len(slots) for slots in readout.slots)]).astype(np.int32)
    return np.array([s for slots in readout.slots for s in slots], dtype=np.int32), ends
