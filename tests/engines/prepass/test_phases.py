from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.prepass.circuits import circuits, same_answer, with_params

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.engines.prepass.phases import with_phases
from ketway.engines.prepass.sheet import Sheet


def kinds_after(b: Builder) -> list[int]:
    circuit = b.circuit()
    reduced = with_phases(Sheet.of(circuit.structure)).packed()
    same_answer(with_params(reduced, circuit), circuit)
    return [int(kind) for kind in reduced.structure.kinds]


@settings(max_examples=20, deadline=None)
@given(circuits())
def test_joining_changes_no_answer(circuit: Circuit) -> None:
    reduced = with_phases(Sheet.of(circuit.structure)).packed()
    same_answer(with_params(reduced, circuit), circuit)


STEPS = st.tuples(st.sampled_from(["cx", "rz", "phase", "h"]), st.permutations(range(3)))


@settings(max_examples=50, deadline=None)
@given(st.lists(STEPS, max_size=16))
def test_cnots_and_turns_in_any_order_mean_the_same(steps: list[tuple[str, list[int]]]) -> None:
    b = Builder(3)
    for q in range(3):
        b.add(Kind.RY, [q], [0.4 + q])
    for i, (name, (a, c, _)) in enumerate(steps):
        if name == "cx":
            b.add(Kind.X, [a], controls=[c])
        elif name == "h":
            b.add(Kind.H, [a])
        else:
            b.add(Kind.RZ if name == "rz" else Kind.PHASE, [a], [0.3 + 0.1 * i])
    for q in range(3):
        b.add(Kind.H, [q])
    kinds_after(b)


def chain(turns: int, between: bool = False) -> Builder:
    b = Builder(2)
    b.add(Kind.H, [0])
    b.add(Kind.H, [1])
    b.add(Kind.X, [1], controls=[0])
    for i in range(turns):
        b.add(Kind.RZ, [1], [0.4 + i])
        if between:
            b.add(Kind.H, [0])
        b.add(Kind.X, [1], controls=[0])
    b.add(Kind.H, [0])
    b.add(Kind.H, [1])
    return b


def test_a_turn_between_equal_cnots_is_one_diagonal_gate() -> None:
    assert kinds_after(chain(1)) == [Kind.H, Kind.H, Kind.RZZ, Kind.H, Kind.H]


def test_a_cnot_closes_one_phase_or_opens_the_next() -> None:
    assert kinds_after(chain(2)).count(Kind.RZZ) == 1
    assert kinds_after(chain(3)).count(Kind.RZZ) == 2


def test_what_stands_between_is_respected() -> None:
    assert Kind.RZZ not in kinds_after(chain(1, between=True))


def test_other_cnots_are_left_alone() -> None:
    b = Builder(3)
    for q in range(3):
        b.add(Kind.H, [q])
    b.add(Kind.X, [1], controls=[0])
    b.add(Kind.RZ, [1], [0.7])
    b.add(Kind.X, [1], controls=[2])
    b.add(Kind.X, [0], controls=[1])
    b.add(Kind.RZ, [1], [0.7])
    b.add(Kind.X, [0], controls=[1])
    for q in range(3):
        b.add(Kind.H, [q])
    assert Kind.RZZ not in kinds_after(b)


def test_one_phase_of_each_row_keeps_its_own_column() -> None:
    b = Builder(4)
    for q in range(4):
        b.add(Kind.RY, [q], [0.2 + q])
    for q in (0, 2):
        b.add(Kind.X, [q + 1], controls=[q])
        b.add(Kind.PHASE, [q + 1], [1.0 + q])
        b.add(Kind.X, [q + 1], controls=[q])
    reduced = with_phases(Sheet.of(b.circuit().structure)).packed()
    assert reduced.columns.tolist() == [0, 1, 2, 3, 4, 5]
    assert reduced.structure.gates == 6
