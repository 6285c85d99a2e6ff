from __future__ import annotations

from hypothesis import given, settings
from tests import reference
from tests.engines.prepass.circuits import circuits, same, same_answer, with_params

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.engines.prepass.cone import light_cone
from ketway.engines.prepass.sheet import Sheet


def seen(b: Builder, noisy: bool = False) -> list[str]:
    """Names of the kinds that stay; the answer must stay too."""
    circuit = b.circuit()
    reduced = light_cone(Sheet.of(circuit.structure), noisy).packed()
    same_answer(with_params(reduced, circuit), circuit)
    return [Kind(int(kind)).name.lower() for kind in reduced.structure.kinds]


@settings(max_examples=80, deadline=None)
@given(circuits())
def test_what_goes_cannot_be_seen(circuit: Circuit) -> None:
    same_answer(with_params(light_cone(Sheet.of(circuit.structure)).packed(), circuit), circuit)


@settings(max_examples=20, deadline=None)
@given(circuits(qubits=3, gates=8))
def test_what_goes_under_noise_cannot_be_seen_nor_can_its_noise(circuit: Circuit) -> None:
    reduced = with_params(light_cone(Sheet.of(circuit.structure), noisy=True).packed(), circuit)
    rates = (0.2, 0.3, 0.1)
    same(
        reference.noisy_distribution(reduced, *rates),
        reference.noisy_distribution(circuit, *rates),
    )


def test_gates_on_qubits_that_nobody_measures_go() -> None:
    b = Builder(3, bits=1)
    b.add(Kind.H, [0])
    b.add(Kind.H, [1])
    b.add(Kind.X, [2], controls=[1])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.X, [1], controls=[0])
    assert seen(b) == ["h", "measure"]
    # With noise, the errors after a gate on a measured qubit come too late to be seen.
    assert seen(b, noisy=True) == ["h", "measure"]


def test_phases_before_the_end_go_but_not_with_noise() -> None:
    b = Builder(2)
    b.add(Kind.H, [0])
    b.add(Kind.T, [0])
    b.add(Kind.X, [1], controls=[0])
    b.add(Kind.RZZ, [0, 1], [0.3])
    b.add(Kind.PHASE, [1], [0.3], controls=[0])
    assert seen(b) == ["h", "x"]
    assert seen(b, noisy=True) == ["h", "t", "x", "rzz", "phase"]


def test_a_phase_that_is_turned_into_a_value_stays() -> None:
    b = Builder(1)
    for kind in (Kind.H, Kind.T, Kind.H, Kind.T):
        b.add(kind, [0])
    assert seen(b) == ["h", "t", "h"]


def test_a_qubit_that_is_measured_and_used_again_is_seen_twice() -> None:
    b = Builder(2, bits=2)
    b.add(Kind.H, [0])
    b.add(Kind.S, [0])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.SX, [0])
    b.add(Kind.X, [1], controls=[0])
    b.add(Kind.MEASURE, [1, 1])
    assert seen(b) == ["h", "measure", "sx", "x", "measure"]


def test_a_measurement_that_is_overwritten_still_forgets_phases() -> None:
    b = Builder(1, bits=1)
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    assert seen(b) == ["h", "measure", "h", "measure"]
    b.add(Kind.MEASURE, [0, 0])
    assert seen(b) == ["h", "measure", "h", "measure"]


def test_what_a_reset_forgets_goes() -> None:
    b = Builder(2)
    b.add(Kind.H, [0])
    b.add(Kind.RESET, [0])
    b.add(Kind.RY, [0], [0.4])
    b.add(Kind.X, [1], controls=[0])
    assert seen(b) == ["reset", "ry", "x"]


def test_no_ops_and_global_phases_go_even_with_noise() -> None:
    b = Builder(1)
    b.add(Kind.NOP, [0])
    b.add(Kind.GLOBAL_PHASE, [], [0.3])
    b.add(Kind.H, [0])
    assert seen(b, noisy=True) == ["h"]


def test_exponentials_of_z_alone_are_phases() -> None:
    b = Builder(3)
    for q in range(3):
        b.add(Kind.H, [q])
    b.add_pauliexp([0, 1], ["XI", "ZZ"], [0.3, 0.2])
    b.add_pauliexp([1, 2], ["ZI", "ZZ"], [0.3, 0.2])
    assert seen(b) == ["h", "h", "h", "pauliexp"]
