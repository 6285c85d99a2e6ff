from __future__ import annotations

import numpy as np
import pytest
from tests import channels, reference
from tests.chance import fits
from tests.routines.making import PAULI, RECORDED, RELAXING, runner

from ketway.circuits.circuit import Batch, Builder, Circuit, Register
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.jobs.failures import FailedError
from ketway.routines.options import Execution, SamplerOptions, Twirling
from ketway.routines.pubs import SamplerPub
from ketway.routines.reading import evenly_read
from ketway.routines.sampling import bits_of, packed_bits, plan_sample, sample, span_of

ALL_TWIRLED = SamplerOptions(twirling=Twirling(enable_gates=True, enable_measure=True))


def circuit(middle: bool = False) -> tuple[Batch, tuple[Register, ...]]:
    """Three qubits into two registers, crosswise; with a measurement in the middle if wanted."""
    builder = Builder(3, 5)
    for q in range(3):
        builder.add(Kind.RY, [q], [0.0])
    builder.add(Kind.X, [1], [], [0])
    if middle:
        builder.add(Kind.MEASURE, [1, 4])
        builder.add(Kind.RY, [1], [0.7])
    builder.add(Kind.Z, [2], [], [1])
    builder.add(Kind.RX, [2], [0.4])
    for q, bit in ((0, 3), (1, 0), (2, 2)):
        builder.add(Kind.MEASURE, [q, bit])
    made = builder.circuit()
    params = np.tile(made.params, (6, 1))
    params[:, :3] = np.random.default_rng(3).uniform(0, 3, (6, 3))
    return Batch(made.structure, params), (Register("a", (0, 1, 2)), Register("b", (3, 4)))


