"""The compiled core, by ctypes: its structures, and one function for each of its entries.

The library is plain C (`native/ketway_core.h`, mirrored here). Loading it starts nothing; every
call makes and joins its own threads and gives up the interpreter lock, so a process that has loaded
it may fork.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

_ABI: Final = 6
_NO_MEMORY, _TOO_WIDE, _ENDLESS = 1, 2, 3

MATRIX, DIAGONAL, SWAP, ROTATION, PAULI_SUM, MEASURE, RESET, JUMP, ASSIGN = range(9)
"""What an operation of the core is: see `ketway_core.h`."""

MONOMIAL, HALF, FULL = range(3)
"""What the numbers of a matrix are like: a hint for fusion."""

MAX_QUBITS: Final = 40

STORE: Final = 22
"""A word of code of the core's own: a count and the slots to store the value in follow."""

_I64 = ctypes.c_int64
_I32 = ctypes.c_int32
_F64 = ctypes.c_double
_P = ctypes.c_void_p


class Program(ctypes.Structure):
    """`kw_program`."""

    _fields_ = (
        ("qubits", _I32),
        ("ops", _I32),
        ("codes", _P),
        ("controls", _P),
        ("operand_starts", _P),
        ("operands", _P),
        ("terms", _P),
        ("letter_starts", _P),
        ("letters", _P),
        ("data", _P),
        ("forms", _P),
        ("varies", _P),
        ("constants", _P),
        ("rows", _P),
        ("stride", _I64),
        ("slots", _P),
        ("reads", _I32),
        ("read_qubits", _P),
    )


class Wanted(ctypes.Structure):
    """`kw_wanted`."""

    _fields_ = (
        ("single", _I32),
        ("threads", _I32),
        ("exact", _I32),
        ("rows", _I64),
        ("shots", _I64),
        ("kept", _I64),
        ("floor", _F64),
        ("seeds", _P),
        ("room", _I64),
        ("outcomes", _P),
        ("probabilities", _P),
        ("counts", _P),
        ("order", _P),
        ("lengths", _P),
        ("masses", _P),
    )


def layout(structure: type[ctypes.Structure]) -> np.dtype[np.void]:
    """A numpy type with the same bytes, to fill many structures at once; pointers are integers."""
    fields = [(field[0], field[1]) for field in structure._fields_]
    return np.dtype(
        {
            "names": [name for name, _ in fields],
            "formats": [_I64 if kind is _P else kind for _, kind in fields],
            "offsets": [getattr(structure, name).offset for name, _ in fields],
            "itemsize": ctypes.sizeof(structure),
        }
    )


class _Steps(ctypes.Structure):
    _fields_ = (
        ("starts", _P),
        ("limits", _P),
        ("operators", _P),
        ("data", _P),
        ("numbers", _P),
    )


class _Noise(ctypes.Structure):
    _fields_ = (
        ("sites", _I32),
        ("ops", _P),
        ("first", _P),
        ("second", _P),
        ("odds", _P),
        ("tables", _P),
        ("damping", _P),
        ("limits", _P),
        ("steps", _P),
    )


class _Control(ctypes.Structure):
    _fields_ = (
        ("starts", _P),
        ("words", _P),
        ("misread", _P),
        ("most_loops", _I64),
        ("endless", _I64),
    )


class _Sampling(ctypes.Structure):
    _fields_ = (
        ("single", _I32),
        ("threads", _I32),
        ("rows", _I64),
        ("shots", _I64),
        ("seeds", _P),
        ("words", _I32),
        ("read_slots", _P),
        ("read_starts", _P),
        ("slots", _I32),
        ("misread", _P),
        ("records", _P),
        ("control", _P),
    )


class _Branches(ctypes.Structure):
    _fields_ = (
        ("single", _I32),
        ("threads", _I32),
        ("rows", _I64),
        ("floor", _F64),
        ("most", _I64),
        ("room", _I64),
        ("read_slots", _P),
        ("read_starts", _P),
        ("control", _P),
        ("records", _P),
        ("weights", _P),
        ("lengths", _P),
    )


class _Expected(ctypes.Structure):
    _fields_ = (
        ("single", _I32),
        ("threads", _I32),
        ("rows", _I64),
        ("terms", _I64),
        ("x", _P),
        ("z", _P),
        ("observables", _I64),
        ("starts", _P),
        ("members", _P),
        ("coefficients", _P),
        ("values", _P),
        ("variances", _P),
    )


