"""What stands in a QPY file, as it stands there: nothing is expanded or decided yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ketway.circuits.formulas import Formula, Symbol
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.limits import Limits


@dataclass(frozen=True, slots=True)
class BitRow:
    """A register, or one bit: places among the bits of the circuit that it stands in."""

    bits: tuple[int, ...]
    single: bool = False


@dataclass(frozen=True, slots=True)
class Type:
    sort: Literal["bool", "uint", "float", "duration"]
    width: int = 1


@dataclass(frozen=True, slots=True)
class Variable:
    uuid: bytes
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Expr:
    """A classical expression. What `value` and `parts` are depends on `sort`."""

    sort: Literal["variable", "bits", "value", "cast", "unary", "binary", "index"]
    type: Type
    value: Variable | BitRow | int | float | None = None
    """The variable, the bits, the number, or the number of the operator."""
    parts: tuple[Expr, ...] = ()

    @property
    def size(self) -> int:
        """All its parts, and itself."""
        return 1 + sum([part.size for part in self.parts])


@dataclass(frozen=True, slots=True)
class Modifier:
    sort: Literal["inverse", "control", "power"]
    controls: int = 0
    state: int = 0
    power: float = 1.0


@dataclass(frozen=True, slots=True)
class Array:
    """A numpy array, still in the bytes of its file format."""

    data: memoryview


class Default:
    """The label of the case of a `switch` that takes all the rest."""


DEFAULT: Final = Default()

Value: TypeAlias = (
    "Formula | complex | str | range | tuple[Value, ...] | BitRow | Expr | Circuit | Modifier"
    " | Array | Default | None"
)


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    qubits: tuple[int, ...]
    bits: tuple[int, ...]
    params: tuple[Value, ...]
    condition: tuple[BitRow, int] | Expr | None
    controls: int
    state: int


@dataclass(frozen=True, slots=True)
class Definition:
    """An entry of the table of custom instructions."""

    name: str
    sort: str
    """`i` instruction, `g` gate, `c` controlled gate, `a` annotated operation, `p` evolution."""
    qubits: int
    bits: int
    body: memoryview | None
    controls: int
    state: int
    base: memoryview


@dataclass(slots=True)
class Circuit:
    name: str
    qubits: int
    bits: int
    registers: list[tuple[str, BitRow]] = field(default_factory=list)
    """Classical ones that belong to the circuit, in order."""
    variables: list[Variable] = field(default_factory=list)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    phase: Formula = field(default_factory=Formula)
    all_registers: dict[str, BitRow] = field(default_factory=dict)
    """Also those that only conditions name."""
    qubit_registers: list[Sequence[int]] = field(default_factory=list)
    """Of each, the place in the circuit of every qubit, also of those that the circuit lacks."""
    vectors: list[tuple[str, int]] = field(default_factory=list)
    """From version 18: name and root UUID of the parameter vectors."""


@dataclass(slots=True)
class Reading:
    """What holds for the whole file, and what it has cost so far."""

    version: int
    symengine: bool
    limits: Limits
    names: dict[Symbol, tuple[str, tuple[str, int]]] = field(default_factory=dict)
    """The name of each parameter, and what it is sorted by."""
    work: int = 0
    instructions: int = 0
    """Of the program at hand, as written."""

    def afford(self, steps: int, where: str = "") -> None:
        self.work += steps
        if self.work > self.limits.work:
            raise QpyError(
                f"The circuits take more than {self.limits.work:,} steps to expand: use fewer "
                "rounds, smaller definitions or fewer circuits.",
                where,
            )

    def afford_written(self, instructions: int, where: str) -> None:
        self.instructions += instructions
        if self.instructions > self.limits.instructions:
            raise QpyError(
                f"The circuit has more than {self.limits.instructions:,} instructions: split it.",
                where,
            )
        self.afford(instructions, where)

    def check_depth(self, depth: int, where: str) -> None:
        if depth > self.limits.nesting:
            raise QpyError(
                f"It is nested deeper than {self.limits.nesting} levels: write fewer blocks, "
                "definitions or expressions inside each other.",
                where,
            )