def counts_of(found: dict[str, np.ndarray], point: tuple[int, ...]) -> dict[int, int]:
    """Outcomes of one point, as integers over all bits."""
    values = found["a"][point][:, 0].astype(int) | found["b"][point][:, 0].astype(int) << 3
    numbers, counts = np.unique(values, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize("noise", [None, PAULI, RELAXING], ids=["ideal", "pauli", "relaxing"])
@pytest.mark.parametrize("middle", [False, True])
@pytest.mark.parametrize("options", [SamplerOptions(), ALL_TWIRLED], ids=["plain", "twirled"])
def test_outcomes_come_as_often_as_they_should(
    noise: NoiseModel | None, middle: bool, options: SamplerOptions
) -> None:
    batch, registers = circuit(middle)
    pub = SamplerPub(batch, registers, (2, 3), 20_000)
    found = sample(pub, options, runner(noise), 5)
    assert found["a"].shape == (2, 3, 20_000, 1)
    if noise is not None and options is ALL_TWIRLED:
        return  # held to the twirled channel below
    for row, point in enumerate(np.ndindex(2, 3)):
        one = Circuit(batch.structure, batch.params[row])
        truth = reference.distribution(one) if noise is None else channels.distribution(one, noise)
        assert fits(counts_of(found, point), truth)


@pytest.mark.parametrize("middle", [False, True])
def test_twirled_readings_are_wrong_as_often_for_0_as_for_1(middle: bool) -> None:
    batch, registers = circuit(middle)
    one = Batch(batch.structure, batch.params[:1])
    pub = SamplerPub(one, registers, (), 32_768)
    own = Twirling(enable_measure=True, num_randomizations=4096)
    found = sample(pub, SamplerOptions(twirling=own), runner(PAULI), 5)
    even = evenly_read(PAULI)
    assert even is not None
    truth = channels.distribution(Circuit(one.structure, one.params[0]), even)
    assert fits(counts_of(found, ()), truth)


def test_twirled_gates_have_pauli_noise_alone() -> None:
    batch, registers = circuit(middle=True)
    one = Batch(batch.structure, batch.params[:1])
    t1, t2, duration = 2e-6, 1.5e-6, 4e-7
    noise = NoiseModel(
        "n", gates=(GateNoise(("2q",), duration=duration),), qubits=(QubitNoise(t1=t1, t2=t2),)
    )
    kept, coherent = np.exp(-duration / t1), np.exp(-duration / t2)
    odds = np.array([1 + kept + 2 * coherent, 1 - kept, 1 - kept, 1 + kept - 2 * coherent]) / 4
    pauli = {a + b: odds[j] * odds[k] for j, a in enumerate("IXYZ") for k, b in enumerate("IXYZ")}
    del pauli["II"]
    twirled = NoiseModel("twirled", gates=(GateNoise(("2q",), pauli=pauli),))
    own = Twirling(enable_gates=True, num_randomizations=8192)  # one shot of each
    pub = SamplerPub(one, registers, (), 8192)
    counts = counts_of(sample(pub, SamplerOptions(twirling=own), runner(noise), 5), ())
    made = Circuit(one.structure, one.params[0])
    assert fits(counts, channels.distribution(made, twirled))
    assert not fits(counts, channels.distribution(made, noise))


def test_registers_are_packed_as_bit_arrays() -> None:
    for case in RECORDED["arrays"]:
        bits = np.array(case["bits"], dtype=np.uint8)
        rows = np.packbits(bits, axis=1, bitorder="little")
        width = bits.shape[1]
        assert packed_bits(rows, tuple(range(width))).tolist() == case["array"]
        # The same register among others, and scattered.
        shifted = np.concatenate((np.ones((4, 3), np.uint8), bits), axis=1)
        wide = np.packbits(shifted, axis=1, bitorder="little")
        assert packed_bits(wide, tuple(range(3, 3 + width))).tolist() == case["array"]
        order = np.random.default_rng(width).permutation(width)
        scattered = np.empty_like(bits)
        scattered[:, order] = bits
        rows = np.packbits(scattered, axis=1, bitorder="little")
        assert packed_bits(rows, tuple(order.tolist())).tolist() == case["array"]
        assert (bits_of(rows, tuple(order.tolist())) == bits).all()


def test_more_than_64_bits_and_a_wide_machine() -> None:
    builder = Builder(100, 70)
    for bit in range(70):
        if bit % 3 == 0:
            builder.add(Kind.X, [bit + 20])
        builder.add(Kind.MEASURE, [bit + 20, bit])
    pub = SamplerPub(
        Batch(builder.circuit().structure, np.zeros((1, 0))),
        (Register("m", tuple(range(70))),),
        (),
        9,
    )
    found = sample(pub, SamplerOptions(), runner(), 0)["m"]
    assert found.shape == (9, 9)
    number = sum(1 << bit for bit in range(0, 70, 3))
    assert all(int.from_bytes(shot.tobytes(), "big") == number for shot in found)


def test_kerneled_points_lie_on_the_side_of_their_bit() -> None:
    batch, registers = circuit()
    pub = SamplerPub(batch, registers, (6,), 500)
    plain = sample(pub, SamplerOptions(), runner(PAULI), 2)
    kerneled = sample(
        pub, SamplerOptions(execution=Execution(meas_type="kerneled")), runner(PAULI), 2
    )
    assert kerneled["a"].shape == (6, 500, 3)
    bits = np.unpackbits(plain["a"], axis=2, bitorder="little")[..., :3]
    assert ((kerneled["a"].real > 0) == bits).all()
    blur = kerneled["a"] - (2.0 * bits - 1)
    assert np.std(blur.real) == pytest.approx(0.25, rel=0.03)
    assert np.std(blur.imag) == pytest.approx(0.25, rel=0.03)
    mean = sample(
        pub, SamplerOptions(execution=Execution(meas_type="avg_kerneled")), runner(PAULI), 2
    )
    assert mean["a"] == pytest.approx(kerneled["a"].mean(axis=1))


def test_spans_say_where_shots_stand() -> None:
    batch, registers = circuit()
    pub = SamplerPub(batch, registers, (2, 3), 100)
    assert span_of(pub, SamplerOptions()).slices == ((2, 3, 100), 0, 6, 0, 100)
    twirled = span_of(pub, ALL_TWIRLED)
    assert twirled.twirled
    assert twirled.slices == ((2, 3, 2, 64), False, 0, 12, 0, 64, 100)
    assert sample(pub, ALL_TWIRLED, runner(PAULI), 0)["a"].shape == (2, 3, 100, 1)


def test_kerneled_twirls_are_refused() -> None:
    batch, registers = circuit()
    options = SamplerOptions(
        execution=Execution(meas_type="kerneled"), twirling=Twirling(enable_measure=True)
    )
    with pytest.raises(FailedError, match="meas_type to 'classified'"):
        sample(SamplerPub(batch, registers, (6,), 10), options, runner(), 0)


@pytest.mark.parametrize("options", [SamplerOptions(), ALL_TWIRLED], ids=["plain", "twirled"])
def test_a_seed_gives_the_same_bytes_and_a_plan_is_made(options: SamplerOptions) -> None:
    batch, registers = circuit(middle=True)
    pub = SamplerPub(batch, registers, (6,), 300)
    one, two = (sample(pub, options, runner(RELAXING, threads=t), 9)["a"] for t in (1, 2))
    assert one.tobytes() == two.tobytes()
    assert (sample(pub, options, runner(RELAXING), 10)["a"] != one).any()
    (planned,) = plan_sample(pub, options, runner(RELAXING))
    assert planned.bytes > 0
    assert planned.seconds > 0
