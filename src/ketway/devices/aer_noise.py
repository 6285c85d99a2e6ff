"""Noise models of Qiskit Aer, as ours: what `NoiseModel.to_dict()` says, entry by entry.

The dict comes from a user, as JSON. Nothing of it is evaluated, sizes are bounded before they are
worked on, and what we cannot say is refused with the error it stands in: a model that is applied is
applied whole. `docs/reference/noise-models.md` says what is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np

from ketway.circuits.circuit import LETTERS, Floats
from ketway.devices.aer_circuits import Budget, read_case
from ketway.devices.aer_gates import own_name
from ketway.devices.channels import TOLERANCE, Case, Operation, Step
from ketway.devices.noise import (
    GateNoise,
    NoiseModel,
    NoiseModelError,
    QubitNoise,
    check_noise_model,
    width_of,
)
from ketway.devices.recognised import recognised

MOST_ERRORS: Final = 20_000
MOST_OPERATIONS: Final = 500_000
"""In all circuits of all errors."""
_MOST_PAULIS: Final = 16
"""Of generators on one or two qubits, apart from the identity: 15."""

_Place: TypeAlias = tuple[int, ...]


def noise_model_of(document: object, name: str = "uploaded") -> NoiseModel:
    """The noise model that the dict of an Aer model describes; `NoiseModelError` if it cannot be.

    Values may be plain JSON or what a decoder of typed JSON made of it: arrays and complex numbers.
    """
    if not isinstance(document, Mapping):
        raise NoiseModelError("", "a noise model of Qiskit Aer is an object with `errors`")
    unknown = sorted(set(map(str, document)) - {"errors"})
    if unknown:
        raise NoiseModelError(unknown[0][:40], "is nothing that a noise model of Qiskit Aer has")
    errors = _row(document.get("errors", []), "errors")
    if len(errors) > MOST_ERRORS:
        raise NoiseModelError("errors", f"has {len(errors):,}: give at most {MOST_ERRORS:,}")
    reader = _Reader(Budget(MOST_OPERATIONS))
    for i, error in enumerate(errors):
        if not isinstance(error, Mapping):
            raise NoiseModelError(f"errors[{i}]", "must be an object")
        reader.error(i, error)
    model = NoiseModel(
        name,
        source="a noise model of Qiskit Aer",
        gates=tuple(reader.entries()),
        qubits=tuple(reader.qubits.values()),
    )
    check_noise_model(model)
    return model


@dataclass
class _Struck:
    """What strikes a gate somewhere."""

    field: str
    called: str
    """Aer's name of the gate."""
    steps: list[Step]


