"""What is stored comes back as it was; what is not ours to read is refused with a ValueError."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ketway.circuits import control
from ketway.circuits.circuit import Builder, Circuit, Program, Register
from ketway.circuits.gates import Kind
from ketway.jobs.encoding import (
    PROGRAM_MAGIC,
    RESULT_MAGIC,
    Results,
    decode_program,
    encode_program,
    encode_result,
    encode_results,
)
from ketway.jobs.failures import Code, Failure
from ketway.jobs.results import Provenance, Result, width_of

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def registers(draw: st.DrawFn, bits: int) -> tuple[Register, ...]:
    names = draw(st.lists(st.text(max_size=8), unique=True, max_size=3))
    rows = st.lists(st.integers(0, max(0, bits - 1)), max_size=4).map(tuple)
    return tuple(Register(name, draw(rows)) for name in names)


@st.composite
def circuits(draw: st.DrawFn) -> Circuit:
    qubits = draw(st.integers(1, 5))
    builder = Builder(qubits, bits=draw(st.integers(0, 3)))
    for _ in range(draw(st.integers(0, 6))):
        order = draw(st.permutations(range(qubits)))
        match draw(st.integers(0, 4)):
            case 0:
                builder.add(Kind.H, order[:1])
            case 1:
                builder.add(Kind.RX, order[:1], [draw(finite)])
            case 2:
                builder.add(Kind.X, order[:1], controls=order[1:])
            case 3:
                terms = draw(
                    st.lists(st.text("IXYZ", min_size=qubits, max_size=qubits), min_size=1,
                             max_size=3)
                )  # fmt: skip
                builder.add_pauliexp(order, terms, [draw(finite) for _ in terms])
            case _:
                builder.add(Kind.NOP, [])
    return builder.circuit(draw(registers(qubits)))


def same(one: Circuit, other: Circuit) -> bool:
    return (
        one.structure.digest == other.structure.digest
        and one.params.tobytes() == other.params.tobytes()
        and one.registers == other.registers
        and all(a.dtype == b.dtype for a, b in zip(
            one.structure.arrays, other.structure.arrays, strict=True))
    )  # fmt: skip


@settings(max_examples=150)
@given(st.lists(circuits(), max_size=6))
def test_a_program_comes_back_as_it_was(given_: list[Circuit]) -> None:
    program = decode_program(encode_program(Program.of(given_)))
    assert len(program) == len(given_)
    for index, circuit in enumerate(given_):
        assert same(program.circuit(index), circuit)


def test_equal_programs_are_equal_bytes() -> None:
    builder = Builder(2)
    builder.add(Kind.H, [0])
    circuit = builder.circuit()
    once, again = (encode_program(Program.of([circuit, circuit])) for _ in range(2))
    assert once == again


@st.composite
def results(draw: st.DrawFn) -> Result:
    bits = draw(st.one_of(st.integers(0, 70), st.sampled_from([128, 5_000])))
    count = draw(st.integers(0, 300 if bits > 8 else 1))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    outcomes = rng.integers(0, 256, (count, width_of(bits)), dtype=np.uint8)
    counts = rng.integers(0, 1000, count)
    shots = None
    if count and draw(st.booleans()):
        shots = rng.integers(0, count, 50).astype(np.uint32)
    return Result(
        bits=bits,
        outcomes=outcomes,
        probabilities=rng.random(count) if draw(st.booleans()) else None,
        counts=counts if draw(st.booleans()) else None,
        shots=shots,
        provenance=Provenance(
            "dense", "1", seed=draw(st.none() | st.integers(0, 2**63 - 1)), noise="x",
            rates={"1q": draw(finite)},
        ),
        registers=draw(registers(bits)),
    )  # fmt: skip


def equal(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.array_equal(one, other))


failures = st.builds(
    Failure, st.sampled_from(list(Code)), st.text(max_size=20), st.none() | st.integers(0, 10)
)


@settings(max_examples=150)
@given(st.lists(results() | failures, max_size=5))
def test_results_come_back_as_they_were_also_around_failures(
    given_: list[Result | Failure],
) -> None:
    frames = [one if isinstance(one, Failure) else encode_result(one) for one in given_]
    stored = Results(encode_results(frames))
    assert len(stored) == len(given_)
    assert stored.failures == {i: f for i, f in enumerate(given_) if isinstance(f, Failure)}
    for index, expected in enumerate(given_):
        found = stored.get(index)
        if isinstance(expected, Failure):
            assert found is None
            continue
        assert found is not None
        assert (found.bits, found.provenance, found.registers) == (
            expected.bits,
            expected.provenance,
            expected.registers,
        )
        assert equal(found.outcomes, expected.outcomes)
        assert equal(found.probabilities, expected.probabilities)
        assert equal(found.counts, expected.counts)
        assert equal(found.shots, expected.shots)


@pytest.mark.parametrize("outcomes", [1, 256, 257, 65_536, 65_537])
def test_shots_are_stored_in_as_few_bytes_as_their_outcomes_need(outcomes: int) -> None:
    rows = np.arange(outcomes, dtype="<u4").view(np.uint8).reshape(-1, 4)
    shots = np.array([0, outcomes - 1], dtype=np.uint32)
    result = Result(32, rows, None, None, shots, Provenance("e", "1"))
    found = Results(encode_results([encode_result(result)])).get(0)
    assert found is not None
    assert equal(found.shots, shots)


# -- bytes that are not ours ----------------------------------------------------------------------


def read_results(data: bytes) -> None:
    stored = Results(data)
    for index in range(len(stored)):
        stored.get(index)


READERS: list[Callable[[bytes], object]] = [decode_program, read_results]
builder = Builder(2)
builder.add(Kind.H, [0])
builder.add(Kind.RX, [1], [0.5])
PROGRAM = encode_program(Program.of([builder.circuit((Register("c", (0, 1)),))]))
RESULTS = encode_results(
    [
        encode_result(
            Result(
                2,
                np.array([[0], [3]], dtype=np.uint8),
                np.array([0.5, 0.5]),
                np.array([1, 1]),
                np.array([0, 1], dtype=np.uint32),
                Provenance("e", "1"),
            )
        ),
        Failure(Code.INTERNAL, "broke"),
    ]
)


def refused_or_read(reader: Callable[[bytes], object], data: bytes) -> None:
    """Anything but a ValueError gets out of here and fails the test."""
    with contextlib.suppress(ValueError):
        reader(data)


@settings(max_examples=300)
@given(st.binary(max_size=200), st.sampled_from([b"", PROGRAM_MAGIC, RESULT_MAGIC]))
def test_any_bytes_are_read_or_refused(data: bytes, magic: bytes) -> None:
    for reader in READERS:
        refused_or_read(reader, magic + data)


@settings(max_examples=300)
@given(st.data())
def test_damaged_bytes_are_read_or_refused(data: st.DataObject) -> None:
    for reader, whole in zip(READERS, (PROGRAM, RESULTS), strict=True):
        damaged = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 3))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        refused_or_read(reader, bytes(damaged))


@pytest.mark.parametrize(("reader", "whole"), [(READERS[0], PROGRAM), (READERS[1], RESULTS)])
def test_bytes_cut_short_are_refused(reader: Callable[[bytes], object], whole: bytes) -> None:
    for length in range(len(whole)):
        with pytest.raises(ValueError):
            reader(whole[:length])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.binary(max_size=20)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=10),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=200)
@given(json_values)
def test_sound_frames_of_other_values_are_read_or_refused(value: object) -> None:
    packed = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(value))
    refused_or_read(decode_program, PROGRAM_MAGIC + packed)
    header = msgspec.msgpack.encode([[len(packed)], {}])
    start = RESULT_MAGIC + len(header).to_bytes(4, "little")
    refused_or_read(read_results, start + header + packed)


@settings(max_examples=200)
@given(st.data())
def test_a_program_whose_arrays_disagree_is_refused(data: st.DataObject) -> None:
    raw = zstandard.ZstdDecompressor().decompress(PROGRAM[4:])
    frame = msgspec.msgpack.decode(raw)
    place = data.draw(st.integers(2, 6))
    frame[0][0][place] = data.draw(st.binary(max_size=24))
    packed = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(frame))
    try:
        program = decode_program(PROGRAM_MAGIC + packed)
    except ValueError:
        return
    structure = program.circuit(0).structure
    assert len(structure.operand_starts) == len(structure.param_starts) == structure.gates + 1
    assert structure.operand_starts[-1] == len(structure.operands)
    assert len(program.circuit(0).params) == structure.params


def test_a_small_frame_that_promises_gigabytes_is_refused_unread() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(b"\0" * (1 << 20))
    # The same frame with a size of 8 GiB in its header: magic, descriptor for 8 bytes of size.
    forged = bomb[:4] + b"\xe0" + (8 << 30).to_bytes(8, "little") + bomb[5 + 4 :]
    with pytest.raises(ValueError, match="cannot hold"):
        decode_program(PROGRAM_MAGIC + forged)


def test_each_magic_is_refused_by_the_other_reader() -> None:
    with pytest.raises(ValueError, match="not a Ketway program"):
        decode_program(RESULTS)
    with pytest.raises(ValueError, match="not a Ketway result"):
        Results(PROGRAM)


def controlled() -> Circuit:
    b = Builder(2, bits=2, memory=1)
    b.add(Kind.MEASURE, [0, 0])
    jump = b.jump(control.bits([0]))
    b.assign([1, 2], control.number(3))
    b.land(jump)
    b.add(Kind.X, [1])
    return b.circuit()


def test_control_comes_back() -> None:
    circuit = controlled()
    back = decode_program(encode_program(Program.of([circuit]))).circuit(0)
    assert back.structure.digest == circuit.structure.digest
    assert back.structure.memory == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"memory": -1}, "fewer qubits than none"),
        ({"memory": 0}, "writes a bit that is not there"),
        ({"expression_starts": np.array([0, 9, 5], np.int32)}, "do not follow each other"),
        ({"expression_starts": np.zeros(0, np.int32)}, "do not follow each other"),
        ({"expressions": np.array([99, 0, 2, 3, 0], np.int32)}, "not a valid Op"),
        ({"operands": np.array([0, 0, 0, 9, 1, 2, 1, 1], np.int32)}, "leaves it"),
    ],
)
def test_control_that_leaves_its_circuit_is_refused(change: dict[str, Any], message: str) -> None:
    circuit = replace(controlled(), structure=replace(controlled().structure, **change))
    data = encode_program(Program.of([circuit]))
    with pytest.raises(ValueError, match=message):
        decode_program(data)
