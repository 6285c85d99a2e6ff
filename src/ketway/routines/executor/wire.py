"""Reading the parameters of an executor job: all versions of its schema, into a `QuantumProgram`.

Each error says where it is, in the names of the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from ketway.circuits.template import Template
from ketway.routines.executor.bodies import (
    ArgumentBody,
    ChunkSize,
    CircuitItemBody,
    CircuitsBody,
    OptionsBody,
    ParamsBody,
    ProgramBody,
    QpyBody,
    SamplexBody,
    SamplexItemBody,
    VersionBody,
)
from ketway.routines.executor.circuits import read_qasm_template, read_qpy_templates
from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.limits import DEFAULT_LIMITS, DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.program import (
    VERSIONS,
    CircuitItem,
    Item,
    Options,
    Params,
    QuantumProgram,
    SamplexItem,
    Version,
)
from ketway.routines.executor.samplex import LindbladMap, Samplex, read_samplex
from ketway.routines.executor.samplex.interface import ANGLES
from ketway.routines.executor.tensors import TensorBody, read_tensor, writable

T = TypeVar("T")

_PAULIS: Final = {"Z": 1, "X": 2, "Y": 3}


def read_params(data: bytes) -> Params:
    """The JSON of a job's `params`. Raises `FailedError`, whatever the bytes are."""
    if len(data) > DEFAULT_LIMITS.params:
        raise ExecutorError(
            f"the parameters have {len(data):,} bytes, and at most {DEFAULT_LIMITS.params:,} are "
            "read: split the job."
        )
    version = _version(_decoded(data, VersionBody, "").schema_version)
    body = _decoded(data, ParamsBody, f" in version {version}")
    program = body.quantum_program
    _check_version(program, version)
    items = _items(program, version)
    return Params(
        version,
        QuantumProgram(
            shots=program.shots,
            items=items,
            level=program.meas_level,
            role=program.semantic_role,
            passthrough=bytes(program.passthrough_data),
        ),
        _options(body.options),
    )


