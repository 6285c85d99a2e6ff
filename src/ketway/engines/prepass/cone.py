"""The light cone: what cannot be seen in the answer is left out.

Walked from the end to the start, each qubit is in one of three states, which say what of it can
still be seen: nothing, its value alone, or everything. As operators: what is measured at the end,
taken back to here (the Heisenberg picture), acts on the qubit as the identity, is diagonal in it,
or is anything. A gate that commutes with what is left to be seen cannot be seen.

Noise changes nothing in that: Pauli errors keep the three states. But a gate that cannot be seen is
still followed by errors that can, so with noise only a gate goes whose qubits are all unseen.
"""

from __future__ import annotations

import numpy as np

from ketway.circuits.circuit import Bytes8
from ketway.circuits.gates import GATES, Kind
from ketway.engines.prepass.sheet import Sheet

_UNSEEN, _VALUE, _ALL = range(3)

_NOTHING, _MEASURE, _RESET, _DIAGONAL, _PERMUTING, _MIXING = range(6)
"""What a gate does to its targets; the last three: gives values phases, permutes, mixes them."""

_DOES = np.full(256, _MIXING, dtype=np.uint8)
_DOES[[kind for kind, gate in GATES.items() if gate.diagonal]] = _DIAGONAL
_DOES[[Kind.X, Kind.Y, Kind.GPI, Kind.SWAP]] = _PERMUTING
_DOES[Kind.NOP] = _NOTHING
_DOES[Kind.MEASURE] = _MEASURE
_DOES[Kind.RESET] = _RESET


def light_cone(sheet: Sheet, noisy: bool = False) -> Sheet:
    """The gates that can be seen. The measurements that write what is read all stay."""
    does = _doing(sheet)
    if not does.all():
        sheet, does = sheet.some(does != _NOTHING), does[does != _NOTHING]
    kept = _seen(sheet, does, noisy)
    return sheet if all(kept) else sheet.some(np.array(kept, dtype=np.bool_))


def touched(sheet: Sheet) -> Sheet:
    """The gates on qubits that can be seen: all that may go where noise of any kind strikes after
    every gate, at no-ops, or before measurements."""
    operands, starts = sheet.operands.tolist(), sheet.starts.tolist()
    ends, kinds = (sheet.starts + sheet.widths).tolist(), sheet.kinds.tolist()
    seen = [not sheet.measured] * sheet.qubits
    written = [False] * sheet.bits
    kept = [True] * len(kinds)
    for row in range(len(kinds) - 1, -1, -1):
        qubits = operands[starts[row] : ends[row]]
        if kinds[row] == Kind.MEASURE:
            qubit, bit = qubits
            seen[qubit] |= not written[bit]
            written[bit], kept[row] = True, seen[qubit]
        elif kinds[row] == Kind.RESET:
            kept[row], seen[qubits[0]] = seen[qubits[0]], False
        elif any(seen[qubit] for qubit in qubits):
            for qubit in qubits:
                seen[qubit] = True
        else:
            kept[row] = False
    return sheet if all(kept) else sheet.some(np.array(kept, dtype=np.bool_))


def _doing(sheet: Sheet) -> Bytes8:
    does = _DOES[sheet.kinds]
    does[(sheet.kinds == Kind.GLOBAL_PHASE) & (sheet.controls == 0)] = _NOTHING
    if sheet.letters_at is not None:
        # Letters 1 and 2 are X and Y: an exponential without them is diagonal.
        flips = np.concatenate(([0], np.cumsum((sheet.letters == 1) | (sheet.letters == 2))))
        exponentials = np.flatnonzero(sheet.kinds == Kind.PAULIEXP)
        starts = sheet.letters_at[exponentials]
        lengths = (sheet.counts * (sheet.widths - sheet.controls))[exponentials]
        does[exponentials[flips[starts + lengths] == flips[starts]]] = _DIAGONAL
    return does


def _seen(sheet: Sheet, does: Bytes8, noisy: bool) -> list[bool]:
    """Of each row whether it stays: plain lists, for this loop is all the work there is."""
    operands, starts = sheet.operands.tolist(), sheet.starts.tolist()
    ends = (sheet.starts + sheet.widths).tolist()
    heads = (sheet.starts + sheet.controls).tolist()  # where targets start
    doing = does.tolist()
    kept = [True] * len(doing)
    state = [_UNSEEN if sheet.measured else _VALUE] * sheet.qubits
    written = [False] * sheet.bits
    events = np.flatnonzero(does <= _RESET)
    first_event = int(events[0]) if len(events) else len(doing)
    # Qubits that are not seen whole, of those that gates act on.
    acting = sheet.operands[sheet.places].tolist() if not len(events) else _acted_on(sheet, does)
    blind = len(set(acting))
    for row in range(len(doing) - 1, -1, -1):
        if not blind and row < first_event:
            break  # everything before can be seen
        does_, start = doing[row], starts[row]
        if does_ <= _RESET:
            qubit = operands[start]
            before = state[qubit]
            if does_ == _RESET:
                kept[row] = before != _UNSEEN
                state[qubit] = _UNSEEN
            else:
                bit = operands[start + 1]
                # What is overwritten later only forgets phases.
                kept[row] = not written[bit] or before == _ALL
                written[bit] = True
                if kept[row]:
                    state[qubit] = _VALUE
            blind += before == _ALL and state[qubit] != _ALL
            continue
        head, end = heads[row], ends[row]
        if end - start == 2 and state[operands[start]] == _ALL == state[operands[start + 1]]:
            continue
        if end - start == 1:
            qubit = operands[start]
            before = state[qubit]
            if before == _ALL:
                continue
            if before == _UNSEEN:
                kept[row] = False
            elif does_ == _DIAGONAL:
                kept[row] = noisy
            elif does_ == _MIXING:
                state[qubit] = _ALL
                blind -= 1
            continue
        held, targets = operands[start:head], operands[head:end]
        most_held, most = _most(state, held), _most(state, targets)
        if most_held != _ALL and most <= (_VALUE if does_ == _DIAGONAL else _UNSEEN):
            # It commutes with what can be seen.
            kept[row] = noisy and (most != _UNSEEN or most_held != _UNSEEN)
            continue
        for q in held:
            if state[q] == _UNSEEN:
                state[q] = _VALUE
        keeps = does_ == _DIAGONAL or (does_ == _PERMUTING and _ALL not in (most_held, most))
        then = _VALUE if keeps else _ALL
        for q in targets:
            if state[q] < then:
                state[q] = then
                blind -= then == _ALL
    return kept


def _most(state: list[int], qubits: list[int]) -> int:
    if len(qubits) == 1:
        return state[qubits[0]]
    return max([state[qubit] for qubit in qubits], default=_UNSEEN)


def _acted_on(sheet: Sheet, does: Bytes8) -> list[int]:
    acting = np.repeat(does > _RESET, sheet.widths)
    found: list[int] = sheet.operands[sheet.places[acting]].tolist()
    return found
