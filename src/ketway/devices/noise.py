"""What noise is: figures, with where they come from. Engines apply it; they hold no numbers.

`docs/reference/noise-models.md` specifies the document that a person writes; it is a `NoiseModel`
in JSON, and `read_noise_model` decodes and checks it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Final

import msgspec

from ketway.circuits.gates import GATES, IONQ_NATIVE, IONQ_QIS, QASM, Gate, Kind
from ketway.devices.channels import Case, ChannelError, check_channel
from ketway.devices.recognised import recognised

ANY_ONE: Final = "1q"
"""Names every one-qubit gate that no entry names."""
ANY_TWO: Final = "2q"
"""Names every two-qubit gate that no entry names, and what wider gates compile to."""

LARGEST: Final = 4 << 20
"""Bytes of the longest document that is read."""
_MOST_QUBITS: Final = 100_000
_FREE: Final = (Kind.GLOBAL_PHASE, Kind.DRESSING)
_UNLESS_NAMED: Final = (Kind.NOP, Kind.MEASURE, Kind.RESET)
"""Kinds that are free unless an entry names them: `1q` does not mean them."""


class GateNoise(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What follows some gates, on all qubits or on the named ones.

    In this order: depolarising, then the Pauli channel, then the damping of each qubit or its
    relaxation for the duration, with the times of the `QubitNoise`, and then the channel. What is
    said of a measurement comes before it is taken.
    """

    gates: tuple[str, ...]
    """Names of the gate table, a `c` before them for one control; `1q` and `2q` for the rest."""
    qubits: tuple[int, ...] = ()
    """A qubit, or a pair in the order of the letters of `pauli`; empty for all."""
    depolarising: float = 0.0
    """p in rho -> (1 - p) rho + p I / 2**qubits."""
    pauli: dict[str, float] = {}
    """Probability of each Pauli product. Without `qubits`, letter j is on the gate's operand j,
    controls first."""
    duration: float = 0.0
    """Seconds that it takes."""
    damping: tuple[float, ...] = ()
    """For each operand, the odds that a 1 becomes a 0, whatever the times of the qubit."""
    channel: tuple[tuple[Case, ...], ...] = ()
    """Steps, each a mixture of cases: see `devices/channels.py`."""

    @property
    def silent(self) -> bool:
        figures = self.depolarising or any(self.pauli.values()) or self.duration
        return not (figures or any(self.damping) or self.channel)

    @property
    def width(self) -> int:
        return width_of(self.gates[0])

    @property
    def beyond_paulis(self) -> bool:
        """Whether what follows is no mixture of Paulis, apart from the duration, or happens where
        engines of Pauli errors look for none."""
        if self.silent:
            return False
        if any(self.damping) or {"measure", "reset"} & set(self.gates):
            return True
        if not self.channel:
            return False
        plain = recognised(self.channel, self.width)
        return plain is None or plain.damps


