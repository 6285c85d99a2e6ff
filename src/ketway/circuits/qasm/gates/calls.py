"""Reading the call of a gate up to its operands: modifiers, name, parameters."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from ketway.circuits.qasm.errors import plural, shown
from ketway.circuits.qasm.expressions import (
    Expression,
    Scope,
    constant,
    read_expression,
    read_integer,
)
from ketway.circuits.qasm.gates.gate import Call, Definition, Gate, Opaque
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.limits import MOST_CONTROLS
from ketway.circuits.qasm.words import MODIFIERS, ONLY_3


@dataclass(frozen=True, slots=True)
class Known:
    """The gates that a program may call where it is read."""

    gates: Mapping[str, Gate | Opaque]
    library: Mapping[str, Gate]
    """What an `include` would add, for messages."""
    include: str


def read_call(lexer: Lexer, scope: Scope, known: Known) -> tuple[Call, Token]:
    """Read modifiers, name and parameters; gives the call without operands, and its name."""
    polarities: list[bool] = []
    exponents: list[Expression] = []
    count = 0
    while lexer.peek().text in MODIFIERS and lexer.peek().text not in known.gates:
        count += 1
        if count > scope.limits.nesting:
            raise lexer.error(
                f"A gate has more than {scope.limits.nesting:,} modifiers: join them, as in "
                "`ctrl(2) @` and `pow(6) @`.",
                lexer.peek().at,
            )
        _modifier(lexer, scope, polarities, exponents)
    exponents.reverse()
    name = lexer.expect_name("the name of a gate")
    gate = _gate(lexer, scope, known, name)
    arguments = _arguments(lexer, scope, isinstance(gate, Definition) and gate.dummies)
    if len(arguments) != gate.params:
        raise lexer.error(
            f"{shown(name.text)} takes {plural(gate.params, 'parameter')} and has "
            f"{len(arguments):,} here.",
            name.at,
        )
    _check_powers(lexer, gate, exponents)
    return Call(gate, arguments, tuple(polarities), tuple(exponents)), name


def check_operands(lexer: Lexer, call: Call, name: Token, count: int) -> None:
    """The call must have as many operands as its gate and its controls need."""
    if count == call.qubits:
        return
    added = len(call.polarities)
    controls = f" and {plural(added, 'control')}" if added else ""
    raise lexer.error(
        f"{shown(name.text)} acts on {plural(call.gate.qubits, 'qubit')}{controls}; "
        f"{plural(count, 'operand')} {'is' if count == 1 else 'are'} given.",
        name.at,
    )


def _modifier(
    lexer: Lexer, scope: Scope, polarities: list[bool], exponents: list[Expression]
) -> None:
    word = lexer.take()
    if scope.version == 2:
        raise lexer.error(
            f"`{word.text}` belongs to OpenQASM 3, and this program says 2.0: write "
            '`OPENQASM 3.0;` and include "stdgates.inc".',
            word.at,
        )
    if word.text == "inv":
        exponents.append(constant(-1, word.at))
    elif word.text == "pow":
        lexer.expect("(", "with the exponent after `pow`")
        exponents.append(read_expression(lexer, scope))
        lexer.expect(")", "after the exponent of `pow`")
    else:
        number = 1
        if lexer.accept("("):
            number, at = read_integer(lexer, scope, "The number of controls")
            lexer.expect(")", "after the number of controls")
            if number < 1:
                raise lexer.error(f"`{word.text}` needs at least 1 control; this is {number}.", at)
        if len(polarities) + number > MOST_CONTROLS:
            raise lexer.error(
                f"A gate has more than {MOST_CONTROLS} controls here: use fewer.", word.at
            )
        polarities.extend([word.text == "ctrl"] * number)
    lexer.expect("@", f"after the modifier `{word.text}`")


def _gate(lexer: Lexer, scope: Scope, known: Known, name: Token) -> Gate:
    gate = known.gates.get(name.text)
    if isinstance(gate, Opaque):
        raise lexer.error(
            f"{shown(name.text)} is declared `opaque`, so nobody knows what it does: "
            "define it with `gate`.",
            name.at,
        )
    if gate is not None:
        return gate
    if name.text in scope.nouns:
        raise lexer.error(f"{shown(name.text)} is {scope.nouns[name.text]}, not a gate.", name.at)
    if scope.version == 2 and name.text in ONLY_3:
        raise lexer.error(
            f"`{name.text}` belongs to OpenQASM 3, and this program says 2.0: write "
            "`OPENQASM 3.0;`, or the statement of OpenQASM 2.",
            name.at,
        )
    if name.text in known.library:
        raise lexer.error(
            f"The gate {shown(name.text)} comes from a library: write "
            f'`include "{known.include}";` before it.',
            name.at,
        )
    near = difflib.get_close_matches(name.text[:40], list(known.gates)[:1_000], 1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    raise lexer.error(
        f"There is no gate {shown(name.text)}: define it with `gate` before it is used.{hint}",
        name.at,
    )


def _arguments(lexer: Lexer, scope: Scope, dummies: bool) -> tuple[Expression, ...]:
    if not lexer.accept("("):
        return ()
    found: list[Expression] = []
    while not lexer.accept(")"):
        found.append(_dummy(lexer) if dummies else read_expression(lexer, scope))
        if not lexer.accept(",") and lexer.peek().text != ")":
            raise lexer.unexpected(lexer.peek(), "`,` or `)`")
    return tuple(found)


def _dummy(lexer: Lexer) -> Expression:
    """Step over an argument that nothing depends on, whatever it is."""
    at, deep = lexer.peek().at, 0
    while deep or lexer.peek().text not in (",", ")"):
        token = lexer.peek()
        if token.sort == "end" or token.text in (";", "{", "}"):
            raise lexer.error("The parameters of this gate never end: write `)`.", at)
        deep += (token.text == "(") - (token.text == ")")
        lexer.take()
    return constant(0, at)


def _check_powers(lexer: Lexer, gate: Gate, exponents: list[Expression]) -> None:
    """Powers of a definition repeat it: how often must be known when it is read."""
    if not isinstance(gate, Definition):
        return
    whole = True
    for exponent in exponents:
        value = exponent.known
        if value is None:
            raise lexer.error(
                f"{shown(gate.name)} is defined by other gates, so this exponent must be a "
                "constant and no gate parameter.",
                exponent.at,
            )
        whole = whole and float(value).is_integer()
    if not whole and gate.qubits != 1:
        raise lexer.error(
            f"{shown(gate.name)} acts on {gate.qubits} qubits, and only one-qubit definitions have "
            "fractional powers here: apply `pow` to the gates inside it.",
            next(e.at for e in exponents if not float(e.known or 0).is_integer()),
        )
