"""What QIR says and how it is taken; LLVM itself makes the bitcode."""

from __future__ import annotations

import base64
import struct

import pytest
from tests import reference
from tests.circuits.qir.programs import assembled, bitcode, program, q, qis, r, rt

from ketway.circuits.circuit import Circuit, Register
from ketway.circuits.gates import Kind
from ketway.circuits.qir import Limits, QirError, check_text, is_qir, of_text, read_qir
from ketway.jobs.failures import Code

LABELS = '@0 = internal constant [2 x i8] c"a\\00"\n@1 = internal constant [2 x i8] c"b\\00"\n'


def label(number: int) -> str:
    return f"i8* getelementptr ([2 x i8], [2 x i8]* @{number}, i32 0, i32 0)"


def mz(qubit: int, result: int) -> str:
    return qis("mz__body", q(qubit), r(result))


def out(result: int, named: str = "i8* null") -> str:
    return rt("result_record_output", r(result), named)


def kinds(circuit: Circuit) -> list[Kind]:
    return [Kind(kind) for kind in circuit.structure.kinds]


def test_results_are_the_bits_in_the_order_of_their_numbers() -> None:
    data = bitcode(qis("x__body", q(0)), mz(0, 5), mz(1, 2), out(5), out(2))
    circuit = read_qir(data)
    assert circuit.structure.bits == 2
    assert reference.distribution(circuit) == {0b10: 1}
    # And all qubits are, where it is asked for.
    assert reference.distribution(read_qir(data, every_qubit=True)) == {0b01: 1}


def test_a_result_that_is_not_given_out_is_no_bit() -> None:
    data = bitcode(qis("x__body", q(1)), mz(0, 0), mz(1, 1), out(1))
    assert reference.distribution(read_qir(data)) == {1: 1}
    assert read_qir(data).structure.bits == 1


def test_without_measurement_every_qubit_is_read() -> None:
    circuit = read_qir(bitcode(qis("x__body", q(2))))
    assert reference.distribution(circuit) == {0b100: 1}


def test_unused_qubits_are_there_when_they_are_announced() -> None:
    for name in ("required_num_qubits", "num_required_qubits", "requiredQubits"):
        data = bitcode(qis("h__body", q(0)), attributes=f'"entry_point" "{name}"="5"')
        assert read_qir(data).qubits == 5


def test_labels_name_registers() -> None:
    data = bitcode(
        mz(0, 0), mz(1, 1), mz(2, 2),
        rt("array_record_output", "i64 2", label(1)), out(1), out(2), out(0, label(0)),
        head=LABELS,
    )  # fmt: skip
    wanted = (Register("b", (1, 2)), Register("a", (0,)))
    assert read_qir(data).registers == wanted
    assert read_qir(data, every_qubit=True).registers == wanted


def test_registers_have_the_qubits_when_every_qubit_is_read() -> None:
    data = bitcode(mz(3, 0), mz(1, 1), out(0, label(0)), out(1, label(1)), head=LABELS)
    circuit = read_qir(data, every_qubit=True)
    assert circuit.registers == (Register("a", (3,)), Register("b", (1,)))
    assert not circuit.structure.bits


def test_a_reset_after_the_measurement_changes_nothing_that_is_read() -> None:
    data = bitcode(
        qis("x__body", q(0)), qis("mresetz__body", q(0), r(0)), qis("reset__body", q(0)), out(0)
    )
    assert reference.distribution(read_qir(data, every_qubit=True)) == {1: 1}
    assert kinds(read_qir(data)) == [Kind.X, Kind.MEASURE, Kind.RESET, Kind.RESET]


def test_measured_in_the_middle() -> None:
    lines = (qis("x__body", q(0)), mz(0, 0), qis("x__body", q(0)), mz(0, 1), out(0), out(1))
    assert reference.distribution(read_qir(bitcode(*lines))) == {0b01: 1}
    with pytest.raises(QirError, match=r"call 2 .*measured already.*OpenQASM 3"):
        read_qir(bitcode(*lines), every_qubit=True)


@pytest.mark.parametrize(
    "name", ["h", "x", "y", "z", "s", "t", "rx", "rz", "r1", "u3", "cnot", "crz", "swap", "rzz"]
)
def test_an_adjoint_undoes(name: str) -> None:
    angles = {"rx": 1, "rz": 1, "r1": 1, "crz": 1, "rzz": 1, "u3": 3}.get(name, 0)
    width = 2 if name in ("cnot", "crz", "swap", "rzz") else 1
    given = [f"double {angle}" for angle in (0.5, 1.25, -2.0)[:angles]]
    given += [q(k) for k in range(width)]
    spread = [qis("u3__body", "double 1.0", "double 0.5", "double 2.0", q(k)) for k in range(width)]
    gathered = [
        qis("u3__body", "double -1.0", "double -2.0", "double -0.5", q(k)) for k in range(width)
    ]
    there, back = qis(f"{name}__body", *given), qis(f"{name}__adj", *given)
    found = reference.distribution(read_qir(bitcode(*spread, there, back, *gathered)))
    assert found[0] == pytest.approx(1, abs=1e-12)


def test_phased_turns() -> None:
    """CUDA-Q's phased_rx(theta, phi) is RZ(phi) RX(theta) RZ(-phi)."""
    spread = [qis("u3__body", "double 1.0", "double 0.5", "double 2.0", q(0))]
    both = [
        *spread, qis("phased_rx__body", "double 0.75", "double 1.5", q(0)),
        qis("rz__adj", "double 1.5", q(0)), qis("rx__adj", "double 0.75", q(0)),
        qis("rz__body", "double 1.5", q(0)),
        qis("u3__body", "double -1.0", "double -2.0", "double -0.5", q(0)),
    ]  # fmt: skip
    assert reference.distribution(read_qir(bitcode(*both)))[0] == pytest.approx(1, abs=1e-12)


