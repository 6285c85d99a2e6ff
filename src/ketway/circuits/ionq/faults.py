"""What can be wrong with a gate, found one gate at a time and said in its writer's words.

Only the path of a circuit that is wrong leads here, so nothing in this file needs to be fast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ketway.circuits.gates import Kind
from ketway.circuits.ionq.forms import ANY, FORMS, Form
from ketway.circuits.ionq.wire import FieldError, GateObject, Gateset, Qubit, ReadError

MOST_QUBITS: Final = 2**31 - 1
"""Operands are stored in 32 bits. What a backend can run is for the backend to say."""

_PAULIEXP: Final = int(Kind.PAULIEXP)


def agree(single: Qubit, several: Sequence[Qubit], name: str) -> None:
    """Both spellings may be there if they say the same."""
    if list(several) != [single]:
        raise FieldError(f"a gate may have {name} or {name}s, not both: they differ here", name)


def wrong_targets(gate: GateObject, form: Form, count: int) -> FieldError:
    some = "no targets" if count == 0 else "1 target" if count == 1 else f"{count} targets"
    needed = {ANY: "one or more", 1: "at least one"}.get(form.targets, "exactly two")
    name = "target" if count == 1 and gate.targets is None else "targets"
    return FieldError(f"gate {gate.gate!r} has {some}; it takes {needed}", name)


def controls_refused(gate: GateObject, form: Form, count: int) -> FieldError:
    name = "control" if gate.controls is None else "controls"
    if form.controls in {"may", "must"}:
        return FieldError(f"gate {gate.gate!r} has {count} controls; at most 7 can be run", name)
    if form.kind == int(Kind.SWAP):
        return FieldError(
            "gate 'swap' cannot be controlled; write it as three cnots and control those", name
        )
    return FieldError(f"native gate {gate.gate!r} cannot be controlled", name)


def explain(gates: Sequence[GateObject], gateset: Gateset, qubits: int | None, where: str) -> None:
    """Raise for the first gate whose operands or parameters are wrong, if there is one."""
    for index, gate in enumerate(gates):
        try:
            explain_operands(gate, qubits)
            _explain_params(gate, gateset)
        except FieldError as error:
            raise ReadError(error.message, f"{where}[{index}].{error.field}", index) from None


def explain_operands(gate: GateObject, qubits: int | None) -> None:
    seen: set[Qubit] = set()
    for name, qubit in _operands(gate):
        text = shown(qubit)
        if isinstance(qubit, float) and not qubit.is_integer():
            raise FieldError(f"qubit {text} is not a whole number", name)
        if qubits is not None and not 0 <= qubit < qubits:
            raise FieldError(f"qubit {text} is outside the circuit's {_range(qubits)}", name)
        if qubit < 0:
            raise FieldError(f"qubit {text} is negative; qubits are numbered from 0", name)
        if qubit >= MOST_QUBITS:
            raise FieldError(f"qubit {text} is beyond the highest there can be", name)
        if qubit in seen:
            raise FieldError(f"qubit {text} is used twice by gate {gate.gate!r}", name)
        seen.add(qubit)


def _range(qubits: int) -> str:
    if qubits < 2:
        return "1 qubit (0)" if qubits else "0 qubits"
    return f"{qubits} qubits (0 to {qubits - 1})"


def _operands(gate: GateObject) -> list[tuple[str, Qubit]]:
    """The operands of one gate with the fields in which they are written."""
    found: list[tuple[str, Qubit]] = []
    for name, several, single in (
        ("control", gate.controls, gate.control),
        ("target", gate.targets, gate.target),
    ):
        if several is not None:
            found += [(f"{name}s[{place}]", qubit) for place, qubit in enumerate(several)]
        elif single is not None:
            found.append((name, single))
    return found


def _explain_params(gate: GateObject, gateset: Gateset) -> None:
    """Native parameters have been checked by their forms: their range leaves out infinity."""
    form = FORMS[gateset].get(gate.gate)
    if gateset == "native" or form is None:
        return
    if form.kind == _PAULIEXP:
        for place, value in enumerate(form.values(gate)):
            if not math.isfinite(value):
                raise FieldError(
                    f"coefficient times time is {value!r}; it must be finite",
                    f"coefficients[{place}]",
                )
    elif gate.rotation is not None and not math.isfinite(gate.rotation):
        raise FieldError(f"rotation {gate.rotation!r} is not finite", "rotation")


def shown(number: Qubit) -> str:
    """A number as people write it, and never megabytes of it."""
    if isinstance(number, float):
        return repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return repr(number) if abs(number) < 10**20 else f"{'-' if number < 0 else ''}(over 20 digits)"
