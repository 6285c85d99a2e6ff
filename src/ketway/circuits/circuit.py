"""The circuit: a structure (gates on qubits and bits) and its parameters.

A gate is never a Python object here. A `Structure` keeps all gates as flat arrays, so that reading,
hashing, storing and lowering 150,000 gates costs milliseconds; its parameters are one flat float64
array beside it, so that a gradient of a thousand circuits is one structure and a matrix.

Bit order is decided here and nowhere else: qubit k is bit k of an outcome, least significant first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.gates import GATES, Kind

Bytes8: TypeAlias = NDArray[np.uint8]
Ints: TypeAlias = NDArray[np.int32]
Floats: TypeAlias = NDArray[np.float64]

LETTERS: Final = "IXYZ"
"""A Pauli letter is stored as its place in this string."""


def kind_table(kinds: Iterable[Kind]) -> NDArray[np.bool_]:
    """A table that says of every kind whether it is one of these: `table[structure.kinds]`.

    For small circuits a look-up is a tenth of the price of `numpy.isin`.
    """
    table = np.zeros(256, dtype=np.bool_)
    table[list(kinds)] = True
    return table


_CONTROL = (Kind.JUMP, Kind.ASSIGN)
_IS_GATE = ~kind_table((Kind.NOP, Kind.MEASURE, Kind.RESET, Kind.GLOBAL_PHASE, *_CONTROL))
_IS_EVENT = kind_table((Kind.MEASURE, Kind.RESET, *_CONTROL))
_IS_CONTROL = kind_table(_CONTROL)
_WRITES = kind_table((Kind.MEASURE, Kind.ASSIGN))


def _no_ints() -> Ints:
    return np.zeros(0, dtype=np.int32)


def _one_start() -> Ints:
    return np.zeros(1, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Register:
    """A named row of classical bits; `bits[0]` is its least significant."""

    name: str
    bits: tuple[int, ...]


@dataclass(frozen=True)
class Structure:
    """Gates on qubits and bits, without the values of their parameters.

    Gate g has kind `kinds[g]`; its operands stand at `operand_starts[g]:operand_starts[g + 1]`:
    first its `controls[g]` controls, then its targets. A measurement's operands are (qubit, bit).
    Its parameters stand at `param_starts[g]:param_starts[g + 1]` of the parameter array.
    The `letters` of all `pauliexp` gates follow each other, one row per parameter (term) and one
    letter per target, letter j on target j.

    Two kinds are classical control, which `control.py` explains: a `jump` has the operands
    (expression or -1, gate to go on at), an `assign` has (bits ..., expression). Expression e is
    the code at `expression_starts[e]:expression_starts[e + 1]` of `expressions`.
    """

    qubits: int
    bits: int
    kinds: Bytes8
    controls: Bytes8
    operand_starts: Ints
    operands: Ints
    param_starts: Ints
    letters: Bytes8
    expression_starts: Ints = field(default_factory=_one_start)
    expressions: Ints = field(default_factory=_no_ints)
    memory: int = 0
    """Classical bits that a program works with and no outcome has: they follow the others."""

    @property
    def gates(self) -> int:
        return len(self.kinds)

    @property
    def params(self) -> int:
        return int(self.param_starts[-1])

    @cached_property
    def measured(self) -> bool:
        """False: nothing writes a bit, so every qubit k is read into bit k at the end."""
        return bool(_WRITES[self.kinds].any())

    @cached_property
    def has_events(self) -> bool:
        """Whether it measures, resets or decides anything: only then can it need several runs."""
        return bool(_IS_EVENT[self.kinds].any())

    @cached_property
    def has_control(self) -> bool:
        """Whether classical bits decide what happens, or are computed."""
        return bool(_IS_CONTROL[self.kinds].any())

    @property
    def outcome_bits(self) -> int:
        """How many bits an outcome has."""
        return self.bits if self.measured else self.qubits

    @cached_property
    def digest(self) -> bytes:
        """Equal for equal structures, whatever machine or process made them."""
        hasher = hashlib.blake2b(digest_size=20)
        sizes = [self.qubits, self.bits, self.memory, self.gates]
        hasher.update(np.array(sizes, dtype="<i8").tobytes())
        for part in self.arrays:
            hasher.update(np.ascontiguousarray(part).tobytes())
        return hasher.digest()

    @property
    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """The arrays in the order in which they are stored and hashed."""
        return (
            self.kinds,
            self.controls,
            self.operand_starts,
            self.operands,
            self.param_starts,
            self.letters,
            self.expression_starts,
            self.expressions,
        )

    @cached_property
    def counts(self) -> tuple[int, int]:
        """One-qubit and many-qubit gates (measurements, resets, control and no-ops are neither)."""
        starts = self.operand_starts
        widths = (starts[1:] - starts[:-1])[_IS_GATE[self.kinds]]
        single = int(np.count_nonzero(widths == 1))
        return single, int(np.count_nonzero(widths > 1))

    def operands_of(self, gate: int) -> list[int]:
        """Controls, then targets, of one gate: for messages and tests, not for hot loops."""
        start, end = self.operand_starts[gate : gate + 2]
        return [int(q) for q in self.operands[start:end]]


@dataclass(frozen=True)
class Circuit:
    """A structure with values for its parameters, and names for its bits."""

    structure: Structure
    params: Floats
    registers: tuple[Register, ...] = ()

    @property
    def qubits(self) -> int:
        return self.structure.qubits


@dataclass(frozen=True)
class Batch:
    """Circuits that share one structure: row i of `params` makes circuit i."""

    structure: Structure
    params: Floats
    """Shape (circuits, parameters)."""

    def __len__(self) -> int:
        return len(self.params)


@dataclass(frozen=True)
class Program:
    """The circuits of a job, in the order in which they were given, grouped into batches."""

    batches: tuple[Batch, ...]
    order: tuple[tuple[int, int], ...]
    """Circuit i of the job is row `order[i][1]` of batch `order[i][0]`."""
    registers: tuple[tuple[Register, ...], ...]
    """The registers of circuit i."""

    def __len__(self) -> int:
        return len(self.order)

    @classmethod
    def of(cls, circuits: Sequence[Circuit]) -> Program:
        """Group circuits by structure; the order is kept in `order`."""
        places: dict[bytes, int] = {}
        structures: list[Structure] = []
        rows: list[list[Floats]] = []
        order: list[tuple[int, int]] = []
        for circuit in circuits:
            digest = circuit.structure.digest
            place = places.get(digest)
            if place is None:
                place = places[digest] = len(structures)
                structures.append(circuit.structure)
                rows.append([])
            order.append((place, len(rows[place])))
            rows[place].append(circuit.params)
        batches = tuple(
            Batch(structure, np.stack(params))
            for structure, params in zip(structures, rows, strict=True)
        )
        return cls(batches, tuple(order), tuple(c.registers for c in circuits))

    def circuit(self, index: int) -> Circuit:
        batch, row = self.order[index]
        chosen = self.batches[batch]
        return Circuit(chosen.structure, chosen.params[row], self.registers[index])

    def structure(self, index: int) -> Structure:
        return self.batches[self.order[index][0]].structure


@dataclass
class Builder:
    """Collects gates and makes a `Circuit`: what every reader and every test uses.

    The builder does not check operands; readers check what people wrote and say where it is wrong,
    in the words of their format. Lists grow while gates are added; arrays are made once.
    """

    qubits: int
    bits: int = 0
    kinds: list[int] = field(default_factory=list)
    controls: list[int] = field(default_factory=list)
    operand_ends: list[int] = field(default_factory=list)
    operands: list[int] = field(default_factory=list)
    param_ends: list[int] = field(default_factory=list)
    params: list[float] = field(default_factory=list)
    letters: list[int] = field(default_factory=list)
    expression_ends: list[int] = field(default_factory=list)
    expressions: list[int] = field(default_factory=list)
    memory: int = 0

    def add(
        self,
        kind: Kind,
        targets: Iterable[int],
        params: Iterable[float] = (),
        controls: Sequence[int] = (),
    ) -> None:
        self.kinds.append(kind)
        self.controls.append(len(controls))
        self.operands.extend(controls)
        self.operands.extend(targets)
        self.operand_ends.append(len(self.operands))
        self.params.extend(params)
        self.param_ends.append(len(self.params))

    def add_pauliexp(
        self,
        targets: Sequence[int],
        terms: Iterable[str],
        coefficients: Iterable[float],
        controls: Sequence[int] = (),
    ) -> None:
        """exp(-i sum_k coefficients[k] terms[k]); letter j of a term acts on targets[j]."""
        for term in terms:
            self.letters.extend(LETTERS.index(letter) for letter in term)
        self.add(Kind.PAULIEXP, targets, coefficients, controls)

    def expression(self, code: Iterable[int]) -> int:
        """Keep the code of an expression; gives its number."""
        self.expressions.extend(code)
        self.expression_ends.append(len(self.expressions))
        return len(self.expression_ends) - 1

    def assign(self, bits: Iterable[int], code: Iterable[int]) -> None:
        """Bit j of the expression's value goes to `bits[j]`, all at once."""
        self.add(Kind.ASSIGN, (*bits, self.expression(code)))

    def jump(self, code: Iterable[int] | None = None, target: int = -1) -> int:
        """Go on at the gate `target` if the expression is 0, or always without one. Gives the
        jump's own place, for `land` to set a target that is not known yet."""
        self.add(Kind.JUMP, (-1 if code is None else self.expression(code), target))
        return len(self.kinds) - 1

    def land(self, jump: int) -> None:
        """The next gate that is added is where this jump goes."""
        self.operands[self.operand_ends[jump] - 1] = len(self.kinds)

    def circuit(self, registers: tuple[Register, ...] = ()) -> Circuit:
        structure = Structure(
            qubits=self.qubits,
            bits=self.bits,
            kinds=np.array(self.kinds, dtype=np.uint8),
            controls=np.array(self.controls, dtype=np.uint8),
            operand_starts=np.array([0, *self.operand_ends], dtype=np.int32),
            operands=np.array(self.operands, dtype=np.int32),
            param_starts=np.array([0, *self.param_ends], dtype=np.int32),
            letters=np.array(self.letters, dtype=np.uint8),
            expression_starts=np.array([0, *self.expression_ends], dtype=np.int32),
            expressions=np.array(self.expressions, dtype=np.int32),
            memory=self.memory,
        )
        return Circuit(structure, np.array(self.params, dtype=np.float64), registers)


def name_of(kind: int) -> str:
    """The gate's name in Ketway's words, for messages."""
    return GATES[Kind(kind)].name
