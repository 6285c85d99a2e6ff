"""Where noise strikes: the sites that follow each gate, and what may happen there.

Noise follows the gates as they were submitted, before anything is compiled, fused or cancelled: a
gate that a compiler would drop still brings its noise, and two spellings of one unitary may differ
in theirs. A one-qubit gate has one one-qubit site and a two-qubit gate one two-qubit site, controls
counted. A gate on k > 2 qubits is charged as what it compiles to: 6 (k - 2) two-qubit gates, along
its operands. The exponential of a Pauli product on w > 1 qubits is charged as the 2 (w - 1)
two-qubit gates of its chain. No-ops, global phases, measurements, resets and dressings are free,
except that a model may name `nop`, `measure` (whose noise comes before it) and `reset`.

At a site, a Pauli error comes first: depolarising, then the Pauli channel, then the phase flips of
relaxation, all as one distribution. Then each of its qubits may be damped. Then come the steps of a
channel, as acts of their own (see `actions.py`), unless the channel is a Pauli error and dampings:
then it is these.

Relaxation for a time t multiplies the population of 1 by 1 - g = exp(-t/t1) and coherences by
s = exp(-t/t2). It is written as a mixture, so that whether anything happens is drawn before the
state is known: with probability p a damping of strength d = g/p (a weak measurement that takes a 1
to 0 with probability d, and otherwise shrinks its amplitude by sqrt(1 - d)), and else nothing; and
a phase flip before it. For t2 <= t1, p = g and d = 1: a reset. Above, no phase flip is needed with
p = (1 - s)^2 / (2 (1 - s) - g), which grows to 1 at t2 = 2 t1; from a half on, p = 1 is simpler and
as good. A damping that is given by its strength alone is the same: coherence may be lost in it
rather than by the phase flips that the Pauli error has.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import LETTERS, Floats, Ints, Structure, kind_table
from ketway.circuits.gates import Kind
from ketway.devices.noise import (
    ANY_ONE,
    ANY_TWO,
    GateNoise,
    NoiseModel,
    QubitNoise,
    noisy_gates,
)
from ketway.devices.recognised import infidelity, recognised
from ketway.engines.actions import NO_ACTS, Action, Acts, action_of

_IS_FREE: Final = kind_table(
    (
        Kind.NOP,
        Kind.GLOBAL_PHASE,
        Kind.MEASURE,
        Kind.RESET,
        Kind.JUMP,
        Kind.ASSIGN,
        Kind.DRESSING,
    )
)

_OFTEN: Final = 0.5
"""A damping that would happen so often is made to happen always."""


@dataclass(frozen=True)
class Sites:
    """The sites of gate g are `starts[g]:starts[g + 1]`."""

    starts: NDArray[np.int64]
    qubits: Ints
    """Shape (sites, 2): a pair of qubits, or one qubit and -1."""
    tables: Ints
    """For each site, which distribution its Pauli error has."""
    distributions: Floats
    """Shape (distributions, 16): of the Pauli with letters k & 3 and k >> 2 (I X Y Z = 0 1 2 3)."""
    widths: tuple[int, ...]
    """Qubits of each distribution."""
    damping_odds: Floats
    """Shape (sites, 2): the odds that the first and the second qubit are damped."""
    damping: Floats
    """Shape (sites, 2): the odds that a 1 that is damped becomes a 0."""
    figures: dict[str, float]
    """What was applied, for people."""
    acts: Acts = NO_ACTS
    """What follows that is neither."""

    @property
    def error_odds(self) -> Floats:
        """For each site, the odds that its Pauli is not the identity."""
        odds = np.maximum(0.0, 1 - self.distributions[:, 0])
        return odds[self.tables]

    @property
    def expected(self) -> float:
        """How many things happen to a shot on average that do not happen to most. Of dampings that
        always happen, those that take a 1 to 0, if half the qubits are 1."""
        parting = np.where(self.damping_odds < 1, self.damping_odds, self.damping / 2)
        return float(self.error_odds.sum() + parting.sum()) + self.acts.expected


def limits_of(distributions: Floats) -> NDArray[np.uint64]:
    """Where 64 random bits fall below limit k and not below k - 1, the error is Pauli k > 0."""
    out = np.zeros(distributions.shape, dtype=np.uint64)
    for row, odds in zip(out, distributions, strict=True):
        sums = np.cumsum(odds[1:])
        last = int(np.flatnonzero(odds[1:])[-1]) if odds[1:].any() else 0
        for k, value in enumerate(sums.tolist()):
            share = 1.0 if k >= last else value / sums[-1]
            row[k + 1] = min(int(share * 2**64), 2**64 - 1)
    return out


class Misreading(NamedTuple):
    """The odds that a qubit is read wrong."""

    zero: float
    """That a 0 is read as 1."""
    one: float
    """That a 1 is read as 0."""


def misreading(noise: NoiseModel, qubit: int) -> Misreading:
    """How a qubit is misread: by its own figures, those of all qubits, or the plain one."""
    return _misreading(_Figures(noise), noise.readout, qubit)


def _misreading(known: _Figures, plain: float, qubit: int) -> Misreading:
    entry = known.of_qubit(qubit, "misread")
    if entry is None:
        return Misreading(plain, plain)
    return Misreading(entry.p01 or 0.0, entry.p10 or 0.0)


def misreadings(noise: NoiseModel, qubits: tuple[int, ...]) -> Floats:
    """Shape (qubits, 2): `misreading` of many."""
    if not noise.qubits:
        return np.full((len(qubits), 2), noise.readout)
    known = _Figures(noise)  # of a device, which may have an entry for each pair of its qubits
    found = {qubit: _misreading(known, noise.readout, qubit) for qubit in set(qubits)}
    return np.array([found[qubit] for qubit in qubits]).reshape(-1, 2)


def noise_sites(structure: Structure, noise: NoiseModel) -> Sites:
    """The sites of every gate of a circuit."""
    gates, keys, qubits = _places(structure, noise.awake)
    starts = np.searchsorted(gates, np.arange(structure.gates + 1))
    if noise.simple:
        return _simple(starts, qubits, noise)
    chooser = _Chooser(noise)
    places, which = np.unique(np.column_stack((keys, qubits)), axis=0, return_inverse=True)
    chosen = [chooser.choose(*place) for place in places.tolist()]
    which = which.reshape(-1)
    damping = np.array([c.damping for c in chosen]).reshape(-1, 2, 2)[which]
    return Sites(
        starts,
        qubits,
        np.array([c.table for c in chosen], dtype=np.int32)[which],
        np.array(chooser.distributions).reshape(-1, 16),
        tuple(chooser.widths),
        damping[:, :, 0],
        damping[:, :, 1],
        chooser.figures,
        _acts(gates, qubits, [chosen[k] for k in which.tolist()], chooser)
        if chooser.actions
        else NO_ACTS,
    )


def _acts(gates: NDArray[np.int64], qubits: Ints, chosen: list[_Choice], chooser: _Chooser) -> Acts:
    held = [(i, choice) for i, choice in enumerate(chosen) if choice.actions]
    rows = np.array([i for i, choice in held for _ in choice.actions], dtype=np.int64)
    pairs = qubits[rows]
    turned = np.array([choice.turned for _, choice in held for _ in choice.actions])
    pairs[turned] = pairs[turned][:, ::-1]
    numbers = np.array([k for _, choice in held for k in choice.actions], dtype=np.int32)
    return Acts(gates[rows].astype(np.int64), pairs, numbers, tuple(chooser.actions))


def figures_of(sites: Sites, noise: NoiseModel, read: tuple[int, ...]) -> dict[str, float]:
    """What was applied to a circuit whose results are read from these qubits."""
    if noise.simple:
        return noise.rates
    figures = dict(sites.figures)
    known = _Figures(noise)
    for qubit in sorted(set(read)):
        entry = known.of_qubit(qubit, "misread")
        if entry is None:
            if noise.readout:
                figures["readout"] = noise.readout
            continue
        place = "" if entry.qubit is None else f"[{qubit}]"
        figures[f"p01{place}"], figures[f"p10{place}"] = entry.p01 or 0.0, entry.p10 or 0.0
    return figures


def _simple(starts: NDArray[np.int64], qubits: Ints, noise: NoiseModel) -> Sites:
    none = np.zeros((len(qubits), 2))
    return Sites(
        starts,
        qubits,
        (qubits[:, 1] >= 0).astype(np.int32),
        np.array([_depolarising(noise.one_qubit, 1), _depolarising(noise.two_qubit, 2)]),
        (1, 2),
        none,
        none,
        noise.rates,
    )


# ---------------------------------------------------------------- where


_UNNAMED: Final = -1
"""The key of a place that only its width describes."""
_KINDS_STEP: Final = 4


def _key(kind: int, controls: int) -> int:
    """How an entry and a place find each other: what gate it is."""
    return _KINDS_STEP * kind + controls


_FREE_KEYS: Final = frozenset(_key(kind, 0) for kind in (Kind.NOP, Kind.MEASURE, Kind.RESET))
"""What only an entry of its own strikes."""


def _places(structure: Structure, awake: Collection[Kind]) -> tuple[NDArray[np.int64], Ints, Ints]:
    """The gate, the key and the qubits of every site, in the order of the gates."""
    kinds, starts = structure.kinds, structure.operand_starts
    widths = np.diff(starts)
    active = ~_IS_FREE[kinds]
    if Kind.MEASURE in awake:
        widths[kinds == Kind.MEASURE] = 1  # the other operand is a bit
    for kind in awake:
        active |= (kinds == kind) & (widths == 1)
    narrow = active & (widths <= 2) & (kinds != Kind.PAULIEXP)
    gates = np.flatnonzero(narrow)
    keys = _KINDS_STEP * kinds[gates].astype(np.int32) + structure.controls[gates]
    first = structure.operands[starts[gates]]
    second = np.where(widths[gates] == 2, structure.operands[starts[gates + 1] - 1], -1)
    qubits = np.column_stack((first, second)).astype(np.int32)
    wide = list(_wide(structure, np.flatnonzero(active & ~narrow).tolist()))
    if wide:
        more = np.array(wide, dtype=np.int32).reshape(-1, 3)
        gates = np.concatenate((gates, more[:, 0]))
        order = np.argsort(gates, kind="stable")
        keys = np.concatenate((keys, np.full(len(more), _UNNAMED)))[order]
        gates, qubits = gates[order], np.concatenate((qubits, more[:, 1:]))[order]
    return gates, keys.astype(np.int32), qubits


def _wide(structure: Structure, gates: list[int]) -> Iterator[tuple[int, int, int]]:
    """The gate and the qubits of the sites of gates that are charged as others."""
    letters = 0
    for gate in gates:
        qubits = structure.operands_of(gate)
        if structure.kinds[gate] != Kind.PAULIEXP:
            for first, second in _gate(qubits):
                yield gate, first, second
            continue
        controls = int(structure.controls[gate])
        width = len(qubits) - controls
        for _ in range(int(structure.param_starts[gate + 1] - structure.param_starts[gate])):
            term = structure.letters[letters : letters + width].tolist()
            letters += width
            for first, second in _chain(qubits, controls, term):
                yield gate, first, second


def _gate(qubits: list[int]) -> list[tuple[int, int]]:
    """The two-qubit gates that a gate on more compiles to."""
    pairs = list(itertools.pairwise(qubits))
    return [pairs[i % len(pairs)] for i in range(6 * (len(qubits) - 2))]


def _chain(qubits: list[int], controls: int, term: list[int]) -> list[tuple[int, int]]:
    held = qubits[:controls] + [
        q for q, letter in zip(qubits[controls:], term, strict=True) if letter
    ]
    if len(held) == 1:
        return [(held[0], -1)]
    pairs = list(itertools.pairwise(held))
    return pairs + pairs[::-1]


# ---------------------------------------------------------------- what


def _depolarising(p: float, width: int) -> Floats:
    odds = np.zeros(16)
    odds[: 4**width] = p / 4**width
    odds[0] += 1 - p
    return odds


_PRODUCTS: Final = np.arange(16)[:, None] ^ np.arange(16)
"""Letters multiply like bits: X Y = Z, and 1 ^ 2 = 3."""


def _both(one: Floats, other: Floats) -> Floats:
    """Two Pauli channels after each other."""
    both: Floats = (one[_PRODUCTS] * other[:, None]).sum(axis=0)
    return both


class _Relaxed(NamedTuple):
    """What relaxation for some time is: see the top of this file."""

    flip: float
    odds: float
    damping: float


def relaxed(duration: float, t1: float | None, t2: float | None) -> _Relaxed:
    """Relaxation as a phase flip, and a damping that may happen."""
    g = 0.0 if t1 is None else -math.expm1(-duration / t1)
    rate = 0.0 if t1 is None else 1 / t1
    if t2 is None:
        t2 = math.inf if t1 is None else 2 * t1
    # Beside the damping: coherence is lost with 1/t2, of which 1/(2 t1) is the damping's.
    if g == 0:
        return _Relaxed(-math.expm1(-duration / t2) / 2, 0.0, 0.0)
    if duration / t2 >= duration * rate:
        return _Relaxed(-math.expm1(duration * rate - duration / t2) / 2, g, 1.0)
    lost = -math.expm1(-duration / t2)
    beyond = 2 * lost - g
    if beyond > 0 and lost * lost < _OFTEN * beyond:
        odds = lost * lost / beyond
        return _Relaxed(0.0, odds, min(1.0, g / odds))
    return _Relaxed(max(0.0, -math.expm1(duration * rate / 2 - duration / t2) / 2), 1.0, g)


class _Figures:
    """The entries of a model, by what they are about."""

    def __init__(self, noise: NoiseModel) -> None:
        self._of_qubit = {(entry.qubit, "times"): entry for entry in noise.qubits if entry.times}
        self._of_qubit |= {(e.qubit, "misread"): e for e in noise.qubits if e.misread}
        self._of_gate: dict[tuple[int | str, tuple[int, ...]], tuple[str, GateNoise]] = {}
        for entry in noise.gates:
            for name in entry.gates:
                key = name if name in (ANY_ONE, ANY_TWO) else _key(*noisy_gates()[name])
                self._of_gate[key, tuple(entry.qubits)] = (name, entry)

    def of_qubit(self, qubit: int, what: str) -> QubitNoise | None:
        return self._of_qubit.get((qubit, what)) or self._of_qubit.get((None, what))

    def of_place(self, key: int, first: int, second: int) -> tuple[str, GateNoise] | None:
        """The most specific entry that names the gate there."""
        held: tuple[tuple[int, ...], ...]
        held = ((first,), ()) if second < 0 else ((first, second), (second, first), ())
        keys: list[int | str] = [key]
        if key not in _FREE_KEYS:
            keys.append(ANY_ONE if second < 0 else ANY_TWO)
        for wanted, qubits in itertools.product(keys, held):
            found = self._of_gate.get((wanted, qubits))
            if found is not None:
                return found
        return None


class _Choice(NamedTuple):
    table: int
    damping: tuple[tuple[float, float], tuple[float, float]]
    actions: tuple[int, ...] = ()
    turned: bool = False
    """The actions' first qubit is the second of the place."""


