"""What each gate of IonQ's two gate sets needs: operands, parameters, and whether controls.

Where IonQ says nothing, the rule is that no job may silently mean something else than its writer
thought: a `rotation` on a gate that has no angle is refused, not passed over. Known clients never
send one except on `z`, where it is the phase gate; `x` with a rotation could as well mean `rx` as
a root of `x`, and whoever writes it should say which.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias

from ketway.circuits.circuit import LETTERS
from ketway.circuits.gates import IONQ_NATIVE, IONQ_QIS, Kind
from ketway.circuits.ionq.wire import FieldError, GateObject, Gateset

Values: TypeAlias = tuple[float, ...]

DEFAULT_MS_ANGLE: Final = 0.25
"""In turns: fully entangling. IonQ's default when `ms` has no `angle`."""


ANY: Final = -1
"""As many targets as the gate's writer wants, but at least one."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one gate is written."""

    kind: int
    """A plain integer: converting the enum for each gate would cost more than the reading."""
    targets: int
    """How many targets, or `ANY`; a one-qubit gate may name several and acts on each."""
    values: Callable[[GateObject], Values]
    """The gate's parameters, or `FieldError`."""
    controls: Literal["never", "may", "must"]


def _none(gate: GateObject) -> Values:
    if gate.rotation is not None:
        raise FieldError(
            f"gate {gate.gate!r} takes no rotation; remove it, or use rx, ry or rz", "rotation"
        )
    return ()


def _nothing(gate: GateObject) -> Values:
    return ()


def _rotation(gate: GateObject) -> Values:
    rotation = gate.rotation
    if rotation is None:
        hint = "; a QIS gate's angle is its rotation, in radians" if _turns(gate) else ""
        raise FieldError(f"gate {gate.gate!r} needs a rotation, in radians{hint}", "rotation")
    return (rotation,)


def _turns(gate: GateObject) -> bool:
    return gate.angle is not None or gate.phase is not None


def _turn(value: float, gate: GateObject, field: str) -> float:
    if not -1 <= value <= 1:
        raise FieldError(
            f"gate {gate.gate!r} has {value!r} here; native phases and angles are in turns, "
            "from -1 to 1 (one turn is 2 pi radians)",
            field,
        )
    return value


def _phase(gate: GateObject) -> Values:
    phase = gate.phase
    if phase is None:
        raise FieldError(f"gate {gate.gate!r} needs a phase, in turns", "phase")
    return (_turn(phase, gate, "phase"),)


def _ms(gate: GateObject) -> Values:
    phases = gate.phases
    if phases is None:
        raise FieldError("gate 'ms' needs phases: two, in turns, one for each target", "phases")
    if len(phases) != 2:
        raise FieldError(
            f"gate 'ms' has {len(phases)} phases; it takes two, one for each target", "phases"
        )
    angle = DEFAULT_MS_ANGLE if gate.angle is None else gate.angle
    return (
        _turn(phases[0], gate, "phases[0]"),
        _turn(phases[1], gate, "phases[1]"),
        _turn(angle, gate, "angle"),
    )


def _native_zz(gate: GateObject) -> Values:
    """`angle` as IonQ and Qiskit write it, or `phase` as Cirq does."""
    if gate.angle is None and gate.phase is None:
        hint = "" if gate.rotation is None else "; rotation, in radians, is the QIS zz's"
        raise FieldError(f"native gate 'zz' needs an angle, in turns{hint}", "angle")
    if gate.angle is not None and gate.phase is not None and gate.angle != gate.phase:
        raise FieldError(
            f"native gate 'zz' has angle {gate.angle!r} and phase {gate.phase!r}; give one", "phase"
        )
    if gate.angle is not None:
        return (_turn(gate.angle, gate, "angle"),)
    return _phase(gate)


