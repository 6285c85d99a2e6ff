"""From the JSON of a samplex to a `Samplex`: versions 1 to 4 of its serialization (SSV)."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from ketway.circuits.gates import Kind
from ketway.circuits.qpy import QpyError, Template, of_text, read_qpy
from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.limits import DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.samplex.fields import Fields, array, parse
from ketway.routines.executor.samplex.interface import ANGLES, RANDOMIZATIONS, Noise, Tensor
from ketway.routines.executor.samplex.parsing import Parser, Tables
from ketway.routines.executor.samplex.samplex import Samplex, finalized, ordered

NEWEST: Final = 4
_TABLES_FROM: Final = 4
_AXES: Final = 4
"""Of an output, beside the randomizations."""
_KINDS: Final = {
    name: np.dtype(name)
    for name in (
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
        "float16", "float32", "float64", "complex64", "complex128",
    )
}  # fmt: skip


class _NodeBody(msgspec.Struct, frozen=True):
    id: int
    data: dict[str, Any]


class _Link(msgspec.Struct, frozen=True):
    source: int
    target: int


class _Graph(msgspec.Struct, frozen=True):
    attrs: dict[str, str]
    nodes: list[_NodeBody]
    links: list[_Link]


def read_samplex(text: str, where: str = "") -> Samplex:
    """The samplex, checked. Raises `ExecutorError`, whatever the text is."""
    limits = DEFAULT_SAMPLEX_LIMITS
    if len(text) > limits.text:
        raise ExecutorError(
            f"the samplex has {len(text):,} characters, and at most {limits.text:,} are read: "
            "split the circuit.",
            where,
        )
    graph = parse(text, _Graph, "the samplex", where)
    if len(graph.nodes) > limits.nodes:
        raise ExecutorError(
            f"the samplex has {len(graph.nodes):,} nodes, and at most {limits.nodes:,} are read: "
            "split the circuit.",
            where,
        )
    try:
        return _built(graph)
    except ExecutorError as error:
        place = f"{where}, {error.where}" if where and error.where else where or error.where
        raise ExecutorError(error.message, place) from None


def _version(graph: _Graph) -> int:
    header = Fields(graph.attrs, "header")
    version = header.number("ssv") if header.has("ssv") else 1
    if not 1 <= version <= NEWEST:
        raise header.error(
            f"the samplex is of serialization version (SSV) {version}, and 1 to {NEWEST} are read: "
            "use an older qiskit-ibm-runtime, or a newer Ketway."
        )
    return version


def _built(graph: _Graph) -> Samplex:
    version = _version(graph)
    header = Fields(graph.attrs, "header")
    parser = Parser(_tables(header) if version >= _TABLES_FROM else {})
    sampling, evaluating, collecting = {}, {}, {}
    for body in graph.nodes:
        fields = Fields(body.data, f"node {body.id}")
        if body.id in sampling or body.id in evaluating or body.id in collecting:
            raise fields.error("two nodes have this number.")
        if (drawn := parser.sampling(fields)) is not None:
            sampling[body.id] = drawn
        elif (changed := parser.evaluating(fields)) is not None:
            evaluating[body.id] = changed
        elif (written := parser.collecting(fields)) is not None:
            collecting[body.id] = written
        else:
            raise fields.error(f"it is of the unknown type {shown(fields.text('id'))}.")
    numbers = {*sampling, *evaluating, *collecting}
    edges = [(link.source, link.target) for link in graph.links]
    if any(end not in numbers for edge in edges for end in edge):
        raise ExecutorError("an edge of its graph ends at a node that is not there.")
    outputs = _outputs(header)
    return finalized(
        Samplex(
            version=version,
            inputs=_inputs(header),
            outputs=outputs,
            expressions=_expressions(header),
            copied=_copied(header),
            sampling=tuple(sampling.items()),
            evaluating=tuple((n, evaluating[n]) for n in ordered(list(evaluating), edges)),
            collecting=tuple(collecting.items()),
        )
    )


def _tables(header: Fields) -> Tables:
    written = parse(header.text("lookup_tables"), dict[str, str], "its tables", header.where)
    return {
        name: array(text, f"table {shown(name)}", header.where) for name, text in written.items()
    }


def _specifications(header: Fields, name: str) -> dict[str, Tensor | Noise]:
    written = parse(header.text(name), dict[str, str], f"its {shown(name)}", header.where)
    found: dict[str, Tensor | Noise] = {}
    for key, text in written.items():
        where = f"{header.where}, {shown(key)}"
        fields = Fields(parse(text, dict[str, Any], "a specification", where), where)
        found[key] = _specification(fields)
    return found


def _specification(fields: Fields) -> Tensor | Noise:
    name = fields.text("name")
    match fields.text("id"):
        case "S0":
            return Noise(name, fields.number("num_qubits"), fields.text("num_terms"))
        case "S1":
            kind = _KINDS.get(fields.text("dtype"))
            shape = fields.any("shape")
            if kind is None or not isinstance(shape, list):
                raise fields.error("it has no known type and shape.")
            if not all(type(d) is str or (type(d) is int and d >= 0) for d in shape):
                raise fields.error("its shape is not made of names and numbers.")
            return Tensor(name, tuple(shape), kind, fields.any("optional") is True)
    raise fields.error(f"it is of the unknown type {shown(fields.text('id'))}.")


def _inputs(header: Fields) -> dict[str, Tensor | Noise]:
    return _specifications(header, "input_specification")


def _outputs(header: Fields) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    values = 0
    for name, wanted in _specifications(header, "output_specification").items():
        if not isinstance(wanted, Tensor):
            raise header.error(f"its output {shown(name)} is no tensor.")
        first, *rest = wanted.shape or (0,)
        if (
            first != RANDOMIZATIONS
            or not 0 < len(rest) <= _AXES
            or any(type(d) is str for d in rest)
        ):
            raise header.error(
                f"its output {shown(name)} does not have the shape ({RANDOMIZATIONS}, numbers)."
            )
        size = 1
        for dimension in rest:
            size *= int(dimension)
        values += size
        if values > DEFAULT_SAMPLEX_LIMITS.parameters:
            raise header.error("its outputs have too many values: split the circuit.")
        if name == ANGLES and len(rest) != 1:
            raise header.error(f"its output {shown(name)} is not one row for each randomization.")
        found[name] = wanted
    return found


def _expressions(header: Fields) -> Template:
    """The table of parameter expressions, which travels as a circuit: the angles of its `rz`."""
    table = header.inside("param_table")
    try:
        (template,) = read_qpy(of_text(table.text("circuit_base64")))
    except QpyError as error:
        raise table.error(error.message) from None
    except ValueError:
        raise table.error("it holds more or less than one circuit.") from None
    if not (template.structure.kinds == Kind.RZ).all():
        raise table.error("its circuit has something else than `rz`.")
    return template


def _copied(header: Fields) -> tuple[tuple[int, int], ...]:
    text = header.text("passthrough_params")
    if text == "None":
        return ()
    places, numbers = parse(text, tuple[list[int], list[int]], "its copied angles", header.where)
    if len(places) != len(numbers):
        raise header.error("it copies another number of angles than it has places for.")
    if any(not 0 <= number < 1 << 31 for number in (*places, *numbers)):
        raise header.error("it copies angles of numbers that cannot be.")
    return tuple(zip(places, numbers, strict=True))