@dataclass
class _Chooser:
    """What happens at each place."""

    noise: NoiseModel
    distributions: list[Floats] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known = _Figures(self.noise)
        self._tables: dict[tuple[int, bytes], int] = {}

    def choose(self, key: int, first: int, second: int) -> _Choice:
        width = 1 if second < 0 else 2
        found = self._known.of_place(key, first, second)
        if found is None:
            odds = 0.0
            if key not in _FREE_KEYS:
                odds = self.noise.one_qubit if width == 1 else self.noise.two_qubit
                self.figures["1q" if width == 1 else "2q"] = odds
            return _Choice(self._table(_depolarising(odds, width), width), _NOTHING)
        name, entry = found
        self._note(name, entry)
        turned = entry.qubits == (second, first)
        distribution = _both(
            _depolarising(entry.depolarising, width), _pauli(entry.pauli, width, turned)
        )
        damping = [(0.0, 0.0), (0.0, 0.0)]
        for j, qubit in enumerate((first, second)[:width]):
            times = self._known.of_qubit(qubit, "times")
            if times is None or not entry.duration:
                continue
            self._note_times(times)
            then = relaxed(entry.duration, times.t1, times.t2)
            flips = np.zeros(16)
            flips[0], flips[3 << 2 * j] = 1 - then.flip, then.flip
            distribution = _both(distribution, flips)
            damping[j] = (then.odds, then.damping)
        strengths = entry.damping or (0.0,) * width
        channel = entry.channel
        if channel and not entry.duration and not any(strengths):
            plain = recognised(channel, width)
            if plain is not None:
                paulis = _padded(plain.paulis)
                distribution = _both(distribution, _swapped(paulis) if turned else paulis)
                strengths, channel = plain.damping, ()
        for j, strength in enumerate(strengths[::-1] if turned else strengths):
            if strength > 0:
                distribution, damping[j] = _damped(distribution, strength, j)
        return _Choice(
            self._table(distribution, width),
            (damping[0], damping[1]),
            tuple(self._action(action_of(step, width)) for step in channel),
            turned,
        )

    def _action(self, action: Action) -> int:
        for k, known in enumerate(self.actions):
            if known is action:
                return k
        self.actions.append(action)
        return len(self.actions) - 1

    def _table(self, distribution: Floats, width: int) -> int:
        key = (width, distribution.tobytes())
        if key not in self._tables:
            self._tables[key] = len(self.distributions)
            self.distributions.append(distribution)
            self.widths.append(width)
        return self._tables[key]

    def _note(self, name: str, entry: GateNoise) -> None:
        place = f"{name}{list(entry.qubits)}".replace(" ", "") if entry.qubits else name
        if entry.depolarising:
            self.figures[f"{place} depolarising"] = entry.depolarising
        for letters, p in entry.pauli.items():
            self.figures[f"{place} {letters}"] = p
        if entry.duration:
            self.figures[f"{place} duration"] = entry.duration
        for j, strength in enumerate(entry.damping):
            self.figures[f"{place} damping {j}"] = strength
        if entry.channel:
            self.figures[f"{place} channel"] = infidelity(entry.channel, entry.width)

    def _note_times(self, entry: QubitNoise) -> None:
        place = "" if entry.qubit is None else f"[{entry.qubit}]"
        for name, value in (("t1", entry.t1), ("t2", entry.t2)):
            if value is not None:
                self.figures[f"{name}{place}"] = value


