"""How programs and results are stored and sent between processes.

Both are containers of compressed frames behind a small header, so that one circuit of 5,000 can be
read without unpacking the others. Nothing here is pickled; a reader of untrusted bytes can at most
raise `ValueError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from ketway.circuits import control
from ketway.circuits.circuit import Batch, Program, Register, Structure
from ketway.jobs.failures import Failure
from ketway.jobs.packing import unpacked
from ketway.jobs.results import Provenance, Result, width_of

PROGRAM_MAGIC = b"KWP2"
RESULT_MAGIC = b"KWR1"
_LEVEL = 1
_RESULT_LEVEL = -1
"""Probabilities hardly shrink, so little time is spent on trying."""


def _array(values: NDArray[Any], dtype: str) -> bytes:
    return np.ascontiguousarray(values, dtype=dtype).tobytes()


class _StructureFrame(msgspec.Struct, array_like=True):
    qubits: int
    bits: int
    kinds: bytes
    controls: bytes
    operand_starts: bytes
    operands: bytes
    param_starts: bytes
    letters: bytes
    expression_starts: bytes
    expressions: bytes
    memory: int
    rows: int
    params: bytes


class _ProgramFrame(msgspec.Struct, array_like=True):
    batches: list[_StructureFrame]
    order: bytes
    registers: list[list[tuple[str, bytes]]]


_program_decoder = msgspec.msgpack.Decoder(_ProgramFrame)


def encode_program(program: Program) -> bytes:
    batches = [
        _StructureFrame(
            batch.structure.qubits,
            batch.structure.bits,
            _array(batch.structure.kinds, "u1"),
            _array(batch.structure.controls, "u1"),
            _array(batch.structure.operand_starts, "<i4"),
            _array(batch.structure.operands, "<i4"),
            _array(batch.structure.param_starts, "<i4"),
            _array(batch.structure.letters, "u1"),
            _array(batch.structure.expression_starts, "<i4"),
            _array(batch.structure.expressions, "<i4"),
            batch.structure.memory,
            len(batch),
            _array(batch.params, "<f8"),
        )
        for batch in program.batches
    ]
    registers = [
        [(r.name, np.array(r.bits, dtype="<i4").tobytes()) for r in rows]
        for rows in program.registers
    ]
    if not any(registers):
        registers = []
    order = np.array(program.order, dtype="<i4").reshape(-1, 2)
    frame = _ProgramFrame(batches, order.tobytes(), registers)
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(msgspec.msgpack.encode(frame))
    return PROGRAM_MAGIC + packed


def decode_program(data: bytes) -> Program:
    if data[:4] != PROGRAM_MAGIC:
        raise ValueError("these bytes are not a Ketway program")
    frame = unpacked(memoryview(data)[4:], _program_decoder)
    batches = []
    for part in frame.batches:
        structure = Structure(
            qubits=part.qubits,
            bits=part.bits,
            kinds=np.frombuffer(part.kinds, "u1"),
            controls=np.frombuffer(part.controls, "u1"),
            operand_starts=np.frombuffer(part.operand_starts, "<i4"),
            operands=np.frombuffer(part.operands, "<i4"),
            param_starts=np.frombuffer(part.param_starts, "<i4"),
            letters=np.frombuffer(part.letters, "u1"),
            expression_starts=np.frombuffer(part.expression_starts, "<i4"),
            expressions=np.frombuffer(part.expressions, "<i4"),
            memory=part.memory,
        )
        check_structure(structure)
        params = np.frombuffer(part.params, "<f8").reshape(part.rows, structure.params)
        batches.append(Batch(structure, params))
    order = np.frombuffer(frame.order, "<i4").reshape(-1, 2).tolist()
    if any(not (0 <= b < len(batches) and 0 <= r < len(batches[b])) for b, r in order):
        raise ValueError("the order of a program names a circuit that is not there")
    registers: list[tuple[Register, ...]] = [
        tuple(Register(name, tuple(np.frombuffer(bits, "<i4").tolist())) for name, bits in rows)
        for rows in frame.registers
    ] or [()] * len(order)
    return Program(tuple(batches), tuple((b, r) for b, r in order), tuple(registers))


def check_structure(structure: Structure) -> None:
    """That the arrays belong together: engines walk them without asking."""
    gates = structure.gates
    for starts, end in (
        (structure.operand_starts, len(structure.operands)),
        (structure.param_starts, None),
    ):
        if len(starts) != gates + 1 or starts[0] != 0 or (np.diff(starts) < 0).any():
            raise ValueError("the gates of a program do not follow each other")
        if end is not None and starts[-1] != end:
            raise ValueError("the operands of a program are not as many as its gates say")
    sizes = structure.qubits, structure.bits, structure.memory
    if len(structure.controls) != gates or min(sizes) < 0:
        raise ValueError("a program has fewer controls than gates, or fewer qubits than none")
    starts = structure.expression_starts
    if len(starts) == 0 or starts[0] != 0 or starts[-1] != len(structure.expressions):
        raise ValueError("the expressions of a program do not follow each other")
    if (np.diff(starts) < 0).any():
        raise ValueError("the expressions of a program do not follow each other")
    control.check(structure)


class _ResultFrame(msgspec.Struct, array_like=True):
    bits: int
    outcomes: bytes
    probabilities: bytes | None
    counts: bytes | None
    shots: bytes | None
    provenance: Provenance
    registers: list[tuple[str, bytes]]


class _ResultHeader(msgspec.Struct, array_like=True):
    lengths: list[int]
    """Compressed length of each circuit's frame; 0 for a circuit that failed."""
    failures: dict[int, Failure]