def _decoded(data: bytes, into: type[T], version: str) -> T:
    try:
        return msgspec.json.decode(data, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ExecutorError(
            f"the parameters are not those of an executor job{version}: {error}."
        ) from None
    except RecursionError:
        raise ExecutorError("the parameters are nested too deeply.") from None


def _version(text: str) -> Version:
    for version in VERSIONS:
        if version == text:
            return version
    raise ExecutorError(
        f"the parameters are of version {shown(text)} of the executor's schema, and "
        f"{', '.join(VERSIONS)} are read: use another qiskit-ibm-runtime, or a newer Ketway.",
        "schema_version",
    )


def _check_version(program: ProgramBody, version: Version) -> None:
    apart = version in ("v0.1", "v0.2")
    if apart is not (program.circuits is UNSET):
        raise ExecutorError(
            f"version {version} has its circuits in {'each item' if apart else 'one place'}.",
            "quantum_program",
        )
    if apart and program.meas_level == "both":
        raise ExecutorError(
            f"version {version} has no level `both`: ask for `classified` or `kerneled`.",
            "quantum_program.meas_level",
        )
    chunks = {item.chunk_size for item in program.items}
    if "auto" in chunks and len(chunks) > 1:
        raise ExecutorError(
            "some items have a `chunk_size` that is a number and some have `auto`: use one or the "
            "other for all.",
            "quantum_program.items",
        )


def _options(body: OptionsBody) -> Options:
    return Options(body.init_qubits, body.rep_delay, body.scheduler_timing, body.stretch_values)


# -- circuits -------------------------------------------------------------------------------------


def _templates(program: ProgramBody, version: Version) -> Iterator[Template]:
    """The circuit of each item."""
    if program.circuits is not UNSET:
        yield from _together(program.circuits, len(program.items), version)
        return
    for index, item in enumerate(program.items):
        where = f"quantum_program.items[{index}].circuit"
        if not isinstance(item.circuit, QpyBody):
            raise ExecutorError("it is missing.", where)
        yield from read_qpy_templates(item.circuit.circuit_b64, False, 1, where)


def _together(body: CircuitsBody, items: int, version: Version) -> Sequence[Template]:
    where = "quantum_program.circuits"
    if isinstance(body.data, list) and version == "v2.0":
        if len(body.data) != items:
            raise ExecutorError(
                f"there are {len(body.data)} circuits, and {items} items: one for each.", where
            )
        return [
            read_qasm_template(text, f"{where}.data[{index}]")
            for index, text in enumerate(body.data)
        ]
    if not isinstance(body.b64_data, str):
        raise ExecutorError(
            "they should be in `b64_data`, as QPY"
            + (", or in `data`, as OpenQASM 3." if version == "v2.0" else "."),
            where,
        )
    return read_qpy_templates(body.b64_data, version == "v2.0", items, f"{where}.b64_data")


# -- items ----------------------------------------------------------------------------------------


def _items(program: ProgramBody, version: Version) -> tuple[Item, ...]:
    items: list[Item] = []
    known: dict[str, Samplex] = {}
    for index, circuit in enumerate(_templates(program, version)):
        where = f"quantum_program.items[{index}]"
        body = program.items[index]
        if isinstance(body, CircuitItemBody):
            items.append(_circuit_item(body, circuit, version, where))
        else:
            text = body.samplex.samplex_json
            if text not in known:
                known[text] = _samplex(body.samplex, f"{where}.samplex")
            items.append(_samplex_item(body, circuit, known[text], version, where))
    return tuple(items)


def _chunk(size: ChunkSize) -> int | None:
    return None if size == "auto" else size


def _circuit_item(
    body: CircuitItemBody, circuit: Template, version: Version, where: str
) -> CircuitItem:
    here = f"{where}.circuit_arguments"
    values = _tensor(body.circuit_arguments, version, here)
    if values.dtype != np.float64:
        raise ExecutorError("they should be of type f64.", here)
    if values.ndim == 0 or values.shape[-1] != len(circuit.parameters):
        raise ExecutorError(
            f"they have shape {values.shape}, and the circuit has {len(circuit.parameters)} "
            "parameters: the last axis goes over the parameters.",
            here,
        )
    if not np.isfinite(values).all():
        raise ExecutorError("they have a value that is no finite number.", here)
    sweep = values.shape[:-1]
    try:
        shape = np.broadcast_shapes(sweep, body.shape)
    except ValueError:
        raise ExecutorError(
            f"the item has shape {body.shape}, and its arguments have {sweep}: one does not "
            "broadcast to the other.",
            where,
        ) from None
    _check_size(shape, where)
    return CircuitItem(circuit, values, shape, _chunk(body.chunk_size))


def _samplex(body: SamplexBody, where: str) -> Samplex:
    samplex = read_samplex(body.samplex_json, where)
    if samplex.version != body.ssv:
        raise ExecutorError(
            f"`ssv` is {body.ssv}, and the samplex itself says {samplex.version}.", where
        )
    return samplex


def _samplex_item(
    body: SamplexItemBody, circuit: Template, samplex: Samplex, version: Version, where: str
) -> SamplexItem:
    if samplex.angles != len(circuit.parameters):
        raise ExecutorError(
            f"the samplex sets {samplex.angles} parameters, and the circuit has "
            f"{len(circuit.parameters)}.",
            where,
        )
    for name, output in samplex.outputs.items():
        if name != ANGLES and not writable(output.kind, version == "v2.0"):
            raise ExecutorError(
                f"the samplex has the output {shown(name)} of type {output.kind}, which version "
                f"{version} of the executor's schema does not have.",
                where,
            )
    _check_size(body.shape, where)
    given = {
        name: _argument(value, version, f"{where}.samplex_arguments, {shown(name)}")
        for name, value in body.samplex_arguments.items()
    }
    inputs = samplex.bind(given, f"{where}.samplex_arguments")
    sweep = inputs.shape
    front = len(body.shape) - len(sweep)
    if front < 0 or any(
        size not in (1, whole) for size, whole in zip(sweep, body.shape[front:], strict=True)
    ):
        raise ExecutorError(
            f"the item has shape {body.shape}, and its arguments have the sweep {sweep}, which "
            "does not broadcast to it.",
            where,
        )
    return SamplexItem(circuit, samplex, inputs, body.shape, _chunk(body.chunk_size))


def _check_size(shape: tuple[int, ...], where: str) -> None:
    if prod(shape) > DEFAULT_LIMITS.circuits:
        raise ExecutorError(
            f"the item has {prod(shape):,} circuits, and at most {DEFAULT_LIMITS.circuits:,} are "
            "run: split it.",
            where,
        )


# -- arguments ------------------------------------------------------------------------------------


def _tensor(body: TensorBody, version: Version, where: str) -> NDArray[Any]:
    return read_tensor(body, version == "v2.0", where)


def _argument(
    value: bool | int | float | ArgumentBody, version: Version, where: str
) -> NDArray[Any] | LindbladMap:
    if not isinstance(value, ArgumentBody):
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise ExecutorError("the number does not fit in 64 bits.", where)
        return np.array(value)
    if isinstance(value.sparse_terms, list) and isinstance(value.num_qubits, int):
        return _lindblad_map(value.sparse_terms, value.num_qubits, where)
    if (
        isinstance(value.data, str)
        and isinstance(value.shape, tuple)
        and isinstance(value.dtype, str)
    ):
        return _tensor(TensorBody(value.data, value.shape, value.dtype), version, where)
    raise ExecutorError(
        "it is neither a tensor (`data`, `shape`, `dtype`) nor a Pauli-Lindblad map "
        "(`sparse_terms`, `num_qubits`).",
        where,
    )


def _lindblad_map(
    terms: list[tuple[str, list[int], float]], qubits: int, where: str
) -> LindbladMap:
    limits = DEFAULT_SAMPLEX_LIMITS
    if len(terms) > limits.terms or qubits > limits.subsystems:
        raise ExecutorError(
            f"the map has {len(terms):,} terms on {qubits:,} qubits, and at most {limits.terms:,} "
            f"on {limits.subsystems:,} are drawn.",
            where,
        )
    parsed = []
    for number, (paulis, places, rate) in enumerate(terms):
        if (
            len(paulis) != len(places)
            or paulis.strip("IXYZ")
            or len(set(places)) < len(places)
            or not all(0 <= place < qubits for place in places)
            or not np.isfinite(rate)
        ):
            raise ExecutorError(
                "it should be letters I, X, Y and Z, a different qubit of the map for each, and a "
                "finite rate.",
                f"{where}, term {number}",
            )
        pairs = [(p, _PAULIS[c]) for c, p in zip(paulis, places, strict=True) if c != "I"]
        parsed.append(
            (np.array([p for p, _ in pairs], np.int64), np.array([c for _, c in pairs], np.uint8))
        )
    return LindbladMap(qubits, tuple(parsed), np.array([rate for _, _, rate in terms], np.float64))