_NOTHING: Final = ((0.0, 0.0), (0.0, 0.0))


def _pauli(channel: dict[str, float], width: int, turned: bool) -> Floats:
    odds = np.zeros(16)
    for letters, p in channel.items():
        first, second = LETTERS.index(letters[0]), LETTERS.index(letters[width - 1])
        if width == 1:
            odds[first] += p
        else:
            odds[second + 4 * first if turned else first + 4 * second] += p
    odds[0] += max(0.0, 1 - math.fsum(channel.values()))
    return odds


def _padded(odds: Floats) -> Floats:
    out = np.zeros(16)
    out[: len(odds)] = odds
    return out


def _swapped(odds: Floats) -> Floats:
    """The distribution with the two qubits exchanged."""
    return np.ascontiguousarray(odds.reshape(4, 4).T).ravel()


def _damped(
    distribution: Floats, strength: float, place: int
) -> tuple[Floats, tuple[float, float]]:
    """A damping as what may happen, with its odds and its own strength, after a Pauli error that
    has fewer phase flips by what coherence that costs."""
    kept = math.sqrt(1 - strength)
    flips = distribution[np.arange(16) ^ 3 << 2 * place]
    known = flips > 0
    ratio = float(np.min(distribution[known] / flips[known])) if known.any() else 0.0
    # Taking off phase flips of odds f leaves p + f (p - q) of a Pauli p whose like with Z is q.
    most = ratio / (1 - ratio) if ratio < 1 else math.inf
    lost = 1 - max(1 - strength, kept / (1 + 2 * most))
    beyond = 2 * lost - strength
    if not (beyond > 0 and lost * lost < _OFTEN * beyond):
        return distribution, (1.0, strength)
    odds = max(strength, lost * lost / beyond)
    off = (kept / (1 - lost) - 1) / 2
    rest: Floats = np.maximum(0.0, distribution + off * (distribution - flips))
    return rest, (odds, min(1.0, strength / odds))