@dataclass
class _Reader:
    budget: Budget
    gates: dict[tuple[str, _Place], _Struck] = field(default_factory=dict)
    qubits: dict[int | None, QubitNoise] = field(default_factory=dict)

    def error(self, i: int, error: Mapping[Any, Any]) -> None:
        kind = error.get("type")
        place = f"errors[{i}]"
        if kind == "roerror":
            self._misread(place, error)
            return
        if kind not in ("qerror", "plerror"):
            raise NoiseModelError(f"{place}.type", f"{str(kind)[:40]!r} is no type of error")
        if error.get("noise_qubits"):
            raise NoiseModelError(
                f"{place}.noise_qubits",
                "errors on other qubits than the gate's are not known here: give the gate's own",
            )
        operations = _row(error.get("operations", []), f"{place}.operations")
        if not operations:
            raise NoiseModelError(f"{place}.operations", "name the gates that it follows")
        targets = _targets(error, place)
        for operation in operations:
            name = str(operation)[:60]
            for qubits in targets:
                on = f" {list(qubits)}" if qubits else ""
                self._strike(f"{place} on {name}{on}", name, qubits, error)

    def _strike(self, place: str, called: str, qubits: _Place, error: Mapping[Any, Any]) -> None:
        name = own_name(called, place)
        width = width_of(name)
        if qubits and len(qubits) != width:
            raise NoiseModelError(place, f"{called!r} acts on {width} qubits, not on {len(qubits)}")
        if error["type"] == "plerror":
            steps = _lindblad(error, place, width)
        else:
            steps = [self._mixture(error, place, width)]
        known = self.gates.get((name, qubits))
        if known is None:
            self.gates[name, qubits] = _Struck(place, called, steps)
        elif known.called == called:
            known.steps.extend(steps)  # errors of one gate are composed
        elif known.steps != steps:
            raise NoiseModelError(
                place,
                f"{called!r} and {known.called!r} are one gate here, and {known.field} says "
                "otherwise: give both the same error",
            )

    def _mixture(self, error: Mapping[Any, Any], place: str, width: int) -> Step:
        circuits = _row(error.get("instructions"), f"{place}: instructions")
        chances = _row(error.get("probabilities"), f"{place}: probabilities")
        if len(circuits) != len(chances) or not circuits:
            raise NoiseModelError(
                place, f"{len(circuits):,} circuits have {len(chances):,} probabilities"
            )
        cases = []
        for j, (circuit, chance) in enumerate(zip(circuits, chances, strict=True)):
            p = _number(chance, f"{place}: probabilities[{j}]")
            if not -TOLERANCE <= p <= 1 + TOLERANCE:
                raise NoiseModelError(
                    f"{place}: probabilities[{j}]", f"{p:g} is no probability: give 0 to 1"
                )
            do = read_case(circuit, f"{place}: instructions[{j}]", width, self.budget)
            if p > 0:
                cases.append(Case(min(1.0, p), do))
        return tuple(cases)

    def _misread(self, place: str, error: Mapping[Any, Any]) -> None:
        rows = [
            [_number(p, f"{place}.probabilities") for p in _row(row, f"{place}.probabilities")]
            for row in _row(error.get("probabilities"), f"{place}.probabilities")
        ]
        for qubits in _targets(error, place):
            on = f"{place} on measure {list(qubits)}" if qubits else f"{place} on measure"
            if len(qubits) > 1 or len(rows) > 2:
                raise NoiseModelError(
                    on,
                    "a readout error of several qubits strikes no measurement of one, and circuits "
                    "have no others: give each qubit its own",
                )
            if [len(row) for row in rows] != [2, 2]:
                raise NoiseModelError(on, "the probabilities must be two rows of two")
            for row in rows:
                off = abs(math.fsum(row) - 1)
                if not off <= TOLERANCE or min(row) < -TOLERANCE:
                    raise NoiseModelError(on, f"{row} are no probabilities of what is read")
            qubit = qubits[0] if qubits else None
            p01, p10 = (min(1.0, max(0.0, p)) for p in (rows[0][1], rows[1][0]))
            self.qubits[qubit] = QubitNoise(qubit, p01=p01, p10=p10)  # the last one holds

    def entries(self) -> Iterator[GateNoise]:
        """One for each gate and place. Aer knows a pair in one order alone; we take one for both
        unless the other has its own, which so has to be told what it has."""
        for (name, qubits), struck in self.gates.items():
            yield _entry(name, qubits, struck)
            other = qubits[::-1]
            if len(qubits) == 2 and (name, other) not in self.gates:
                everywhere = self.gates.get((name, ()))
                if everywhere is None:
                    yield GateNoise((name,), other)
                else:
                    yield _entry(name, other, everywhere)