class EndlessError(Exception):
    """A shot took more jumps backwards than it may."""

    def __init__(self, op: int) -> None:
        super().__init__(op)
        self.op = op
        """The operation that jumped."""


@dataclass(frozen=True)
class Control:
    """What jumps and assignments of a program need."""

    starts: NDArray[np.int32]
    words: NDArray[np.int32]
    misread: NDArray[np.float64] | None
    """Shape (operations, 2): the odds that a measurement reads a 0 as 1, and a 1 as 0."""
    most_loops: int

    def structure(self) -> ctypes.Structure:
        misread = None if self.misread is None else _at(self.misread)
        return _Control(_at(self.starts), _at(self.words), misread, self.most_loops, -1)


@dataclass(frozen=True)
class Code:
    """A program of the core. The arrays must be contiguous and of exactly these types."""

    qubits: int
    codes: NDArray[np.uint8]
    controls: NDArray[np.uint8]
    operand_starts: NDArray[np.int32]
    operands: NDArray[np.int32]
    terms: NDArray[np.int32]
    letter_starts: NDArray[np.int32]
    letters: NDArray[np.uint8]
    data: NDArray[np.int64]
    forms: NDArray[np.uint8]
    varies: NDArray[np.uint8]
    constants: NDArray[np.float64]
    slots: NDArray[np.int32]
    read_qubits: NDArray[np.int32]

    def with_rows(self, rows: NDArray[np.float64]) -> ctypes.Structure:
        """The C structure of this program with the numbers of these rows."""
        return Program(
            self.qubits,
            len(self.codes),
            _at(self.codes),
            _at(self.controls),
            _at(self.operand_starts),
            _at(self.operands),
            _at(self.terms),
            _at(self.letter_starts),
            _at(self.letters),
            _at(self.data),
            _at(self.forms),
            _at(self.varies),
            _at(self.constants),
            _at(rows),
            rows.shape[1],
            _at(self.slots),
            len(self.read_qubits),
            _at(self.read_qubits),
        )


@dataclass(frozen=True)
class Steps:
    """Steps of channels: their cases, and the operators of each."""

    starts: NDArray[np.int32]
    """Step i has the cases `starts[i]:starts[i + 1]`."""
    limits: NDArray[np.uint64]
    """Where 64 random bits fall below limit k and not below the one before, it is case k."""
    operators: NDArray[np.int32]
    """Case i has the operators `operators[i]:operators[i + 1]`."""
    data: NDArray[np.int64]
    """Where the numbers of each operator start."""
    numbers: NDArray[np.float64]

    def structure(self) -> ctypes.Structure:
        parts: list[NDArray[Any]] = [self.starts, self.limits, self.operators, self.data]
        return _Steps(*map(_at, parts), _at(self.numbers))


@dataclass(frozen=True)
class Sites:
    """Where something may go wrong, ordered by operation: a Pauli error, a damping, or a step of a
    channel."""

    ops: NDArray[np.int32]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    odds: NDArray[np.float64]
    """That anything happens."""
    tables: NDArray[np.int32]
    """Which row of `limits` says what Pauli it is; -1 for a damping of the first qubit, -2 - k for
    step k."""
    damping: NDArray[np.float64]
    """The odds that a damping takes a 1 to 0."""
    limits: NDArray[np.uint64]
    """Shape (tables, 16): see `engines.noise.limits_of`."""
    steps: Steps | None = None


@dataclass(frozen=True)
class Paulis:
    """Sums of Pauli products: no product comes twice, and none is the identity."""

    x: NDArray[np.uint64]
    z: NDArray[np.uint64]
    starts: NDArray[np.int64]
    """Sum i has the members `starts[i]:starts[i + 1]`."""
    members: NDArray[np.int32]
    coefficients: NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """What `run` gives: row i has `lengths[i]` outcomes."""

    outcomes: NDArray[np.uint64]
    probabilities: NDArray[np.float64] | None
    counts: NDArray[np.int64] | None
    order: NDArray[np.uint32] | None
    lengths: NDArray[np.int64]
    masses: NDArray[np.float64]


