"""Registers of qubits and bits, and what an operand such as `q[0:2:6]` selects of them.

A declared register is a `range`, and so is a slice of it: however large it is, it costs nothing to
name. Only index sets and concatenations are lists, and what they cost is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ketway.circuits.circuit import Register
from ketway.circuits.formulas import Symbol
from ketway.circuits.qasm.arithmetic import Number
from ketway.circuits.qasm.errors import plural, shown
from ketway.circuits.qasm.expressions import Scope, read_integer
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.limits import Limits

Side: TypeAlias = Literal["qubits", "bits"]

HARDWARE: Final = "$"
"""Under this name, which none may declare, stand all qubits of the machine: `$0`, `$1` …"""

MEMORY: Final = 1 << 30
"""Bits that no outcome has are numbered from here while a program is read: how many others there
will be is not known yet."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Qubits or bits that an operand names."""

    indices: Sequence[int]
    single: bool
    """True if it is one of them and not a register: it is repeated where registers are given."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was declared when a block began."""

    names: int
    memory: int


@dataclass(slots=True)
class Registers:
    """Everything that a program declares by name, gates excepted."""

    limits: Limits
    spend: Callable[[int, int], None]
    """Told how many indices an operand at an offset has copied."""
    qubits: dict[str, Selection] = field(default_factory=dict)
    bits: dict[str, Selection] = field(default_factory=dict)
    constants: dict[str, Number] = field(default_factory=dict)
    nouns: dict[str, str] = field(default_factory=dict)
    sorts: dict[str, Literal["bool", "uint", "int"]] = field(default_factory=dict)
    """Types of variables; they are among `bits` too."""
    qubit_count: int = 0
    bit_count: int = 0
    memory_count: int = 0
    memory_most: int = 0
    declared: list[Register] = field(default_factory=list)
    aliases: list[Register] = field(default_factory=list)
    """Names for bits, by `let`."""
    inputs: dict[str, Symbol] = field(default_factory=dict)
    """In the order in which they are declared."""

    def mark(self) -> Mark:
        return Mark(len(self.nouns), self.memory_count)

    def leave(self, mark: Mark) -> bool:
        """Forget what a block has declared; whether there was a constant among it."""
        constants = len(self.constants)
        while len(self.nouns) > mark.names:
            name, _ = self.nouns.popitem()
            for names in (self.qubits, self.bits, self.constants, self.sorts):
                names.pop(name, None)
        self.memory_count = mark.memory
        return len(self.constants) < constants

    def declare_local(self, lexer: Lexer, name: Token, size: int | None, at: int) -> None:
        """Bits that no outcome has, such as those declared in a block."""
        count = self._size(lexer, name, "bits", size, at)
        self.claim(lexer, name, "a register of bits")
        start = MEMORY + self.memory_count
        self.bits[name.text] = Selection(range(start, start + count), size is None)
        self.memory_count += count
        self.memory_most = max(self.memory_most, self.memory_count)

    def declare_variable(
        self, lexer: Lexer, name: Token, sort: Literal["bool", "uint", "int"], width: int
    ) -> None:
        self.declare_local(lexer, name, None if sort == "bool" else width, name.at)
        self.nouns[name.text] = f"a variable of type `{sort}`"
        self.sorts[name.text] = sort

    def declare(self, lexer: Lexer, name: Token, side: Side, size: int | None, at: int) -> None:
        """A new register at the end; `size` is None for a single one without brackets."""
        if side == "qubits" and HARDWARE in self.qubits:
            raise lexer.error(
                f"{shown(name.text)} cannot be declared: this program uses qubits of the machine, "
                "such as `$0`. Use either.",
                name.at,
            )
        count = self._size(lexer, name, side, size, at)
        used = self.qubit_count if side == "qubits" else self.bit_count
        self.claim(lexer, name, f"a register of {side}")
        selection = Selection(range(used, used + count), size is None)
        if side == "qubits":
            self.qubits[name.text] = selection
            self.qubit_count += count
        else:
            self.bits[name.text] = selection
            self.bit_count += count
            self.declared.append(Register(name.text, tuple(selection.indices)))

    def _size(self, lexer: Lexer, name: Token, side: Side, size: int | None, at: int) -> int:
        """How many more there are; refused if that is too many."""
        count = 1 if size is None else size
        if count < 1:
            raise lexer.error(
                f"{shown(name.text)} has {plural(count, side[:-1])}: a register has at least 1.",
                at,
            )
        used = self.qubit_count if side == "qubits" else self.bit_count + self.memory_most
        most = self.limits.qubits if side == "qubits" else self.limits.bits
        if used + count > most:
            raise lexer.error(
                f"With {shown(name.text)} the program has {used + count:,} {side}; "
                f"at most {most:,} are read.",
                at,
            )
        return count

    def claim(self, lexer: Lexer, name: Token, noun: str) -> None:
        """Take a name, which nothing else may have."""
        if name.text in self.nouns:
            raise lexer.error(
                f"{shown(name.text)} is declared already, as {self.nouns[name.text]}: "
                "choose another name.",
                name.at,
            )
        self.nouns[name.text] = noun

    def alias(self, lexer: Lexer, name: Token, parts: list[tuple[Selection, Side, int]]) -> None:
        """`let name = part ++ part;` or `let name = {part, part};`"""
        selection, side, at = parts[0]
        if len(parts) > 1:
            joined: list[int] = []
            for part, part_side, part_at in parts:
                if part_side != side:
                    raise lexer.error("Qubits and bits cannot be joined by `++`.", part_at)
                most = self.qubit_count if side == "qubits" else self.bit_count
                if len(joined) + len(part.indices) > most:
                    raise self._twice(lexer, side, part_at)
                self.spend(len(part.indices), part_at)
                joined.extend(part.indices)
            if len(set(joined)) < len(joined):
                raise self._twice(lexer, side, at)
            selection = Selection(joined, False)
        self.claim(lexer, name, f"a name for {side}")
        (self.qubits if side == "qubits" else self.bits)[name.text] = selection
        if side == "bits":
            self.aliases.append(Register(name.text, tuple(selection.indices)))

    def _twice(self, lexer: Lexer, side: Side, at: int) -> Exception:
        return lexer.error(
            f"One of these {side} is joined twice: a register cannot be joined with a part of "
            "itself.",
            at,
        )

    def read(self, lexer: Lexer, scope: Scope, side: Side) -> tuple[Selection, int]:
        """Read an operand that must name qubits, or bits."""
        token = lexer.peek()
        at = token.at
        if token.sort == "hardware" and side == "qubits" and scope.version != 2:
            return self._hardware(lexer), at
        wanted = "a qubit" if side == "qubits" else "a bit"
        name = lexer.expect_name(wanted).text
        selection = (self.qubits if side == "qubits" else self.bits).get(name)
        if selection is None:
            noun = self.nouns.get(name)
            if noun is not None:
                raise lexer.error(f"{shown(name)} is {noun}; {wanted} is needed here.", at)
            raise lexer.error(
                f"{shown(name)} is not declared: declare "
                f"`{'qubit' if side == 'qubits' else 'bit'}[n] {name[:40]};` before it is used."
                if scope.version != 2
                else f"{shown(name)} is not declared: declare "
                f"`{'qreg' if side == 'qubits' else 'creg'} {name[:40]}[n];` before it is used.",
                at,
            )
        while lexer.peek().text == "[":
            selection = self._index(lexer, scope, name, selection, side)
        return selection, at

    def _hardware(self, lexer: Lexer) -> Selection:
        """`$5`, a qubit of the machine, which is qubit 5 of the circuit."""
        token = lexer.take()
        place = int(token.text[1:11])
        if self.qubit_count and HARDWARE not in self.qubits:
            raise lexer.error(
                f"{shown(token.text)} names a qubit of the machine, and this program declares "
                "qubits of its own: use either.",
                token.at,
            )
        if place >= self.limits.qubits:
            raise lexer.error(
                f"{shown(token.text)} is no qubit here: at most {self.limits.qubits:,} are read.",
                token.at,
            )
        self.qubits[HARDWARE] = Selection(range(self.limits.qubits), False)
        self.qubit_count = max(self.qubit_count, place + 1)
        return Selection((place,), True)

    def either(self, lexer: Lexer, scope: Scope) -> tuple[Selection, Side, int]:
        """Read an operand that may name qubits or bits."""
        side: Side = "bits" if lexer.peek().text in self.bits else "qubits"
        selection, at = self.read(lexer, scope, side)
        return selection, side, at

    def _index(
        self, lexer: Lexer, scope: Scope, name: str, selection: Selection, side: Side
    ) -> Selection:
        """What `[…]` selects."""
        at = lexer.peek().at
        if selection.single:
            raise lexer.error(
                f"{shown(name)} is one {side[:-1]} and has no parts: write it without `[…]`.", at
            )
        size = len(selection.indices)
        plain = lexer.accept_index()
        if plain is not None:
            inside = _inside(lexer, name, plain, size, side, at + 1)
            return Selection((selection.indices[inside],), True)
        lexer.take()
        at = lexer.peek().at
        if lexer.accept("{"):
            chosen = self._set(lexer, scope, name, selection)
        else:
            first = None
            if lexer.peek().text != ":":
                value, place = read_integer(lexer, scope, "An index")
                if lexer.accept("]"):
                    inside = _inside(lexer, name, value, size, side, place)
                    return Selection((selection.indices[inside],), True)
                first = _inside(lexer, name, value, size, side, place)
            chosen = self._slice(lexer, scope, name, selection, side, first, at)
        lexer.expect("]", "at the end of an index")
        return chosen

    def _set(self, lexer: Lexer, scope: Scope, name: str, selection: Selection) -> Selection:
        """`{0, 3, 5}`; the lexer stands behind its `{`."""
        size, chosen = len(selection.indices), list[int]()
        while not lexer.accept("}"):
            value, place = read_integer(lexer, scope, "An index")
            chosen.append(selection.indices[_inside(lexer, name, value, size, "qubits", place)])
            if not lexer.accept(",") and lexer.peek().text != "}":
                raise lexer.unexpected(lexer.peek(), "`,` or `}`")
        at = lexer.at - 1
        if not chosen:
            raise lexer.error("An index set must name at least one index.", at)
        if len(set(chosen)) < len(chosen):
            raise lexer.error("An index set names the same index twice.", at)
        return Selection(chosen, False)

    def _slice(
        self,
        lexer: Lexer,
        scope: Scope,
        name: str,
        selection: Selection,
        side: Side,
        first: int | None,
        at: int,
    ) -> Selection:
        """`a:b` or `a:step:b`, both ends included; the lexer stands at its first `:`."""
        size = len(selection.indices)
        lexer.expect(":", "or `]` after an index")
        middle: tuple[int, int] | None = None
        if lexer.peek().text not in (":", "]"):
            middle = read_integer(lexer, scope, "An index")
        step, last = 1, middle
        if lexer.accept(":"):
            if middle is None:
                raise lexer.error("A slice with two `:` needs a step between them.", at)
            step, last = middle[0], None
            if lexer.peek().text != "]":
                last = read_integer(lexer, scope, "An index")
        if step == 0:
            raise lexer.error("The step of a slice cannot be 0.", at)
        start = first if first is not None else (0 if step > 0 else size - 1)
        end = (
            _inside(lexer, name, last[0], size, side, last[1])
            if last is not None
            else (size - 1 if step > 0 else 0)
        )
        places = range(start, end + (1 if step > 0 else -1), step)
        if not places:
            raise lexer.error(
                f"The slice from {start} to {end} in steps of {step} selects nothing.", at
            )
        indices = selection.indices
        if isinstance(indices, range):
            base, stride = indices[places[0]], indices.step * step
            return Selection(range(base, base + stride * len(places), stride), False)
        self.spend(len(places), at)
        return Selection([indices[place] for place in places], False)


def _inside(lexer: Lexer, name: str, value: int, size: int, side: Side, at: int) -> int:
    """An index counted from the front; negative ones count from the end."""
    if not -size <= value < size:
        raise lexer.error(
            f"{shown(name)} has {plural(size, side[:-1])}: the index {value} is not between "
            f"0 and {size - 1}.",
            at,
        )
    return value if value >= 0 else value + size