_header_decoder = msgspec.msgpack.Decoder(_ResultHeader)
_result_decoder = msgspec.msgpack.Decoder(_ResultFrame)


def encode_result(result: Result) -> bytes:
    """One circuit's result as one frame."""
    shots = result.shots
    packed_shots = None
    if shots is not None:
        packed_shots = _array(shots, _shots_dtype(len(result)))
    frame = _ResultFrame(
        result.bits,
        _array(result.outcomes, "u1"),
        None if result.probabilities is None else _array(result.probabilities, "<f8"),
        None if result.counts is None else _array(result.counts, "<i8"),
        packed_shots,
        result.provenance,
        [(r.name, np.array(r.bits, dtype="<i4").tobytes()) for r in result.registers],
    )
    return zstandard.ZstdCompressor(level=_RESULT_LEVEL).compress(msgspec.msgpack.encode(frame))


def _shots_dtype(outcomes: int) -> str:
    return "u1" if outcomes <= 1 << 8 else "<u2" if outcomes <= 1 << 16 else "<u4"


def encode_results(frames: Sequence[bytes | Failure]) -> bytes:
    """The results of a job's circuits, in their order."""
    lengths = [0 if isinstance(frame, Failure) else len(frame) for frame in frames]
    failures = {i: frame for i, frame in enumerate(frames) if isinstance(frame, Failure)}
    header = msgspec.msgpack.encode(_ResultHeader(lengths, failures))
    body = b"".join(frame for frame in frames if not isinstance(frame, Failure))
    return RESULT_MAGIC + len(header).to_bytes(4, "little") + header + body


class Results:
    """The stored results of a job, read circuit by circuit."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != RESULT_MAGIC:
            raise ValueError("these bytes are not a Ketway result")
        end = 8 + int.from_bytes(data[4:8], "little")
        self._data = memoryview(data)
        try:
            self._header = _header_decoder.decode(self._data[8:end])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(f"the header of a result cannot be read: {error}") from None
        lengths = self._header.lengths
        if min(lengths, default=0) < 0 or end + sum(lengths) != len(data):
            raise ValueError("the bytes of a result are not as long as its header says")
        self._starts = np.concatenate(([end], end + np.cumsum(lengths, dtype=np.int64)))

    def __len__(self) -> int:
        return len(self._header.lengths)

    @property
    def failures(self) -> dict[int, Failure]:
        return self._header.failures

    def get(self, index: int) -> Result | None:
        """The result of circuit `index`; None if that circuit failed."""
        length = self._header.lengths[index]
        if length == 0:
            return None
        start = int(self._starts[index])
        return _decode_result(unpacked(self._data[start : start + length], _result_decoder))


def _decode_result(frame: _ResultFrame) -> Result:
    outcomes = np.frombuffer(frame.outcomes, "u1").reshape(-1, width_of(frame.bits))
    shots = None
    if frame.shots is not None:
        shots = np.frombuffer(frame.shots, _shots_dtype(len(outcomes))).astype(np.uint32)
    return Result(
        bits=frame.bits,
        outcomes=outcomes,
        probabilities=None
        if frame.probabilities is None
        else np.frombuffer(frame.probabilities, "<f8"),
        counts=None if frame.counts is None else np.frombuffer(frame.counts, "<i8"),
        shots=shots,
        provenance=frame.provenance,
        registers=tuple(
            Register(name, tuple(np.frombuffer(bits, "<i4").tolist()))
            for name, bits in frame.registers
        ),
    )