def test_parts_that_follow_each_other() -> None:
    lines = (
        qis("h__body", q(0)), "br label %b", "a:", mz(0, 0), "br label %end", "b:",
        qis("z__body", q(0)), qis("h__body", q(0)), "br label %a", "end:", out(0),
    )  # fmt: skip
    assert reference.distribution(read_qir(bitcode(*lines))) == {1: pytest.approx(1)}


def test_what_does_nothing() -> None:
    data = bitcode(
        rt("initialize", "i8* null"), qis("barrier__body"), qis("i__body", q(1)),
        qis("x__body", q(1)), mz(1, 0), rt("tuple_record_output", "i64 1", "i8* null"), out(0),
    )  # fmt: skip
    assert reference.distribution(read_qir(data)) == {1: 1}


REFUSED = {
    "an unknown instruction": ((qis("foo__body", q(0)),), r"call 0 .*foo.*decompose"),
    "the second call": ((qis("h__body", q(0)), qis("foo__body", q(0))), r"^call 1 "),
    "a qubit twice": ((qis("cnot__body", q(3), q(3)),), "qubit twice"),
    "too few": ((qis("cnot__body", q(3)),), "given 1 arguments, and takes 2"),
    "too many": ((qis("h__body", q(0), q(1)),), "given 2 arguments"),
    "an angle that is none": ((qis("rx__body", "double 0x7FF8000000000000", q(0)),), "finite"),
    "an endless angle": ((qis("rx__body", "double 0x7FF0000000000000", q(0)),), "finite"),
    "no angle": ((qis("rx__body", "i64 1", q(0)),), "finite number"),
    "a wide qubit": ((qis("h__body", q(1 << 40)),), "number 1,099,511,627,776"),
    "many qubits": ((qis("h__body", q(50_000)),), "50,001 qubits"),
    "allocated": (("%q = call %Qubit* @__quantum__rt__qubit_allocate()",), "base profile"),
    "a computed qubit": (
        ("%q = alloca i8", "%p = bitcast i8* %q to %Qubit*", qis("h__body", "%Qubit* %p")),
        "a cast|alloca",
    ),
    "read while it runs": (
        (mz(0, 0), f"%b = call i1 @__quantum__qis__read_result__body({r(0)})"),
        "computes with results",
    ),
    "a choice": (
        (
            f"%b = call i1 @__quantum__qis__read_result__body({r(0)})",
            "br i1 %b, label %x, label %x", "x:",
        ),
        "decides by a value",
    ),
    "a loop": (
        ("br label %again", "again:", qis("h__body", q(0)), "br label %again", "x:"), "loop",
    ),
    "another function": (("call void @helper()",), "inline it"),
    "given out and never measured": ((qis("h__body", q(0)), out(4)), "result 4"),
    "a whole number given out": ((rt("int_record_output", "i64 3", "i8* null"),), "computes"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    lines, said = REFUSED[name]
    with pytest.raises(QirError, match=said) as caught:
        read_qir(bitcode(*lines))
    assert caught.value.failure.code in (Code.PREFLIGHT, Code.UNSUPPORTED_GATE)
    assert caught.value.message.endswith((".", "…)."))


def test_a_wrong_number_of_qubits() -> None:
    few = '"entry_point" "required_num_qubits"="2"'
    with pytest.raises(QirError, match="uses qubit 2, and its entry point says"):
        read_qir(bitcode(qis("h__body", q(2)), attributes=few))
    for said in ("many", "-1", "1e3", "99999999999"):
        wrong = f'"entry_point" "required_num_qubits"="{said}"'
        with pytest.raises(QirError, match="says that it needs"):
            read_qir(bitcode(qis("h__body", q(0)), attributes=wrong))


def test_no_entry_point_and_two() -> None:
    with pytest.raises(QirError, match=r"no entry point|0 functions"):
        read_qir(assembled("declare void @f()\n"))
    two = program(qis("h__body", q(0))) + "define void @b() #0 {\n  ret void\n}\n"
    with pytest.raises(QirError, match="2 functions"):
        read_qir(assembled(two))
    # One that is not marked is not in the way.
    one = program(qis("x__body", q(0))) + "define void @b() {\n  ret void\n}\n"
    assert reference.distribution(read_qir(assembled(one))) == {1: 1}


def test_the_limits() -> None:
    data = bitcode(*[qis("h__body", q(0))] * 20)
    assert read_qir(data, Limits(instructions=20)).structure.gates == 20
    with pytest.raises(QirError, match="more than 19 instructions"):
        read_qir(data, Limits(instructions=19))
    with pytest.raises(QirError, match="at most 100"):
        read_qir(data, Limits(bytes=100))
    with pytest.raises(QirError, match="more than 50 steps"):
        read_qir(data, Limits(steps=50))


def test_wrapped_bitcode() -> None:
    """As LLVM for Apple's systems writes it."""
    inner = bitcode(qis("x__body", q(0)))
    data = struct.pack("<IIIII", 0x0B17C0DE, 0, 20, len(inner), 7) + inner
    assert is_qir(data)
    assert reference.distribution(read_qir(data)) == {1: 1}
    for cut in (3, 19, 25, len(data) - 1):
        with pytest.raises(QirError):
            read_qir(data[:cut])


def test_as_text() -> None:
    data = bitcode(qis("x__body", q(0)))
    text = base64.b64encode(data).decode()
    check_text(text)
    assert of_text(text) == data
    for wrong in ("", "####", "QUJD", text[:-1] + "!", text + "é", "BC\xc0\xde"):
        with pytest.raises(QirError, match="base64"):
            check_text(wrong)
