"""Samplexes that are wrong: what is said, and where."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.routines.executor.recorded import case, given, text_of

from ketway.routines.executor.errors import ExecutorError
from ketway.routines.executor.limits import DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.samplex import LindbladMap, read_samplex

Graph = dict[str, Any]


def packed(values: list[int], shape: list[int], kind: str = "u32") -> str:
    data = np.array(values, {"u32": "<u8", "u8": "<u2", "i64": "<i8", "c128": "<c16"}[kind])
    text = base64.b64encode(data.tobytes()).decode()
    return json.dumps({"data": text, "shape": shape, "dtype": kind})


def found(graph: Graph, kind: str) -> dict[str, Any]:
    """The first node of a type, or of one with a distribution, as in `N10:D4`."""
    kind, _, drawn = kind.partition(":")
    return next(
        n
        for n in graph["nodes"]
        if n["data"]["id"] == kind
        and (not drawn or json.loads(n["data"]["distribution"])["id"] == drawn)
    )


def node(graph: Graph, kind: str) -> dict[str, Any]:
    """Its fields."""
    fields: dict[str, Any] = found(graph, kind)["data"]
    return fields


def place(graph: Graph, kind: str) -> str:
    return f"node {found(graph, kind)['id']}"


def setting(kind: str, **fields: Any) -> Callable[[Graph], str]:
    def damage(graph: Graph) -> str:
        where = place(graph, kind)
        node(graph, kind).update(fields)
        return where

    return damage


def inside(kind: str, name: str, **fields: Any) -> Callable[[Graph], str]:
    """A field of the object in a field."""

    def damage(graph: Graph) -> str:
        data = node(graph, kind)
        data[name] = json.dumps(json.loads(data[name]) | fields)
        return place(graph, kind)

    return damage


def without(kind: str, name: str) -> Callable[[Graph], str]:
    def damage(graph: Graph) -> str:
        del node(graph, kind)[name]
        return place(graph, kind)

    return damage


def header(**fields: Any) -> Callable[[Graph], str]:
    def damage(graph: Graph) -> str:
        graph["attrs"] |= fields
        return "header"

    return damage


def specified(which: str, name: str, **fields: Any) -> Callable[[Graph], str]:
    def damage(graph: Graph) -> str:
        all_ = json.loads(graph["attrs"][which])
        all_[name] = json.dumps(json.loads(all_[name]) | fields)
        graph["attrs"][which] = json.dumps(all_)
        return ""

    return damage


def circle(graph: Graph) -> str:
    inner = [n["id"] for n in graph["nodes"] if n["data"]["id"] in ("N3", "N7", "N8")]
    graph["links"] += [
        {"id": 900, "source": a, "target": b, "data": None}
        for a, b in zip(inner, inner[1:] + inner[:1], strict=True)
    ]
    return ""


def nowhere(graph: Graph) -> str:
    graph["links"][0]["target"] = 10**6
    return ""


def twice(graph: Graph) -> str:
    graph["nodes"].append(graph["nodes"][0])
    return f"node {graph['nodes'][0]['id']}"


def unwritten(graph: Graph) -> str:
    """A collection less."""
    last = [n for n in graph["nodes"] if n["data"]["id"] == "N1"][-1]
    graph["nodes"].remove(last)
    graph["links"] = [x for x in graph["links"] if last["id"] not in (x["source"], x["target"])]
    return ""


def tableless(graph: Graph) -> str:
    graph["attrs"]["lookup_tables"] = "{}"
    return place(graph, "N8")


def retyped(graph: Graph) -> str:
    """The next step is the one that cannot read it."""
    node(graph, "N3")["output_type"] = "z2"
    return "node 8"


def same_names(graph: Graph) -> str:
    data = node(graph, "N10")
    data["rhs_register_name"] = data["lhs_register_name"]
    return place(graph, "N10")


HUGE = 10**9
DAMAGES: list[tuple[str, Callable[[Graph], str], str]] = [
    ("pauli_boxes", header(ssv="5"), r"version \(SSV\) 5, and 1 to 4 are read: use an older"),
    ("pauli_boxes", header(ssv="0"), r"version \(SSV\) 0, and 1 to 4"),
    ("pauli_boxes", header(ssv="new"), "its `ssv` is no whole number"),
    ("pauli_boxes", header(lookup_tables="[]"), "its tables is not as a samplex has it"),
    ("pauli_boxes", tableless, "the samplex brings no table for `ecr`"),
    ("pauli_boxes", header(passthrough_params="[[0],[]]"), "another number of angles"),
    ("pauli_boxes", header(passthrough_params="[[-1],[0]]"), "angles of numbers that cannot be"),
    ("pauli_boxes", header(passthrough_params="[[99],[0]]"), "parameters of the template that are"),
    ("pauli_boxes", header(passthrough_params="[[0],[99]]"), "parameter expressions that are not"),
    ("pauli_boxes", header(param_table='{"circuit_base64": "!"}'), "base64"),
    ("pauli_boxes", header(param_table='{"circuit_base64": "AAAA"}'), "QPY"),
    ("pauli_boxes", circle, "depend on each other in a circle"),
    ("pauli_boxes", nowhere, "ends at a node that is not there"),
    ("pauli_boxes", twice, "two nodes have this number"),
    ("pauli_boxes", unwritten, "nothing sets 9 of the 27 parameters of its template"),
    ("pauli_boxes", same_names, "which is there already"),
    ("pauli_boxes", setting("N10", id="N16"), "it is of the unknown type `N16`"),
    ("pauli_boxes", setting("N10", id="os.system"), "it is of the unknown type `os.system`"),
    ("pauli_boxes", setting("N10", id=3), "its `id` is no text"),
    ("pauli_boxes", setting("N10", distribution="[" * 10**6), "its `distribution` is "),
    ("pauli_boxes", without("N10", "distribution"), "it has no `distribution`"),
    ("pauli_boxes", inside("N10", "distribution", id="D6"), "the unknown distribution `D6`"),
    ("pauli_boxes", inside("N10", "distribution", num_subsystems=HUGE), "1,000,000,000 subsystems"),
    ("pauli_boxes", inside("N10", "distribution", num_subsystems=-1), "a register of -1 subsystem"),
    ("pauli_boxes", inside("N10", "distribution", num_subsystems=0), "a register of 0 subsystems"),
    ("pauli_boxes", inside("N10", "distribution", num_subsystems="9" * 400), "no whole number"),
    ("pauli_boxes", setting("N3", operands="{}"), "it combines no registers"),
    ("pauli_boxes", setting("N3", output_type="su3"), "a register of the unknown type `su3`"),
    ("pauli_boxes", setting("N3", num_output_subsystems=1), "subsystems of its own that are not"),
    (
        "pauli_boxes",
        retyped,
        "as u2, which is z2",
    ),
    ("pauli_boxes", setting("N7", register_name="who"), "`who`, which no step before it makes"),
    ("pauli_boxes", inside("N7", "operand", id="V9"), "a register of the unknown type `V9`"),
    (
        "pauli_boxes",
        inside("N7", "operand", array=packed([1, 1, 1, 1], [1, 1, 2, 2], "c128")),
        "not unitary",
    ),
    (
        "pauli_boxes",
        inside("N7", "operand", array=packed([10**200, 0, 0, 1], [1, 1, 2, 2], "c128")),
        "not unitary",
    ),
    (
        "pauli_boxes",
        inside("N7", "operand", array=packed([1, 1], [1, 2], "u32")),
        "gates have shape",
    ),
    ("pauli_boxes", setting("N8", op_name="swap"), "no table for `swap`"),
    (
        "pauli_boxes",
        setting("N8", subsystem_idxs=packed([0, 0], [1, 2])),
        "two gates on one subsys",
    ),
    ("pauli_boxes", setting("N8", subsystem_idxs=packed([0, 99], [1, 2])), "names subsystems of"),
    (
        "pauli_boxes",
        setting("N8", subsystem_idxs=packed([0], [1, 1])),
        "another shape than its gat",
    ),
    ("pauli_boxes", setting("N8", subsystem_idxs=packed([0], [1])), "whole numbers with 2 axes"),
    ("pauli_boxes", setting("N8", subsystem_idxs=packed([], [0, 2])), "whole numbers with 2 axes"),
    ("pauli_boxes", setting("N8", subsystem_idxs=packed([], [1 << 60, 0])), "a shape that cannot"),
    ("pauli_boxes", setting("N8", subsystem_idxs=packed([0], [9, 9])), "other data than its shape"),
    (
        "pauli_boxes",
        setting("N9", is_slice="false", slice_idxs=packed([99], [1])),
        "names subsystems of",
    ),
    ("pauli_boxes", setting("N9", is_slice="true", slice_idxs="[0,99,1]"), "names subsystems of"),
    ("pauli_boxes", setting("N9", is_slice="true", slice_idxs="[0,5,0]"), "a slice that cannot be"),
    ("pauli_boxes", setting("N9", is_slice="true", slice_idxs="[5,0,1]"), "takes nothing"),
    ("pauli_boxes", setting("N9", is_slice="true", slice_idxs="[0,1000000000,1]"), "or too much"),
    ("pauli_boxes", setting("N1", template_idxs=packed([0, 1, 99], [1, 3])), "places of output"),
    (
        "pauli_boxes",
        setting("N1", template_idxs=packed([0, 1, 1], [1, 3])),
        "angles of|to one plac",
    ),
    ("pauli_boxes", setting("N1", synth="eval"), "the unknown template `eval`"),
    ("pauli_boxes", setting("N1", template_param_names="x"), "output `x`, which does not exist"),
    ("pauli_boxes", setting("N2", output_indices=packed([0, 1, 9], [3])), "places of output"),
    ("pauli_boxes", setting("N2", register_name="who"), "`who`, which no step before it makes"),
    (
        "pauli_boxes",
        specified("output_specification", "parameter_values", shape=["num_randomizations", HUGE]),
        "too many values",
    ),
    (
        "pauli_boxes",
        specified(
            "output_specification",
            "measurement_flips.meas",
            shape=["num_randomizations", *[1] * 70, 3],
        ),
        "does not have the shape",
    ),
    ("pauli_boxes", specified("output_specification", "parameter_values", id="S7"), "type `S7`"),
    (
        "pauli_boxes",
        specified("output_specification", "parameter_values", dtype="object"),
        "no known type",
    ),
    ("parameters", setting("N12", operand="ry"), "rotates by the unknown gate `ry`"),
    ("parameters", setting("N12", param_indices="[-1]"), "numbers cannot be"),
    ("parameters", setting("N12", param_indices="[99]"), "rotates|parameter expressions"),
    (
        "parameters",
        specified("input_specification", "parameter_values", shape=[9]),
        "is not of that size",
    ),
    ("bases", setting("N0", basis_ref="other"), "does not have its size"),
    ("bases", inside("N0", "basis_change", alphabet=[-1, 0, 1, 2]), "no list of numbers"),
    ("bases", inside("N0", "basis_change", alphabet=[0, 1]), "more or fewer gates than symbols"),
    (
        "bases",
        specified("input_specification", "basis_changes.in", dtype="bool"),
        "not of whole numbers",
    ),
    ("noise", setting("N5", noise_ref="other"), "the noise map that it injects"),
    ("noise", setting("N5", num_subsystems=7), "the noise map that it injects"),
    (
        "noise_scaled",
        specified("input_specification", "local_scales.m", shape=["else"]),
        "`local_scales`, which scales its noise, is not a number for each term",
    ),
    (
        "noise_scaled",
        specified("input_specification", "noise_scales.m", shape=[3]),
        "`noise_scales`, which scales its noise, is not one number",
    ),
    ("local_cliffords", inside("N10:D4", "distribution", gate_name="swap"), "no table for `swap`"),
    (
        "local_cliffords",
        inside("N10:D4", "distribution", num_subsystems=3),
        "no whole number of gat",
    ),
    ("phases", inside("N10:D5", "distribution", paulis="{}"), "not as a samplex has it"),
    (
        "phases",
        inside("N10:D5", "distribution", paulis=packed([], [0, 2])),
        "its Paulis are no table",
    ),
    ("drawn_by_hand", setting("N4", num_subsystems="2"), "it converts 2 subsystems"),
    ("drawn_by_hand", setting("N4", new_type="pauli"), "it makes pauli of `.*`, which is c1"),
    ("drawn_by_hand", setting("N4", existing_name="who"), "`who`, which no step before it makes"),
]


@pytest.mark.parametrize(
    ("name", "damage", "said"), DAMAGES, ids=[f"{n}-{s[:40]}" for n, _, s in DAMAGES]
)
def test_what_is_wrong_is_said(name: str, damage: Callable[[Graph], str], said: str) -> None:
    graph = json.loads(text_of(name))
    place = damage(graph)
    with pytest.raises(ExecutorError, match=said) as caught:
        read_samplex(json.dumps(graph), "items[3].samplex")
    assert caught.value.where.startswith("items[3].samplex")
    assert place in caught.value.where
    assert len(str(caught.value.failure.message)) < 2_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not as a samplex has it"),
        ("[]", "is not as a samplex has it"),
        ("{}", "missing required field"),
        ('{"attrs": {}, "nodes": [], "links": []}', "header: it has no `output_specification`"),
        ('{"attrs": ' * 50_000, "samplex"),
        ('{"attrs": {}, "nodes": [], "links": [], "x": ' + "[" * 100_000, "nested too deeply"),
        ("\ud800", "is not as a samplex has it"),
    ],
)
def test_text_that_is_no_samplex(text: str, said: str) -> None:
    with pytest.raises(ExecutorError, match=said):
        read_samplex(text)


def test_sizes_are_bounded() -> None:
    graph = json.loads(text_of("alone"))
    graph["nodes"] = [{"id": k, "data": {}} for k in range(DEFAULT_SAMPLEX_LIMITS.nodes + 1)]
    with pytest.raises(ExecutorError, match="200,001 nodes, and at most 200,000 are read: split"):
        read_samplex(json.dumps(graph))
    with pytest.raises(ExecutorError, match="characters, and at most"):
        read_samplex(" " * (DEFAULT_SAMPLEX_LIMITS.text + 1))


def test_registers_are_bounded_together() -> None:
    graph = json.loads(text_of("alone"))
    drawn = json.loads(text_of("measured_between"))
    (one,) = [n for n in drawn["nodes"] if n["data"]["id"] == "N14"][:1]
    text = json.loads(one["data"]["distribution"]) | {"num_subsystems": 20_000}
    fields = one["data"] | {"distribution": json.dumps(text)}
    graph["nodes"] = [{"id": k, "data": fields | {"register_name": f"r{k}"}} for k in range(201)]
    with pytest.raises(ExecutorError, match="more than 4,000,000 subsystems: split") as caught:
        read_samplex(json.dumps(graph))
    assert caught.value.where == "node 200"


def test_too_many_randomizations() -> None:
    drawn = case("pauli_boxes")
    with pytest.raises(ExecutorError, match="ask for fewer randomizations"):
        drawn.samplex.sample(drawn.inputs, 1 << 40, 0)


BASES = np.array([[1, 2, 3]])
ARGUMENTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("pauli_boxes", {"x": np.zeros(1)}, "", "takes no argument `x`: it takes none"),
    ("bases", {"basis_changes.in": None}, "basis_changes.in", "needs a value"),
    ("bases", {"basis_changes.in": np.array([1, 2])}, "basis_changes.in", "should end with"),
    ("bases", {"basis_changes.in": BASES + 0.5}, "basis_changes.in", "should be whole"),
    ("bases", {"basis_changes.in": BASES + 1j}, "basis_changes.in", "should be real"),
    ("bases", {"basis_changes.in": np.zeros((2, 3), int)}, "", "do not broadcast to one shape"),
    ("parameters", {"parameter_values": np.full(4, np.inf)}, "parameter_values", "finite"),
    ("parameters", {"parameter_values": LindbladMap(1, (), np.zeros(0))}, "", "not a Pauli-Lin"),
    ("noise", {"pauli_lindblad_maps.n": np.zeros(2)}, "maps.n", "should be a Pauli-Lindblad map"),
    ("noise", {"pauli_lindblad_maps.n": LindbladMap(5, (), np.zeros(0))}, "", "on 5 qubits"),
    ("noise_scaled", {"local_scales.m": np.ones(3)}, "local_scales.m", "is 3 here, and 4 before"),
]


@pytest.mark.parametrize(("name", "changed", "where", "said"), ARGUMENTS)
def test_arguments_that_do_not_fit(
    name: str, changed: dict[str, Any], where: str, said: str
) -> None:
    values = {k: v for k, v in (given(name) | changed).items() if v is not None}
    with pytest.raises(ExecutorError, match=said) as caught:
        case(name).samplex.bind(values, "items[0].samplex_arguments")
    assert caught.value.where.startswith("items[0].samplex_arguments")
    assert where in caught.value.where


@pytest.mark.parametrize("value", [4, 255, -1, 10**12])
def test_a_basis_that_is_none(value: int) -> None:
    samplex = case("bases").samplex
    inputs = samplex.bind(given("bases") | {"basis_changes.in": np.array([[0, 1, value]] * 3)})
    with pytest.raises(ExecutorError, match=f"the value {value}, and takes 0 to 3"):
        samplex.sample(inputs, 2, 0)