def _at(array: NDArray[Any]) -> int:
    assert array.flags.c_contiguous
    return array.ctypes.data


@cache
def library() -> ctypes.CDLL:
    """The library beside this file; built by `hatch_build.py`."""
    suffix = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    path = Path(__file__).with_name(f"_core{suffix}")
    if not path.exists():
        raise ImportError(
            f"Ketway's compiled core is missing ({path.name} beside {Path(__file__).name}): "
            "run `python hatch_build.py` in the repository, or install Ketway again."
        )
    loaded = ctypes.CDLL(str(path))
    if loaded.kw_abi() != _ABI:
        raise ImportError(
            f"Ketway's compiled core speaks version {loaded.kw_abi()} and not {_ABI}: "
            "run `python hatch_build.py` in the repository, or install Ketway again."
        )
    loaded.kw_isa.restype = ctypes.c_char_p
    return loaded


def isa() -> Literal["baseline", "avx2", "avx512"]:
    """The instruction set in use; before the first call, `KETWAY_ISA` may force a narrower one."""
    name: Literal["baseline", "avx2", "avx512"] = library().kw_isa().decode()
    return name


def _check(code: int) -> None:
    if code == _NO_MEMORY:
        raise MemoryError("The state vector does not fit the memory that this process may use.")
    if code == _TOO_WIDE:
        raise ValueError(f"A state vector has at most {MAX_QUBITS} qubits.")


def run(
    code: Code,
    rows: NDArray[np.float64],
    *,
    single: bool,
    threads: int,
    exact: bool,
    shots: int,
    kept: int,
    floor: float,
    seeds: NDArray[np.uint64],
) -> Rows:
    """Exact distributions and shots of circuits without events, one per row."""
    count = len(rows)
    wide = 1 << len(code.read_qubits)
    room = min(wide, kept + shots) if exact else min(wide, shots)
    out = Rows(
        np.empty((count, room), dtype=np.uint64),
        np.empty((count, room)) if exact else None,
        np.empty((count, room), dtype=np.int64) if shots else None,
        np.empty((count, shots), dtype=np.uint32) if shots else None,
        np.empty(count, dtype=np.int64),
        np.empty(count),
    )
    wanted = Wanted(
        single,
        threads,
        exact,
        count,
        shots,
        kept,
        floor,
        _at(seeds),
        room,
        _at(out.outcomes),
        None if out.probabilities is None else _at(out.probabilities),
        None if out.counts is None else _at(out.counts),
        None if out.order is None else _at(out.order),
        _at(out.lengths),
        _at(out.masses),
    )
    _check(library().kw_run(ctypes.byref(code.with_rows(rows)), ctypes.byref(wanted)))
    return out


def run_many(programs: NDArray[np.void], wanted: NDArray[np.void], threads: int) -> None:
    """`run` for programs of one row each, as arrays of the C structures: see `together.py`."""
    _check(library().kw_run_many(_I64(len(programs)), _P(_at(programs)), _P(_at(wanted)), threads))