def _pauliexp(gate: GateObject) -> Values:
    """One parameter per term: its coefficient times the time."""
    terms, coefficients, time = gate.terms, gate.coefficients, gate.time
    if not terms:
        raise FieldError('gate \'pauliexp\' needs terms, such as ["XX", "ZI"]', "terms")
    if coefficients is None:
        raise FieldError("gate 'pauliexp' needs coefficients, one for each term", "coefficients")
    if len(coefficients) != len(terms):
        raise FieldError(
            f"gate 'pauliexp' has {len(terms)} terms and {len(coefficients)} coefficients; "
            "it takes one coefficient for each term",
            "coefficients",
        )
    if time is None:
        raise FieldError("gate 'pauliexp' needs a time, zero or more", "time")
    if not 0 <= time < math.inf:
        raise FieldError(
            f"gate 'pauliexp' has time {time!r}; it must be zero or more: put the sign into the "
            "coefficients",
            "time",
        )
    return tuple([coefficient * time for coefficient in coefficients])


_LETTER: Final = {letter: place for place, letter in enumerate(LETTERS)}


def letters_of(gate: GateObject, width: int) -> list[int]:
    """The letters of a `pauliexp`, one row per term, letter j for target j.

    A term is written with its last letter on the first target, as Qiskit writes its labels.
    """
    letters: list[int] = []
    for place, term in enumerate(gate.terms or ()):
        if len(term) != width:
            raise FieldError(
                f"term {_short(term)!r} has {len(term)} letters for {width} targets; "
                "it takes one letter for each target",
                f"terms[{place}]",
            )
        try:
            letters.extend([_LETTER[letter] for letter in reversed(term)])
        except KeyError:
            raise FieldError(
                f"term {_short(term)!r} may only have the letters I, X, Y and Z", f"terms[{place}]"
            ) from None
    return letters


def _qis(name: str) -> Form:
    gate = IONQ_QIS[name]
    if gate.kind is Kind.PAULIEXP:
        return Form(int(gate.kind), ANY, _pauliexp, "may")
    if gate.kind is Kind.SWAP:
        # The one gate that IonQ does not let anyone control.
        return Form(int(gate.kind), 2, _none, "never")
    values = _rotation if gate.params else _none
    return Form(int(gate.kind), gate.targets, values, "must" if name == "cnot" else "may")


_NATIVE_VALUES: Final[dict[Kind, Callable[[GateObject], Values]]] = {
    Kind.GPI: _phase,
    Kind.GPI2: _phase,
    Kind.MS: _ms,
    Kind.ZZ: _native_zz,
    Kind.NOP: _nothing,
}

FORMS: Final[dict[Gateset, dict[str | None, Form]]] = {
    "qis": {name: _qis(name) for name in IONQ_QIS},
    "native": {
        name: Form(int(gate.kind), gate.targets, _NATIVE_VALUES[gate.kind], "never")
        for name, gate in IONQ_NATIVE.items()
    },
}
"""The form of each gate, by gate set and name."""

PHASE_FORM: Final = Form(int(Kind.PHASE), 1, _rotation, "may")
"""`z` with a rotation: how qiskit-ionq writes its p, cp and mcp."""

_TITLES: Final[dict[Gateset, str]] = {"qis": "QIS", "native": "native"}


def unknown(name: str | None, gateset: Gateset) -> FieldError:
    """Why no form has this name, and which name was perhaps meant."""
    if name is None:
        return FieldError('a gate needs its name, such as {"gate": "h"}', "gate")
    forms = FORMS[gateset]
    other: Gateset = "native" if gateset == "qis" else "qis"
    every = f"{_TITLES[gateset]} gates are {', '.join(str(known) for known in forms)}"
    if name in FORMS[other]:
        return FieldError(
            f"{name!r} is a {_TITLES[other]} gate and this circuit's gateset is {gateset!r}; "
            f"the two cannot be mixed; {every}",
            "gate",
        )
    close = get_close_matches(name[:40].lower(), [str(known) for known in forms], n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]!r}?" if close else ";"
    return FieldError(f"unknown gate {_short(name)!r}{meant} {every}", "gate")


def _short(text: str) -> str:
    """What a person wrote, and never megabytes of it."""
    return text if len(text) <= 40 else f"{text[:40]}..."
