"""Which results a program gives out, and the registers in which it does.

A program says at its end what it gives out: `array_record_output(2, label)` and then each result of
the array, or results alone. Programs for IonQ from CUDA-Q have no measurement and give out nothing:
there every qubit is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from ketway.circuits.circuit import Register

_INDEXED: Final = re.compile(r"(.+)\[(\d{1,6})\]")
"""How pytket labels a bit of a register."""
_UNNAMED: Final = "output"


@dataclass(slots=True)
class _Array:
    label: str
    left: int
    """Things in it that are still to come."""
    results: list[int] = field(default_factory=list)
    labelled: bool = False
    """Whether it or one of its results has a label."""


@dataclass(slots=True)
class Output:
    recorded: set[int] = field(default_factory=set)
    """All results that are given out."""
    _arrays: list[_Array] = field(default_factory=list)
    _open: list[_Array] = field(default_factory=list)
    _single: dict[str, dict[int, int]] = field(default_factory=dict)
    """Results that no array has, by register and place in it."""

    def array(self, size: int, label: str) -> None:
        self._take()
        array = _Array(label, size, labelled=bool(label))
        self._arrays.append(array)
        self._open.append(array)
        self._close()

    def result(self, number: int, label: str) -> None:
        self.recorded.add(number)
        if self._open:
            array = self._open[-1]
            array.results.append(number)
            array.labelled = array.labelled or bool(label)
            self._take()
            self._close()
            return
        indexed = _INDEXED.fullmatch(label)
        name, place = (indexed[1], int(indexed[2])) if indexed else (label or _UNNAMED, -1)
        row = self._single.setdefault(name, {})
        row[len(row) if place < 0 else place] = number

    def _take(self) -> None:
        if self._open:
            self._open[-1].left -= 1

    def _close(self) -> None:
        while self._open and self._open[-1].left <= 0:
            self._open.pop()

    def registers(self, bits: dict[int, int]) -> tuple[Register, ...]:
        """`bits` has the bit of every result that is given out."""
        rows = [(array.label or _UNNAMED, _in_order(array)) for array in self._arrays]
        rows += [
            (name, [row[place] for place in sorted(row)]) for name, row in self._single.items()
        ]
        taken: dict[str, int] = {}
        found = []
        for wanted, results in rows:
            if not results:
                continue  # of arrays and tuples
            again = taken[wanted] = taken.get(wanted, -1) + 1
            name = f"{wanted}_{again}" if again else wanted
            found.append(Register(name, tuple(bits[number] for number in results)))
        return tuple(found)


def _in_order(array: _Array) -> list[int]:
    """Its results, the least significant first. qiskit-qir writes a register as Qiskit prints it,
    from its last bit to its first (`visitor.py`: `reversed`), and without any label; nobody else
    leaves all labels out and counts down."""
    results = array.results
    if not array.labelled and results == sorted(results, reverse=True):
        return results[::-1]
    return results