def _entry(name: str, qubits: _Place, struck: _Struck) -> GateNoise:
    """An entry in figures, where there are some."""
    width, steps = width_of(name), tuple(struck.steps)
    if len(steps) == 1 and all(_is_pauli(case) for case in steps[0]):
        paulis = _summed(steps[0], width)
        return GateNoise((name,), qubits, pauli=paulis)
    entry = GateNoise((name,), qubits, channel=steps)
    try:
        check_noise_model(NoiseModel("checked", gates=(entry,)))
    except NoiseModelError as error:
        _, _, message = error.field.partition(".")
        raise NoiseModelError(struck.field, f"{message}: {str(error).split(': ', 1)[1]}") from None
    plain = recognised(steps, width)
    if plain is None:
        return entry
    odds = {_letters(k, width): float(p) for k, p in enumerate(plain.paulis) if k and p}
    return GateNoise((name,), qubits, pauli=odds, damping=plain.damping if plain.damps else ())


def _is_pauli(case: Case) -> bool:
    return not case.do or (len(case.do) == 1 and case.do[0].pauli is not None)


def _summed(step: Step, width: int) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for case in step:
        letters = ["I"] * width
        for operation in case.do:
            for place, letter in zip(operation.on, operation.pauli or "", strict=True):
                letters[place] = letter
        found.setdefault("".join(letters), []).append(case.p)
    total = math.fsum(case.p for case in step)
    found.pop("I" * width, None)
    return {letters: math.fsum(odds) / total for letters, odds in found.items()}


def _letters(k: int, width: int) -> str:
    return "".join(LETTERS[k >> 2 * j & 3] for j in range(width))


def _lindblad(error: Mapping[Any, Any], place: str, width: int) -> list[Step]:
    """Each generator flips by itself, at a rate: with probability (1 - exp(-2 rate)) / 2. Paulis
    commute but for signs nobody sees, so all together are one mixture."""
    generators = _row(error.get("instructions"), f"{place}: instructions")
    rates = _row(error.get("rates"), f"{place}: rates")
    if len(generators) != len(rates) or len(rates) > _MOST_PAULIS:
        raise NoiseModelError(
            place,
            f"{len(generators):,} generators have {len(rates):,} rates: give one for each, and at "
            f"most {_MOST_PAULIS}",
        )
    odds: Floats = np.zeros(4**width)
    odds[0] = 1.0
    for j, (generator, rate) in enumerate(zip(generators, rates, strict=True)):
        value = _number(rate, f"{place}: rates[{j}]")
        if value < 0:
            raise NoiseModelError(
                f"{place}: rates[{j}]", f"{value:g} is below 0, which no channel can be: give more"
            )
        do = read_case(generator, f"{place}: instructions[{j}]", width, Budget(_MOST_PAULIS))
        pauli = 0
        for operation in do:
            if operation.pauli is None:
                raise NoiseModelError(f"{place}: instructions[{j}]", "must be a Pauli product")
            for on, letter in zip(operation.on, operation.pauli, strict=True):
                pauli ^= LETTERS.index(letter) << 2 * on
        flip = -math.expm1(-2 * value) / 2
        odds = (1 - flip) * odds + flip * odds[np.arange(4**width) ^ pauli]
    return [tuple(_pauli_case(float(p), k, width) for k, p in enumerate(odds) if p)]


def _pauli_case(p: float, k: int, width: int) -> Case:
    do = (Operation(tuple(range(width)), pauli=_letters(k, width)),) if k else ()
    return Case(p, do)


def _targets(error: Mapping[Any, Any], place: str) -> list[_Place]:
    """The places that it is about: () for everywhere."""
    given = error.get("gate_qubits")
    if given is None:
        return [()]
    found = []
    for j, qubits in enumerate(_row(given, f"{place}.gate_qubits")):
        row = _row(qubits, f"{place}.gate_qubits[{j}]")
        if not row or any(type(q) is not int or q < 0 for q in row):
            raise NoiseModelError(f"{place}.gate_qubits[{j}]", "must be the numbers of qubits")
        found.append(tuple(row))
    return found


def _row(value: object, place: str) -> Sequence[Any]:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        raise NoiseModelError(place, "must be a list")
    return value


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NoiseModelError(place, "must be a number")
    number = float(value)
    if not math.isfinite(number):
        raise NoiseModelError(place, "must be a finite number")
    return number