class QubitNoise(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one qubit suffers, or each that has no figures of its own."""

    qubit: int | None = None
    t1: float | None = None
    """Seconds in which an excited qubit relaxes to 0, by a factor e; None for never."""
    t2: float | None = None
    """Seconds in which coherence is lost, by a factor e; None for 2 t1."""
    p01: float | None = None
    """Probability that a 0 is read as 1."""
    p10: float | None = None
    """Probability that a 1 is read as 0."""

    @property
    def times(self) -> bool:
        return self.t1 is not None or self.t2 is not None

    @property
    def misread(self) -> bool:
        return self.p01 is not None or self.p10 is not None


class NoiseModel(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What goes wrong after gates, and on reading.

    A simple model is depolarising noise after each gate, as IonQ's documentation defines its
    simulator's. After a one-qubit gate: rho -> (1 - r1) rho + r1 I/2: X, Y or Z with probability
    r1/4 each. After a two-qubit gate: rho -> (1 - r2) rho + r2 I/4: 15 Pauli pairs of probability
    r2/16 each. A gate on more qubits counts as the two-qubit gates it compiles to (see
    `engines/noise.py`).

    `gates` and `qubits` say more. Of the entries that name a gate, the most specific holds, and it
    alone: the gate on these qubits, the gate, `1q` or `2q` on these qubits, `1q` or `2q`, and then
    `one_qubit` or `two_qubit`.
    """

    name: str
    one_qubit: float = 0.0
    two_qubit: float = 0.0
    readout: float = 0.0
    """Probability that a measured bit is read wrong."""
    source: str = ""
    gates: tuple[GateNoise, ...] = ()
    qubits: tuple[QubitNoise, ...] = ()

    @property
    def ideal(self) -> bool:
        return (
            self.one_qubit == 0
            and self.two_qubit == 0
            and self.readout == 0
            and all(entry.silent for entry in self.gates)
            and not any(entry.p01 or entry.p10 for entry in self.qubits)
        )

    @property
    def simple(self) -> bool:
        """Whether three figures say everything."""
        return not self.gates and not self.qubits

    @property
    def relaxes(self) -> bool:
        """Whether qubits may fall from 1 to 0: noise that is no mixture of Paulis."""
        timed = any(entry.duration > 0 for entry in self.gates)
        return timed and any(entry.t1 is not None for entry in self.qubits)

    @property
    def beyond_paulis(self) -> bool:
        """Whether engines whose errors are Paulis cannot do it."""
        return self.relaxes or any(entry.beyond_paulis for entry in self.gates)

    @property
    def misreads(self) -> bool:
        return self.readout > 0 or any(entry.p01 or entry.p10 for entry in self.qubits)

    @property
    def awake(self) -> tuple[Kind, ...]:
        """The kinds that leave a qubit as it is, or are often left out, at which this model has
        something happen."""
        named = {
            name
            for entry in self.gates
            for name in entry.gates
            if name == "nop" or not entry.silent
        }
        return tuple(kind for kind in _UNLESS_NAMED if GATES[kind].name in named)

    def on(self, qubits: Sequence[int]) -> NoiseModel:
        """The model of a circuit whose qubit k is qubit `qubits[k]` of this model's."""
        if all(not entry.qubits for entry in self.gates) and all(
            entry.qubit is None for entry in self.qubits
        ):
            return self
        place = {qubit: k for k, qubit in enumerate(qubits)}
        gates = tuple(
            msgspec.structs.replace(entry, qubits=tuple(place[q] for q in entry.qubits))
            for entry in self.gates
            if all(q in place for q in entry.qubits)
        )
        own = tuple(
            entry
            if entry.qubit is None
            else msgspec.structs.replace(entry, qubit=place[entry.qubit])
            for entry in self.qubits
            if entry.qubit is None or entry.qubit in place
        )
        return msgspec.structs.replace(self, gates=gates, qubits=own)

    @property
    def rates(self) -> dict[str, float]:
        rates = {"1q": self.one_qubit, "2q": self.two_qubit}
        if self.readout:
            rates["readout"] = self.readout
        return rates


class NoiseModelError(ValueError):
    """A noise model that cannot be: which field, what is wrong with it, what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


@cache
def noisy_gates() -> dict[str, tuple[Kind, int]]:
    """Every name that an entry may give to a gate: its kind and its controls."""
    names: dict[str, tuple[Kind, int]] = {}
    for kind, gate in GATES.items():
        if kind in _FREE or gate.targets not in (1, 2):
            continue
        names[gate.name] = (kind, 0)
        if gate.targets == 1 and kind not in _UNLESS_NAMED:
            names[f"c{gate.name}"] = (kind, 1)
    return names


def width_of(name: str) -> int:
    """Qubits of a gate that an entry names."""
    if name in (ANY_ONE, ANY_TWO):
        return 1 if name == ANY_ONE else 2
    kind, controls = noisy_gates()[name]
    return GATES[kind].targets + controls


def read_noise_model(data: bytes | str) -> NoiseModel:
    """The model that a document (JSON) describes; raises `NoiseModelError` if it describes none."""
    if len(data) > LARGEST:
        raise NoiseModelError("", f"a noise model has at most {LARGEST:,} bytes, not {len(data):,}")
    try:
        model = msgspec.json.decode(data, type=NoiseModel)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise NoiseModelError(place.rstrip("`").lstrip("."), _lowered(message)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoiseModelError("", f"the noise model is not JSON: {error}") from None
    check_noise_model(model)
    return model


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def check_noise_model(model: NoiseModel) -> None:
    """Raises `NoiseModelError` for the first figure that cannot be."""
    if not model.name or len(model.name) > 200:
        raise NoiseModelError("name", "give the model a name of 1 to 200 characters")
    for name in ("one_qubit", "two_qubit", "readout"):
        _check_probability(name, getattr(model, name))
    taken: dict[tuple[str, tuple[int, ...]], str] = {}
    for i, entry in enumerate(model.gates):
        _check_gates(f"gates[{i}]", entry, taken)
    for name, field in ((ANY_ONE, "one_qubit"), (ANY_TWO, "two_qubit")):
        if getattr(model, field) and (name, ()) in taken:
            raise NoiseModelError(
                field, f"{taken[name, ()]} already says what follows these gates: give one of them"
            )
    owners: dict[int | None, str] = {}
    for i, qubit in enumerate(model.qubits):
        _check_qubit(f"qubits[{i}]", qubit, owners)
        if qubit.qubit is None and qubit.misread and model.readout:
            raise NoiseModelError(
                "readout", f"qubits[{i}] already says how all qubits are misread: give one of them"
            )
    timed = [i for i, entry in enumerate(model.gates) if entry.duration]
    if timed and not any(entry.times for entry in model.qubits):
        raise NoiseModelError(
            f"gates[{timed[0]}].duration",
            "a duration does nothing unless qubits relax: give t1, t2 or both in `qubits`",
        )
    relaxing = [i for i, entry in enumerate(model.qubits) if entry.times]
    if relaxing and not timed:
        raise NoiseModelError(
            f"qubits[{relaxing[0]}]",
            "t1 and t2 do nothing while no gate takes time: give `duration` in an entry of `gates`",
        )


def _check_gates(
    field: str, entry: GateNoise, taken: dict[tuple[str, tuple[int, ...]], str]
) -> None:
    if not entry.gates:
        raise NoiseModelError(f"{field}.gates", "name a gate, or `1q` or `2q` for all of a width")
    widths = {}
    for j, name in enumerate(entry.gates):
        if name not in noisy_gates() and name not in (ANY_ONE, ANY_TWO):
            raise NoiseModelError(f"{field}.gates[{j}]", _unknown(name))
        widths[width_of(name)] = name
        pair = tuple(entry.qubits)
        if (name, pair) in taken:
            raise NoiseModelError(
                f"{field}.gates[{j}]",
                f"{taken[name, pair]} already names {name!r} on {_places(pair)}: put the figures "
                "into one entry",
            )
        taken[name, pair] = field
    if len(widths) > 1:
        raise NoiseModelError(
            f"{field}.gates",
            f"{widths[1]!r} has one qubit and {widths[2]!r} has two: make an entry of each",
        )
    (width,) = widths
    for j, qubit in enumerate(entry.qubits):
        _check_index(f"{field}.qubits[{j}]", qubit)
    if entry.qubits and (len(entry.qubits) != width or len(set(entry.qubits)) != width):
        wanted = "one qubit" if width == 1 else "two different qubits"
        raise NoiseModelError(
            f"{field}.qubits",
            f"{entry.gates[0]!r} acts on {wanted}, not on {_places(entry.qubits)}: make an entry "
            "for each place, or leave `qubits` out for all",
        )
    _check_probability(f"{field}.depolarising", entry.depolarising)
    for letters, p in entry.pauli.items():
        _check_letters(f"{field}.pauli", letters, width)
        _check_probability(f"{field}.pauli.{letters}", p)
    total = math.fsum(entry.pauli.values())
    if total > 1 + 1e-12:
        raise NoiseModelError(
            f"{field}.pauli", f"the probabilities sum to {total:g}: they must leave 0 or more"
        )
    if not (math.isfinite(entry.duration) and entry.duration >= 0):
        raise NoiseModelError(f"{field}.duration", "give seconds, 0 or more")
    if entry.damping and len(entry.damping) != width:
        raise NoiseModelError(
            f"{field}.damping", f"give {width} of them, one for each qubit of {entry.gates[0]!r}"
        )
    for j, odds in enumerate(entry.damping):
        _check_probability(f"{field}.damping[{j}]", odds)
    if any(entry.damping) and entry.duration:
        raise NoiseModelError(
            f"{field}.damping", "a duration relaxes the qubits already: give one of them"
        )
    try:
        check_channel(entry.channel, width)
    except ChannelError as error:
        raise NoiseModelError(f"{field}.{error.field}", error.message) from None


def _check_letters(field: str, letters: str, width: int) -> None:
    if len(letters) != width or set(letters) - set("IXYZ"):
        raise NoiseModelError(
            field, f"{letters!r} must be {width} of the letters I, X, Y, Z, one for each qubit"
        )
    if set(letters) == {"I"}:
        raise NoiseModelError(field, f"{letters!r} is no error: leave it out, it gets what is left")


def _check_qubit(field: str, entry: QubitNoise, owners: dict[int | None, str]) -> None:
    if entry.qubit is not None:
        _check_index(f"{field}.qubit", entry.qubit)
    if entry.qubit in owners:
        whose = "all qubits" if entry.qubit is None else f"qubit {entry.qubit}"
        raise NoiseModelError(
            field,
            f"{owners[entry.qubit]} already has the figures of {whose}: make one entry of both",
        )
    owners[entry.qubit] = field
    for name in ("t1", "t2"):
        value = getattr(entry, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise NoiseModelError(f"{field}.{name}", "give seconds above 0, or leave it out")
    if entry.t1 is not None and entry.t2 is not None and entry.t2 > 2 * entry.t1 * (1 + 1e-12):
        raise NoiseModelError(
            f"{field}.t2",
            f"{entry.t2:g} s is more than twice t1 = {entry.t1:g} s, which no qubit can have: "
            "give at most 2 t1",
        )
    if (entry.p01 is None) != (entry.p10 is None):
        raise NoiseModelError(field, "give both p01 and p10, or neither")
    for name in ("p01", "p10"):
        _check_probability(f"{field}.{name}", getattr(entry, name) or 0.0)
    if not (entry.times or entry.misread):
        raise NoiseModelError(field, "says nothing: give t1, t2, or p01 and p10")


def _check_probability(field: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise NoiseModelError(field, f"{value:g} is no probability: give a number from 0 to 1")


def _check_index(field: str, qubit: int) -> None:
    if not 0 <= qubit < _MOST_QUBITS:
        raise NoiseModelError(
            field, f"{qubit} is no qubit: qubits are numbered from 0 to {_MOST_QUBITS - 1:,}"
        )


def _places(qubits: Iterable[int]) -> str:
    listed = ", ".join(str(qubit) for qubit in qubits)
    return f"qubits [{listed}]" if listed else "all qubits"


def _unknown(name: str) -> str:
    """What to say of a name that no gate with noise has."""
    base = _gate_called(name)
    wide = _gate_called(name.lstrip("c"))
    if base is not None and base.kind in _FREE:
        return f"{name!r} acts on no qubit, so nothing can follow it: leave it out"
    own = _own_name(name)
    if name == "pauliexp" or not (base or own or wide is None or wide.kind in _FREE):
        return (
            f"{name!r} acts on more than two qubits: such gates are charged as the two-qubit gates "
            f"that they compile to, so give the figures of {ANY_TWO!r}"
        )
    close = [own] if own else []
    close += get_close_matches(name[:40], noisy_gates(), n=3, cutoff=0.5)
    meant = f"; did you mean {' or '.join(map(repr, dict.fromkeys(close)))}?" if close else ";"
    return f"unknown gate {name[:40]!r}{meant} known are {', '.join(noisy_gates())}, 1q, 2q"


def _gate_called(name: str) -> Gate | None:
    table = {gate.name: gate for gate in GATES.values()}
    return table.get(name) or QASM.get(name) or IONQ_QIS.get(name) or IONQ_NATIVE.get(name)


def _own_name(name: str) -> str:
    """The gate table's name of a gate that others call so."""
    if name.startswith("c"):
        target = _gate_called(name[1:])
        if target is not None and f"c{target.name}" in noisy_gates():
            return f"c{target.name}"
    gate = _gate_called(name)
    return gate.name if gate is not None and gate.name in noisy_gates() else ""