def branch(
    code: Code,
    rows: NDArray[np.float64],
    sites: Sites,
    *,
    single: bool,
    threads: int,
    shots: int,
    seeds: NDArray[np.uint64],
    slots: int,
    read_slots: NDArray[np.int32],
    read_starts: NDArray[np.int32],
    misread: NDArray[np.float64] | None,
    control: Control | None,
) -> NDArray[np.uint64]:
    """Shots of circuits with events: shape (rows, shots, words), bit j of a record is slot j.

    `misread` has the odds for each slot that a 0 is read as 1, and a 1 as 0. Raises `EndlessError`.
    """
    controlling = None if control is None else control.structure()
    steps = None if sites.steps is None else sites.steps.structure()
    words = max(1, (slots + 63) // 64)
    records = np.zeros((len(rows), shots, words), dtype=np.uint64)
    noise = _Noise(
        len(sites.ops),
        _at(sites.ops),
        _at(sites.first),
        _at(sites.second),
        _at(sites.odds),
        _at(sites.tables),
        _at(sites.damping),
        _at(sites.limits),
        None if steps is None else ctypes.addressof(steps),
    )
    sampling = _Sampling(
        single,
        threads,
        len(rows),
        shots,
        _at(seeds),
        words,
        _at(read_slots),
        _at(read_starts),
        slots,
        None if misread is None else _at(misread),
        _at(records),
        None if controlling is None else ctypes.addressof(controlling),
    )
    program = code.with_rows(rows)
    ended = library().kw_branch(ctypes.byref(program), ctypes.byref(noise), ctypes.byref(sampling))
    if ended == _ENDLESS and controlling is not None:
        raise EndlessError(controlling.endless)
    _check(ended)
    return records


@dataclass(frozen=True)
class Branches:
    """What `distribute` gives: row i has `lengths[i]` entries, or -1 if it was given up."""

    records: NDArray[np.uint64]
    weights: NDArray[np.float64]
    lengths: NDArray[np.int64]


def distribute(
    code: Code,
    rows: NDArray[np.float64],
    *,
    single: bool,
    threads: int,
    floor: float,
    most: int,
    room: int,
    read_slots: NDArray[np.int32],
    read_starts: NDArray[np.int32],
    control: Control | None,
) -> Branches:
    """Every outcome of circuits with events, by walking each branch: at most `most` of a row.

    Bit j of a record is slot j, of at most 64. An outcome may be listed more than once.
    """
    controlling = None if control is None else control.structure()
    out = Branches(
        np.empty((len(rows), room), dtype=np.uint64),
        np.empty((len(rows), room)),
        np.empty(len(rows), dtype=np.int64),
    )
    branches = _Branches(
        single,
        threads,
        len(rows),
        floor,
        most,
        room,
        _at(read_slots),
        _at(read_starts),
        None if controlling is None else ctypes.addressof(controlling),
        _at(out.records),
        _at(out.weights),
        _at(out.lengths),
    )
    _check(library().kw_distribute(ctypes.byref(code.with_rows(rows)), ctypes.byref(branches)))
    return out


def state(
    code: Code, rows: NDArray[np.float64], row: int = 0, *, single: bool = False, threads: int = 1
) -> NDArray[np.complex128]:
    """The final amplitudes of one row, amplitude i of index i; the code must read every qubit."""
    out = np.empty(1 << code.qubits, dtype=np.complex128)
    program = code.with_rows(rows)
    _check(library().kw_state(ctypes.byref(program), _I64(row), single, threads, _P(_at(out))))
    return out


def real(
    code: Code,
    rows: NDArray[np.float64],
    masks: NDArray[np.uint64],
    *,
    single: bool = False,
    threads: int = 1,
) -> NDArray[np.float64]:
    """The real parts of chosen amplitudes of each row: shape (rows, 2**masks).

    Bit j of the number of a choice stands for the qubits in `masks[j]`; the code must read every
    qubit, in order.
    """
    out = np.empty((len(rows), 1 << len(masks)))
    program = code.with_rows(rows)
    _check(
        library().kw_real(
            ctypes.byref(program),
            _I64(len(rows)),
            single,
            threads,
            len(masks),
            _P(_at(masks)),
            _P(_at(out)),
        )
    )
    return out


def describe(code: Code, rows: NDArray[np.float64], *, single: bool = False) -> tuple[int, int]:
    """Into how many fused groups, and passes over the memory, a program is cut."""
    groups, passes = _I64(), _I64()
    program = code.with_rows(rows)
    _check(
        library().kw_describe(
            ctypes.byref(program), single, ctypes.byref(groups), ctypes.byref(passes)
        )
    )
    return groups.value, passes.value


def expect(
    code: Code,
    rows: NDArray[np.float64],
    paulis: Paulis,
    *,
    single: bool,
    threads: int,
    variances: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Expectation values and, if wanted, variances of each sum: shape (rows, sums).

    The code must have no events and read every qubit, in order.
    """
    shape = (len(rows), len(paulis.starts) - 1)
    values = np.empty(shape)
    spreads = np.empty(shape) if variances else None
    expected = _Expected(
        single,
        threads,
        len(rows),
        len(paulis.x),
        _at(paulis.x),
        _at(paulis.z),
        shape[1],
        _at(paulis.starts),
        _at(paulis.members),
        _at(paulis.coefficients),
        _at(values),
        None if spreads is None else _at(spreads),
    )
    _check(library().kw_expect(ctypes.byref(code.with_rows(rows)), ctypes.byref(expected)))
    return values, spreads
