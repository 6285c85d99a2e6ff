"""Parameters of executor jobs that are wrong: what is said, and where."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.routines.executor.recorded import params_of

from ketway.jobs.failures import Code
from ketway.routines.executor import ExecutorError, check_size, read_params

Body = dict[str, Any]
Damage = Callable[[Body], None]


def tensor(values: Any, kind: str = "f64", compressed: bool = True) -> dict[str, Any]:
    found = np.array(values, {"f64": "<f8", "u8": "u1", "i64": "<i8"}[kind])
    data = zlib.compress(found.tobytes()) if compressed else found.tobytes()
    return {
        "data": base64.b64encode(data).decode(),
        "shape": list(found.shape),
        "dtype": kind,
    }


def program(**fields: Any) -> Damage:
    def damage(body: Body) -> None:
        body["quantum_program"] |= fields

    return damage


def item(**fields: Any) -> Damage:
    def damage(body: Body) -> None:
        body["quantum_program"]["items"][0] |= fields

    return damage


def arguments(**fields: Any) -> Damage:
    def damage(body: Body) -> None:
        body["quantum_program"]["items"][0]["circuit_arguments"] |= fields

    return damage


def samplex_argument(name: str, value: Any) -> Damage:
    def damage(body: Body) -> None:
        body["quantum_program"]["items"][0]["samplex_arguments"][name] = value

    return damage


def circuits(**fields: Any) -> Damage:
    def damage(body: Body) -> None:
        body["quantum_program"]["circuits"] |= fields

    return damage


def samplex(**fields: Any) -> Damage:
    def damage(body: Body) -> None:
        body["quantum_program"]["items"][0]["samplex"] |= fields

    return damage


def output(name: str, **fields: Any) -> Damage:
    """An output of the samplex, said otherwise."""

    def damage(body: Body) -> None:
        found = body["quantum_program"]["items"][0]["samplex"]
        graph = json.loads(found["samplex_json"])
        outputs = json.loads(graph["attrs"]["output_specification"])
        outputs[name] = json.dumps(json.loads(outputs[name]) | fields)
        graph["attrs"]["output_specification"] = json.dumps(outputs)
        found["samplex_json"] = json.dumps(graph)

    return damage


BOMB = base64.b64encode(zlib.compress(bytes(1 << 24))).decode()
MAP = {"sparse_terms": [["X", [0], 0.1]], "num_qubits": 2}
WHERE = "quantum_program.items[0]"
ARGUMENTS = f"{WHERE}.circuit_arguments"
NOISE = f"{WHERE}.samplex_arguments, `pauli_lindblad_maps.n`"

DAMAGES: list[tuple[str, Damage, str, str]] = [
    ("sampler", lambda b: b.update(schema_version="v3.0"), "schema_version",
     "of version `v3.0` of the executor's schema, and v0.1, .* are read: use another"),
    ("sampler", lambda b: b.update(schema_version=2), "", "Expected `str`, got `int`"),
    ("sampler", lambda b: b.pop("options"), "", "missing required field `options`"),
    ("sampler", program(shots=0), "", "Expected `int` >= 1"),
    ("sampler", program(shots=10**8), "", "Expected `int` <= 10000000"),
    ("sampler", program(shots=1.5), "", "Expected `int`"),
    ("sampler", program(meas_level="raw"), "", "Invalid enum value 'raw'"),
    ("sampler", program(items=[{"item_type": "other"}]), "", "Invalid value 'other'"),
    ("sampler", program(items=[]), "quantum_program.circuits.b64_data",
     "there are 1 circuits, and should be 0"),
    ("sampler", lambda b: b["quantum_program"].pop("circuits"), "quantum_program",
     "version v2.0 has its circuits in one place"),
    ("sampler", circuits(b64_data="?"), "quantum_program.circuits.b64_data", "not base64"),
    ("sampler", circuits(b64_data="AAAA"), "quantum_program.circuits.b64_data", "with zlib"),
    ("sampler", circuits(b64_data=BOMB), "quantum_program.circuits.b64_data", "QPY"),
    ("sampler", circuits(data=["qreg"]), "quantum_program.circuits.data[0], line 1", "a name "),
    ("sampler", circuits(data=["\ud800"]), "", "malformed: unexpected end of hex"),
    ("sampler", circuits(data=[]), "quantum_program.circuits", "0 circuits, and 1 items"),
    ("sampler", item(chunk_size=0), "", "Expected `int` >= 1"),
    ("sampler", item(shape=[3]), WHERE, r"shape \(3,\), and its arguments have \(2,\)"),
    ("sampler", item(shape=[10**6, 2]), WHERE, "2,000,000 circuits, and at most 200,000"),
    ("sampler", item(shape=[1] * 17), "", "length <= 16"),
    ("sampler", item(shape=[0, 2**70]), "", "Expected `int` <="),
    ("sampler", item(shape=[-1]), "", "Expected `int` >= 0"),
    ("sampler", arguments(dtype="f128"), ARGUMENTS, "the unknown type `f128`"),
    ("sampler", arguments(data=BOMB), ARGUMENTS, "bytes of data, and its shape"),
    ("sampler", arguments(shape=[2**40, 2]), ARGUMENTS, "a shape that cannot be"),
    ("sampler", arguments(shape=[2**20, 2**20]), ARGUMENTS, "elements, and at most"),
    ("sampler", arguments(shape=[0, 2**62]), ARGUMENTS, "a shape that cannot be"),
    ("sampler", arguments(shape=[-2, -2]), ARGUMENTS, "a shape that cannot be"),
    ("sampler", arguments(data=base64.b64encode(zlib.compress(bytes(32))[:-5]).decode()),
     ARGUMENTS, "ends too early"),
    ("sampler", arguments(**tensor([[0.1, np.nan]])), ARGUMENTS, "no finite number"),
    ("sampler", arguments(**tensor([[0.1, 0.2, 0.3]])), ARGUMENTS, "the circuit has 2 parameters"),
    ("sampler", arguments(**tensor(0.5)), ARGUMENTS, "the circuit has 2 parameters"),
    ("sampler", arguments(**tensor([[1, 2]], "i64")), ARGUMENTS, "should be of type f64"),
    ("sampler_twirled", samplex(ssv=1), f"{WHERE}.samplex", "the samplex itself says 4"),
    ("sampler_twirled", samplex(samplex_json="{}"), f"{WHERE}.samplex", "is not as a samplex"),
    ("sampler_twirled", item(shape=[16, 3]), WHERE, r"sweep \(.*2,?\), which does not broadcast"),
    ("sampler_twirled", item(shape=[]), WHERE, "which does not broadcast"),
    ("sampler_twirled", samplex_argument("parameter_values", tensor([1.0])),
     f"{WHERE}.samplex_arguments, argument `parameter_values`", "should end with"),
    ("sampler_twirled", samplex_argument("who", 1), f"{WHERE}.samplex_arguments", "`who`"),
    ("sampler_twirled", samplex_argument("parameter_values", 10**30),
     f"{WHERE}.samplex_arguments, `parameter_values`", "does not fit in 64 bits"),
    ("sampler_twirled", samplex_argument("parameter_values", {}),
     f"{WHERE}.samplex_arguments, `parameter_values`", "neither a tensor"),
    ("sampler_twirled", samplex_argument("parameter_values", "1"), "", "Expected `"),
    ("by_hand_classified", samplex_argument("pauli_lindblad_maps.n", MAP | {"num_qubits": 3}),
     f"{WHERE}.samplex_arguments, argument `pauli_lindblad_maps.n`", "on 3 qubits, and should"),
    ("by_hand_classified", samplex_argument("pauli_lindblad_maps.n", MAP | {"num_qubits": 10**9}),
     NOISE, "1 terms on 1,000,000,000 qubits"),
    *(
        ("by_hand_classified",
         samplex_argument("pauli_lindblad_maps.n", MAP | {"sparse_terms": [["I", [0], 0], term]}),
         where, "letters I, X, Y and Z, a different qubit|Expected")
        for term, where in (
            (["Q", [0], 0.1], f"{NOISE}, term 1"), (["X", [2], 0.1], f"{NOISE}, term 1"),
            (["XX", [0, 0], 0.1], f"{NOISE}, term 1"), (["X", [-1], 0.1], f"{NOISE}, term 1"),
            (["XX", [0], 0.1], f"{NOISE}, term 1"), (["X", [0]], ""), (["X", [0.5], 1], ""),
        )
    ),
    ("by_hand_classified", lambda b: b["quantum_program"]["items"][0].update(chunk_size="auto"),
     "quantum_program.items", "use one or the other for all"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "damage", "where", "said"),
    DAMAGES,
    ids=[f"{k}-{n}-{s[:30]}" for k, (n, _, _, s) in enumerate(DAMAGES)],
)
def test_what_is_wrong_is_said(name: str, damage: Damage, where: str, said: str) -> None:
    body = json.loads(params_of(name))
    damage(body)
    with pytest.raises(ExecutorError, match=said) as caught:
        read_params(json.dumps(body).encode())
    if where:
        assert caught.value.where.startswith(where)
    assert len(caught.value.failure.message) < 2_000


@pytest.mark.parametrize("version", ["v0.1", "v0.2"])
def test_old_versions_have_less(version: str) -> None:
    body = json.loads(params_of("sampler", "v0.2")) | {"schema_version": version}
    for damage, said in (
        (program(circuits={"b64_data": ""}), "has its circuits in each item"),
        (program(meas_level="both"), "has no level `both`"),
        (arguments(dtype="f32"), "the unknown type `f32`: this version has bool, c128, f64, u8"),
        (item(circuit=None), "Expected `object`, got `null`"),
    ):
        changed = json.loads(json.dumps(body))
        damage(changed)
        with pytest.raises(ExecutorError, match=said):
            read_params(json.dumps(changed).encode())
    body["quantum_program"]["items"][0].pop("circuit")
    with pytest.raises(ExecutorError, match="it is missing") as caught:
        read_params(json.dumps(body).encode())
    assert caught.value.where == "quantum_program.items[0].circuit"


def test_outputs_have_types_of_the_version() -> None:
    body = json.loads(params_of("by_hand_classified", "v1.1"))
    output("measurement_flips.meas", dtype="int32")(body)
    with pytest.raises(ExecutorError, match=r"of type int32, which version v1\.1"):
        read_params(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "truncated"),
        (b"null", "got `null`"),
        (b"[" * 10**6, "not those of an executor job"),
        (b'{"schema_version": "v2.0", "x": ' + b"[" * 10**6, "nested too deeply"),
        (b'{"schema_version": "\xff"}', "UTF-8|utf-8"),
    ],
)
def test_bytes_that_are_no_parameters(data: bytes, said: str) -> None:
    with pytest.raises(ExecutorError, match=said):
        read_params(data)


def test_answers_are_bounded_before_anything_runs() -> None:
    body = json.loads(params_of("sampler"))
    body["quantum_program"]["shots"] = 10_000_000
    body["quantum_program"]["items"][0]["shape"] = [100, 2]
    read = read_params(json.dumps(body).encode())
    with pytest.raises(ExecutorError, match="6,000,000,000 bits, and at most") as caught:
        check_size(read.program)
    assert caught.value.failure.code is Code.TOO_MANY_SHOTS
    body["quantum_program"] |= {"shots": 20_000, "meas_level": "kerneled"}
    with pytest.raises(ExecutorError, match="bits, and at most"):
        check_size(read_params(json.dumps(body).encode()).program)
