"""Reading `gate name(params) qubits { … }`."""

from __future__ import annotations

from ketway.circuits.qasm.errors import plural, shown
from ketway.circuits.qasm.expressions import Parameter, Scope
from ketway.circuits.qasm.gates.calls import Known, check_operands, read_call
from ketway.circuits.qasm.gates.gate import Call, Definition, Opaque, cost
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.words import REFUSED, reserved

# Counts of a macro bomb are astronomic; beyond this they need not be exact.
_ENOUGH = 1 << 62

_MOST_ROOTS = 16

# Entering a definition takes about as long as adding this many gates.
_ENTERING = 4


def read_signature(lexer: Lexer, scope: Scope) -> tuple[Token, list[str], list[str]]:
    """Name, parameters and qubits of a gate; the lexer stands behind `gate` or `opaque`."""
    name = lexer.expect_name("the name of the gate")
    if reserved(name.text, scope.version):
        raise lexer.error(
            f"{shown(name.text)} is a word of OpenQASM: choose another name for the gate.", name.at
        )
    params: list[str] = []
    if lexer.accept("("):
        params = _names(lexer, "a parameter", ")")
        lexer.expect(")", "after the parameters")
    qubits = _names(lexer, "a qubit of the gate", "{")
    if not qubits:
        raise lexer.unexpected(lexer.peek(), "a qubit of the gate")
    if len({*params, *qubits}) < len(params) + len(qubits):
        raise lexer.error(
            f"Two parameters or qubits of {shown(name.text)} have the same name.", name.at
        )
    return name, params, qubits


def read_definition(lexer: Lexer, scope: Scope, known: Known) -> tuple[Token, Definition]:
    """Read a definition; the lexer stands behind its word `gate`."""
    name, params, qubits = read_signature(lexer, scope)
    places = {qubit: place for place, qubit in enumerate(qubits)}
    inner = Scope(
        scope.version,
        scope.limits,
        {key: value for key, value in scope.constants.items() if key not in places}
        if places.keys() & scope.constants.keys()
        else scope.constants,
        {param: place for place, param in enumerate(params)},
        dict.fromkeys(qubits, "a qubit of this gate"),
    )
    opened = lexer.expect("{", "and the gates it consists of after the gate's qubits")
    body: list[Call] = []
    gates, work, depth, roots = 0, _ENTERING, 0, 0
    while not lexer.accept("}"):
        if lexer.peek().sort == "end":
            raise lexer.error(
                f"The definition of {shown(name.text)} never ends: close it with `}}`.", opened.at
            )
        call = _statement(lexer, inner, known, places, name)
        if call is None:
            continue
        added = cost(call)
        depth, roots = max(depth, 1 + added.depth), max(roots, added.roots)
        if added.gates:
            gates = min(gates + added.gates, _ENOUGH)
            work = min(work + added.work, _ENOUGH)
            body.append(call)
    if depth > scope.limits.nesting:
        raise lexer.error(
            f"{shown(name.text)} is defined by definitions nested deeper than "
            f"{scope.limits.nesting:,}: define it by simpler gates.",
            name.at,
        )
    if roots > _MOST_ROOTS:
        raise lexer.error(
            f"{shown(name.text)} takes fractional powers of fractional powers, more than "
            f"{_MOST_ROOTS} deep: write the gate that they make.",
            name.at,
        )
    dummies = all(param.startswith("_gate_p_") for param in params) and not any(
        isinstance(step, Parameter)
        for call in body
        for expression in (*call.arguments, *call.exponents)
        for step in expression.steps
    )
    return name, Definition(
        name.text, len(params), len(qubits), tuple(body), gates, work, max(depth, 1), roots, dummies
    )


def read_opaque(lexer: Lexer, scope: Scope) -> tuple[Token, Opaque]:
    """Read a declaration without a body; the lexer stands behind its word `opaque`."""
    name, params, qubits = read_signature(lexer, scope)
    lexer.expect(";", "after an opaque gate")
    return name, Opaque(name.text, len(params), len(qubits))


def skip_brackets(lexer: Lexer, at: int) -> None:
    """Step over `[…]` whose content does not matter; the lexer stands behind its `[`."""
    while True:
        token = lexer.take()
        if token.text == "]":
            return
        if token.sort == "end" or token.text in (";", "[", "{", "}"):
            raise lexer.error("This `[` is never closed: write `]`.", at)


def _names(lexer: Lexer, what: str, end: str) -> list[str]:
    names: list[str] = []
    while lexer.peek().text != end:
        names.append(lexer.expect_name(what).text)
        if not lexer.accept(","):
            break
    return names


def _statement(
    lexer: Lexer, scope: Scope, known: Known, places: dict[str, int], name: Token
) -> Call | None:
    """One statement of a body; None if it does nothing."""
    token = lexer.peek()
    if token.text in ("barrier", "nop", "delay") and token.text not in known.gates:
        lexer.take()
        if token.text == "delay":
            opened = lexer.expect("[", "and a time after `delay`")
            skip_brackets(lexer, opened.at)
        while not lexer.accept(";"):
            _operand(lexer, places)
            if not lexer.accept(",") and lexer.peek().text != ";":
                raise lexer.unexpected(lexer.peek(), "`,` or `;`")
        return None
    if token.text == name.text and name.text not in known.gates:
        raise lexer.error(f"{shown(name.text)} calls itself: no gate may.", token.at)
    if token.text in REFUSED or token.text in ("measure", "reset", "qubit", "bit", "gate", "let"):
        why = REFUSED.get(token.text, "a gate consists of gates. Move it out of the definition")
        raise lexer.error(f"`{token.text}` cannot stand in a gate: {why}.", token.at)
    call, called = read_call(lexer, scope, known)
    operands: list[int] = []
    while lexer.peek().text != ";":
        operands.append(_operand(lexer, places))
        if not lexer.accept(","):
            break
    lexer.expect(";", f"after the operands of {shown(called.text)}")
    check_operands(lexer, call, called, len(operands))
    if len(set(operands)) < len(operands):
        raise lexer.error(
            f"{shown(called.text)} has the same qubit twice: its {plural(len(operands), 'operand')}"
            " must differ.",
            called.at,
        )
    return Call(call.gate, call.arguments, call.polarities, call.exponents, tuple(operands))


def _operand(lexer: Lexer, places: dict[str, int]) -> int:
    token = lexer.expect_name("a qubit of the gate")
    place = places.get(token.text)
    if place is None:
        raise lexer.error(
            f"{shown(token.text)} is not a qubit of this gate: a definition may use only its own "
            "qubits.",
            token.at,
        )
    if lexer.peek().text == "[":
        raise lexer.error(
            f"{shown(token.text)} is one qubit of the gate and has no parts: write it without "
            "`[…]`.",
            token.at,
        )
    return place
