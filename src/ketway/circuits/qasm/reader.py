"""Reading an OpenQASM program, 2.0 or 3.x, into a circuit.

Gates, measurements, resets and classical control on declared qubits and bits are read; definitions
are expanded, registers broadcast. Nothing is evaluated as code, no file is opened, and every size
is bounded before it costs anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.circuits.qasm.arithmetic import FUNCTIONS, Number
from ketway.circuits.qasm.control.assignments import COMPOUND, VARIABLES, Assignments, settle
from ketway.circuits.qasm.control.blocks import Blocks
from ketway.circuits.qasm.errors import plural, shown
from ketway.circuits.qasm.expressions import Scope, read_integer, read_number
from ketway.circuits.qasm.gates.angles import Angle, ExpansionError, evaluate
from ketway.circuits.qasm.gates.calls import Known, check_operands, read_call
from ketway.circuits.qasm.gates.definitions import read_definition, read_opaque, skip_brackets
from ketway.circuits.qasm.gates.expansion import Expansion
from ketway.circuits.qasm.gates.gate import Call, Gate, Opaque, Primitive, cost
from ketway.circuits.qasm.gates.library import INCLUDES, builtin, library
from ketway.circuits.qasm.gates.preamble import known_again
from ketway.circuits.qasm.header import read_header
from ketway.circuits.qasm.inputs import most_qubits, ordered, result_registers
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.limits import DEFAULT_LIMITS, Limits
from ketway.circuits.qasm.plain import PlainStatements
from ketway.circuits.qasm.registers import HARDWARE, Registers, Selection, Side
from ketway.circuits.qasm.words import REFUSED, TYPES, reserved
from ketway.circuits.template import Template

# Pragmas may be ignored, except these two, which act on the qubits.
_ACTING_PRAGMA: Final = re.compile(r"\s*braket\s+(unitary|noise)\b")

_GPHASE: Final = Primitive(Kind.GLOBAL_PHASE)


def read_qasm(text: str, limits: Limits = DEFAULT_LIMITS) -> Circuit:
    """Read a program; raises `QasmError` with line and column if it cannot be read, and if it has
    an `input`, which nobody gives a value."""
    return _Reader(text, limits, bound=True).circuit()


def read_template(text: str, limits: Limits = DEFAULT_LIMITS) -> Template:
    """Read a program whose inputs are open: the angles of its gates follow from them."""
    return _Reader(text, limits, bound=False).template()


class _Reader:
    """One program while it is being read."""

    def __init__(self, text: str, limits: Limits, bound: bool) -> None:
        self.lexer = Lexer(text)
        self.limits = limits
        self.bound = bound
        """No input may be left without a value."""
        if len(text) > limits.text:
            raise self.lexer.error(
                f"The program has {len(text):,} characters; at most {limits.text:,} are read.", 0
            )
        self.version = read_header(self.lexer)
        self.builder = Builder(0)
        self.expansion = Expansion(self.builder, limits)
        self.work = 0
        self.registers = Registers(limits, self._spend)
        self.gates: dict[str, Gate | Opaque] = builtin(self.version)
        self.defined: set[str] = set()
        self.changed: set[str] = set()
        """Gates that may mean something else than in the libraries."""
        include = "qelib1.inc" if self.version == 2 else "stdgates.inc"
        self.known = Known(self.gates, library(include, self.version), include)
        self.scope = Scope(
            self.version,
            limits,
            constants=self.registers.constants,
            nouns=self.registers.nouns,
            inputs=self.registers.inputs,
        )
        self.plain = PlainStatements(
            self.lexer,
            self.builder,
            self.expansion,
            self.gates,
            self.registers.qubits,
            self.registers.bits,
            self.scope,
        )
        self.blocks = Blocks(
            self.lexer,
            self.builder,
            self.expansion,
            self.registers,
            self.scope,
            self._afford,
            self.plain.forget,
        )
        self.assignments = Assignments(
            self.lexer,
            self.builder,
            self.registers,
            self.scope,
            self.blocks,
            self._afford,
            self._name,
        )
        statements: dict[str, Callable[[], None]] = {
            "include": self._include,
            "qreg": lambda: self._old_register("qubits"),
            "creg": lambda: self._old_register("bits"),
            "gate": self._definition,
            "if": self.blocks.read_if,
            "measure": self._measure_arrow,
            "reset": self._reset,
            "barrier": self._barrier,
            "OPENQASM": self._late_header,
        }
        if self.version == 2:
            statements |= {"opaque": self._opaque}
        else:
            statements |= {word: self._refused for word in REFUSED if word != "if"}
            statements |= dict.fromkeys(VARIABLES, self.assignments.declare)
            statements |= dict.fromkeys(("case", "default"), self.blocks.read_case)
            statements |= dict.fromkeys(("break", "continue"), self.blocks.read_break)
            statements |= {
                "while": self.blocks.read_while,
                "for": self.blocks.read_for,
                "switch": self.blocks.read_switch,
                "end": self._end,
                "qubit": lambda: self._register("qubits"),
                "bit": lambda: self._register("bits"),
                "const": self._constant,
                "let": self._alias,
                "delay": self._delay,
                "box": self._box,
                "stretch": self._stretch,
                "input": self._input,
                "nop": self._barrier,
                "pragma": self._pragma,
            }
        self.statements = statements

    def circuit(self) -> Circuit:
        self._read()
        return self.builder.circuit(tuple(self.registers.declared))

    def template(self) -> Template:
        self._read()
        registers = result_registers(self.registers.declared, self.registers.aliases)
        circuit = self.builder.circuit(registers)
        names = ordered(self.registers.inputs)
        return Template.opened("", circuit, self.expansion.open, names)

    def _read(self) -> None:
        lexer = self.lexer
        while True:
            lexer.skip()
            if not self.blocks.single:
                self.work = self.plain.read(self.work)
            if lexer.peek().sort == "end":
                break
            self._statement()
            self.blocks.after_statement()
        self.blocks.finish()
        self.expansion.finish()
        self.builder.qubits = self.registers.qubit_count
        if HARDWARE in self.registers.qubits:
            self.builder.qubits = max(self.builder.qubits, most_qubits(self.builder))
        settle(self.builder, self.registers)

    # -- what stands at the start of a program ------------------------------------------------

    def _late_header(self) -> None:
        raise self.lexer.error(
            "`OPENQASM` must be the first statement, and stand there once.", self.lexer.peek().at
        )

    def _include(self) -> None:
        self._outside("include libraries")
        self.lexer.take()
        token = self.lexer.peek()
        if token.sort != "string":
            raise self.lexer.unexpected(token, "the name of a library in quotation marks")
        self.lexer.take()
        name = token.text[1:-1]
        if name not in INCLUDES:
            raise self.lexer.error(
                f"{shown(name)} cannot be included: programs never read files here. Only "
                f'"{INCLUDES[0]}" and "{INCLUDES[1]}" are known; write other definitions into '
                "the program.",
                token.at,
            )
        self.lexer.expect(";", "after `include`")
        for gate, meaning in library(name, self.version).items():
            if gate not in self.defined:
                self.gates[gate] = meaning

    # -- one statement ------------------------------------------------------------------------

    def _statement(self) -> None:
        token = self.lexer.peek()
        if self.blocks.wants_case and token.text not in ("case", "default", "}"):
            raise self.lexer.unexpected(token, "`case`, `default` or `}`")
        if token.sort == "name":
            statement = self.statements.get(token.text)
            if statement is not None and token.text not in self.defined:
                statement()
            elif self._assigns(token):
                self._assignment()
            else:
                self._call()
        elif token.text == "@" and self.version != 2:
            self.lexer.skip_line()
        elif token.text == "#":
            self._hash()
        elif token.text == "}":
            self.blocks.close()
        elif token.text == "{" and self.version != 2:
            self.blocks.read_block()
        else:
            raise self.lexer.unexpected(token, "a statement")

    def _assigns(self, name: Token) -> bool:
        """Whether a bit or something else declared is assigned to, though a gate has its name."""
        known = name.text in self.registers.nouns
        if name.text in self.registers.bits and name.text not in self.gates:
            return True
        if not known and name.text in self.gates:
            return False
        after = Lexer(self.lexer.text)
        after.seek(name.at + len(name.text))
        if not known and after.peek().text == "=":
            raise self.lexer.error(
                f"{shown(name.text)} is not declared: declare `bit {name.text[:40]};` before it is "
                "used.",
                name.at,
            )
        return known and after.peek().text in ("=", "[", *COMPOUND)

    def _refused(self) -> None:
        token = self.lexer.peek()
        raise self.lexer.error(f"`{token.text}` is not supported: {REFUSED[token.text]}.", token.at)

    def _end(self) -> None:
        (self.blocks.read_end if self.blocks.open else self._refused)()

    def _outside(self, what: str) -> None:
        """Refuse what no block may hold."""
        if self.blocks.open:
            token = self.lexer.peek()
            raise self.lexer.error(
                f"`{token.text}` cannot stand in a block: {what} before the block.", token.at
            )

    def _hash(self) -> None:
        at = self.lexer.take().at
        if self.lexer.peek().text != "pragma":
            raise self.lexer.error("`#` starts nothing but `#pragma` here: delete it.", at)
        self._pragma()

    def _pragma(self) -> None:
        at = self.lexer.take().at
        match = _ACTING_PRAGMA.match(self.lexer.skip_line())
        if match is not None:
            raise self.lexer.error(
                f"The pragma `braket {match.group(1)}` acts on qubits and is not supported: write "
                "gates instead. Other pragmas are ignored.",
                at,
            )

    # -- declarations -------------------------------------------------------------------------

    def _name(self) -> Token:
        name = self.lexer.expect_name("a name")
        if reserved(name.text, self.version):
            raise self.lexer.error(
                f"{shown(name.text)} is a word of OpenQASM: choose another name.", name.at
            )
        return name

    def _size(self) -> tuple[int | None, int]:
        """`[n]`, or nothing for a single one."""
        at = self.lexer.peek().at
        if not self.lexer.accept("["):
            return None, at
        size, at = read_integer(self.lexer, self.scope, "The size of a register")
        self.lexer.expect("]", "after the size of a register")
        return size, at

    def _old_register(self, side: Side) -> None:
        self._outside("declare registers")
        self.lexer.take()
        name = self._name()
        size, at = self._size()
        if size is None and self.version == 2:
            raise self.lexer.unexpected(self.lexer.peek(), "`[` and the size of the register")
        self.registers.declare(self.lexer, name, side, size, at)
        self.lexer.expect(";", "after a declaration")

    def _register(self, side: Side) -> None:
        if side == "qubits":
            self._outside("declare qubits")
        self.lexer.take()
        size, at = self._size()
        name = self._name()
        if side == "bits" and self.blocks.open:
            self.registers.declare_local(self.lexer, name, size, at)
        else:
            self.registers.declare(self.lexer, name, side, size, at)
        if side == "bits" and not self._starts_measured(name):
            self.assignments.start(name)
        self.lexer.expect(";", "after a declaration")

    def _starts_measured(self, name: Token) -> bool:
        """Read `= measure q`, if it is there."""
        after = Lexer(self.lexer.text)
        after.seek(self.lexer.at)
        if not after.accept("=") or not after.accept("measure"):
            return False
        self.lexer.seek(after.at)
        self._measure(self.registers.bits[name.text], name.at)
        return True

    def _constant(self) -> None:
        self.lexer.take()
        sort = self.lexer.expect_name("the type of the constant")
        if sort.text not in TYPES:
            raise self.lexer.error(
                f"A constant cannot be {shown(sort.text)} here: write `const float` or "
                "`const int`.",
                sort.at,
            )
        if self.lexer.accept("["):
            read_integer(self.lexer, self.scope, "The width of a type")
            self.lexer.expect("]", "after the width of a type")
        name = self._name()
        if name.text in FUNCTIONS:
            raise self.lexer.error(
                f"{shown(name.text)} is a function: choose another name.", name.at
            )
        self.lexer.expect("=", "and its value after the name of a constant")
        value: Number
        if sort.text in ("int", "uint"):
            value, at = read_integer(self.lexer, self.scope, f"A `const {sort.text}`")
            if sort.text == "uint" and value < 0:
                raise self.lexer.error(f"A `const uint` cannot be {value}.", at)
        else:
            value = float(read_number(self.lexer, self.scope)[0])
        self.lexer.expect(";", "after a constant")
        self.registers.claim(self.lexer, name, "a constant")
        self.registers.constants[name.text] = value
        self.plain.forget()

    def _input(self) -> None:
        """`input float[64] theta;`"""
        self._outside("declare inputs")
        at = self.lexer.take().at
        sort = self.lexer.expect_name("the type of the input")
        if sort.text not in ("float", "angle"):
            raise self.lexer.error(
                f"An `input` cannot be {shown(sort.text)} here: only the angles of gates may "
                "depend on one. Write `input float`, or `const` and the value.",
                sort.at,
            )
        if self.lexer.accept("["):
            read_integer(self.lexer, self.scope, "The width of a type")
            self.lexer.expect("]", "after the width of a type")
        name = self._name()
        self.lexer.expect(";", "after an input")
        self.registers.claim(self.lexer, name, "an input")
        if self.bound:
            raise self.lexer.error(
                f"The input {shown(name.text)} has no value: inputs are bound by IBM's primitives "
                f"alone. Write `const {sort.text} {name.text[:40]} = …;`.",
                at,
            )
        self.registers.inputs[name.text] = name.text.encode()
        self.plain.forget()

    def _alias(self) -> None:
        self.lexer.take()
        name = self._name()
        self.lexer.expect("=", "after the name of an alias")
        braces = self.lexer.accept("{")  # which Qiskit writes, and OpenQASM has not
        parts = [self.registers.either(self.lexer, self.scope)]
        while self.lexer.accept("," if braces else "++"):
            parts.append(self.registers.either(self.lexer, self.scope))
        if braces:
            self.lexer.expect("}", "after the parts of an alias")
        self.lexer.expect(";", "after an alias")
        self.registers.alias(self.lexer, name, parts)

    def _definition(self) -> None:
        self._outside("define gates")
        start = self.lexer.take().at
        name, definition = read_definition(self.lexer, self.scope, self.known)
        text = self.lexer.text[start : self.lexer.at]
        known = known_again(name.text, text, self.changed)
        self._claim_gate(name)
        if known is None:
            self.changed.add(name.text)
        self.gates[name.text] = known or definition

    def _opaque(self) -> None:
        self.lexer.take()
        name, opaque = read_opaque(self.lexer, self.scope)
        self._claim_gate(name)
        self.gates[name.text] = opaque

    def _claim_gate(self, name: Token) -> None:
        """A program may define a gate once; a definition takes the place of a library's."""
        if name.text in self.defined or name.text in builtin(self.version):
            raise self.lexer.error(
                f"The gate {shown(name.text)} is defined already: choose another name.", name.at
            )
        self.defined.add(name.text)

    # -- what acts on qubits ------------------------------------------------------------------

    def _qubits(self) -> list[tuple[Selection, int]]:
        """Operands up to `;`."""
        found: list[tuple[Selection, int]] = []
        while self.lexer.peek().text != ";":
            found.append(self.registers.read(self.lexer, self.scope, "qubits"))
            if not self.lexer.accept(","):
                break
        return found

    def _barrier(self) -> None:
        self.lexer.take()
        self._qubits()
        self.lexer.expect(";", "after the qubits")

    def _delay(self) -> None:
        """Read and ignored: gates take no time in a circuit, and so neither does waiting."""
        self.lexer.take()
        opened = self.lexer.expect("[", "and a time after `delay`")
        skip_brackets(self.lexer, opened.at)
        self._qubits()
        self.lexer.expect(";", "after the qubits")

    def _box(self) -> None:
        """A block; how long it takes does not matter."""
        at = self.lexer.take().at
        if self.lexer.accept("["):
            skip_brackets(self.lexer, at)
        if self.lexer.peek().text != "{":
            raise self.lexer.unexpected(self.lexer.peek(), "`{` and the statements of a `box`")
        self.blocks.read_block()

    def _stretch(self) -> None:
        """A time that only `delay` and `box` may take, so that it does not matter."""
        self.lexer.take()
        name = self._name()
        self.lexer.expect(";", "after a declaration")
        self.registers.claim(self.lexer, name, "a time")

    def _reset(self) -> None:
        self.lexer.take()
        selection, at = self.registers.read(self.lexer, self.scope, "qubits")
        self.lexer.expect(";", "after the qubits")
        self._afford(len(selection.indices), 0, at)
        for qubit in selection.indices:
            self.builder.add(Kind.RESET, (qubit,))

    def _measure_arrow(self) -> None:
        token = self.lexer.take()
        qubits, _ = self.registers.read(self.lexer, self.scope, "qubits")
        if self.lexer.peek().text == ";":
            raise self.lexer.error(
                "This measurement goes nowhere: write `c[0] = measure q[0];`, with a bit that is "
                "declared.",
                token.at,
            )
        self.lexer.expect("->", "and a bit after the qubit that is measured")
        bits, _ = self.registers.read(self.lexer, self.scope, "bits")
        self.lexer.expect(";", "after a measurement")
        self._add_measurements(qubits, bits, token.at)

    def _assignment(self) -> None:
        token = self.lexer.peek()
        noun = self.registers.nouns[token.text]
        if token.text not in self.registers.bits:
            raise self.lexer.error(
                f"{shown(token.text)} is {noun} and cannot be assigned to.", token.at
            )
        bits, at = self.registers.read(self.lexer, self.scope, "bits")
        after = Lexer(self.lexer.text)
        after.seek(self.lexer.at)
        if not after.accept("=") or not after.accept("measure"):
            if self.lexer.peek().text not in ("=", *COMPOUND):
                raise self.lexer.unexpected(self.lexer.peek(), "`=` and a value after a bit")
            self.assignments.assign(bits, token)
            return
        self.assignments.refuse_measurement(token)
        self.lexer.seek(after.at)
        self._measure(bits, at)
        self.lexer.expect(";", "after a measurement")

    def _measure(self, bits: Selection, at: int) -> None:
        """The lexer stands behind `measure`."""
        qubits, _ = self.registers.read(self.lexer, self.scope, "qubits")
        self._add_measurements(qubits, bits, at)

    def _add_measurements(self, qubits: Selection, bits: Selection, at: int) -> None:
        if len(qubits.indices) != len(bits.indices):
            raise self.lexer.error(
                f"{plural(len(qubits.indices), 'qubit')} cannot be measured into "
                f"{plural(len(bits.indices), 'bit')}: select as many of one as of the other.",
                at,
            )
        self._afford(len(qubits.indices), 0, at)
        for pair in zip(qubits.indices, bits.indices, strict=True):
            self.builder.add(Kind.MEASURE, pair)

    def _call(self) -> None:
        call, name = read_call(self.lexer, self.scope, self.known)
        operands = self._qubits()
        self.lexer.expect(";", f"after the operands of {shown(name.text)}")
        check_operands(self.lexer, call, name, len(operands))
        count = self._broadcast(operands, name)
        added = cost(call)
        self._afford(count * added.gates, count * added.work, name.at)
        try:
            params = evaluate(call.arguments, (), self.expansion.afford)
            powers = self.expansion.exponents(call.exponents, ())
        except ExpansionError as reason:
            raise self.lexer.error(str(reason), name.at) from None
        columns = [[s.indices[0]] * count if s.single else list(s.indices) for s, _ in operands]
        for qubits in zip(*columns, strict=True) if columns else ((),):
            self._apply(call, name, params, qubits, powers)

    def _broadcast(self, operands: list[tuple[Selection, int]], name: Token) -> int:
        """How often the gate is applied: registers of one size, each with single qubits."""
        size: int | None = None
        for selection, at in operands:
            if selection.single:
                continue
            here = len(selection.indices)
            if size is not None and here != size:
                raise self.lexer.error(
                    f"{shown(name.text)} is applied to registers of {size:,} and {here:,} qubits: "
                    "they must have the same size.",
                    at,
                )
            size = here
        return 1 if size is None else size

    def _apply(
        self,
        call: Call,
        name: Token,
        params: tuple[Angle, ...],
        qubits: Sequence[int],
        powers: tuple[float, ...],
    ) -> None:
        if len(set(qubits)) < len(qubits):
            raise self.lexer.error(
                f"{shown(name.text)} has the same qubit twice: its operands must differ.", name.at
            )
        gate = call.gate
        if gate == _GPHASE and not qubits and not powers:
            # A phase that stands by itself is a statement of its author: it keeps its place.
            self.expansion.gate(Kind.GLOBAL_PHASE, (), params)
            return
        try:
            self.expansion.add(gate, params, qubits, call.polarities, powers)
        except ExpansionError as reason:
            raise self.lexer.error(str(reason), name.at) from None

    # -- limits -------------------------------------------------------------------------------

    def _afford(self, gates: int, work: int, at: int) -> None:
        """Refuse a statement that makes the program too large, before it is expanded."""
        total = len(self.builder.kinds) + gates
        if total > self.limits.gates:
            size = f"{total:,}" if total < 1 << 60 else "very many"
            raise self.lexer.error(
                f"With this statement the program would have {size} gates, after definitions and "
                f"registers are expanded; at most {self.limits.gates:,} are read.",
                at,
            )
        self._spend(work, at)

    def _spend(self, work: int, at: int) -> None:
        self.work += work
        if self.work > self.limits.work:
            raise self.lexer.error(
                "Expanding definitions, loops and registers takes too many steps with this "
                "statement: write the program with fewer nested definitions, fewer rounds and "
                "shorter expressions.",
                at,
            )
