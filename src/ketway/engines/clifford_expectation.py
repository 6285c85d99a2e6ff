"""Expectation values on Clifford circuits: exact, on thousands of qubits, also with Pauli noise.

A Clifford circuit U turns a Pauli product P into another one, U* P U. On |0...0> that is worth its
sign if it has no X part, and nothing otherwise. Stim carries the products back at once, through the
inverse tableau of the whole circuit.

Depolarising noise is as simple seen from behind: (1 - r) rho + r I/2 multiplies every product that
holds a letter on the site's qubits by 1 - r and leaves the others. So each product is carried back
step by step once more, without signs, as the frames of `frames.py` are carried forward, and the
sites that it meets are counted. A reading that is wrong with probability e costs each letter of the
product a factor 1 - 2e; turning X and Y into what can be read costs nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import stim  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.devices.noise import NoiseModel
from ketway.engines import clifford_program as code
from ketway.engines.clifford_program import Program, lower
from ketway.engines.noise import noise_sites
from ketway.engines.observables import Masks, Observables

Words: TypeAlias = NDArray[np.uint64]

_TOGETHER: Final = 4096
"""Products carried back together."""

_SITES: Final = 512
"""Masks of sites gathered before they are counted."""


@dataclass(frozen=True)
class Carried:
    """Products at the beginning of the circuit."""

    x: Masks
    """Their X parts, packed."""
    signs: NDArray[np.int8]
    ys: NDArray[np.int64]
    """How many letters are Y."""

    @property
    def spread(self) -> NDArray[np.bool_]:
        """Which hold X or Y somewhere, so that |0...0> does not settle them."""
        return np.asarray(self.x.any(axis=1), dtype=np.bool_)

    @property
    def values(self) -> Floats:
        """Expectation values on |0...0>: -1, 0 or 1."""
        return np.asarray(np.where(self.spread, 0.0, self.signs), dtype=np.float64)


def carried(program: Program, observables: Observables) -> Carried:
    """The products carried back through the circuit, which must not measure."""
    circuit = stim.Circuit(program.text)
    circuit.pop()  # the readings of all qubits, which stand together at the end
    simulator = stim.TableauSimulator()
    simulator.set_num_qubits(program.qubits)
    simulator.do(circuit)
    inverse = simulator.current_inverse_tableau()
    x = np.empty_like(observables.x)
    signs = np.empty(observables.products, dtype=np.int8)
    ys = np.empty(observables.products, dtype=np.int64)
    for i, (xs, zs) in enumerate(zip(observables.x, observables.z, strict=True)):
        product = stim.PauliString.from_numpy(xs=xs, zs=zs, num_qubits=program.qubits)
        found = inverse(product)
        x[i], back = found.to_numpy(bit_packed=True)
        signs[i] = int(found.sign.real)
        ys[i] = int(np.bitwise_count(x[i] & back).sum())
    return Carried(x, signs, ys)


def values_of(
    structure: Structure, params: Floats, observables: Observables, noise: NoiseModel | None
) -> Floats:
    """The observables' values on one circuit."""
    program = lower(structure, params, None if noise is None else noise_sites(structure, noise))
    values = carried(program, observables).values
    if noise is not None:
        values = values * damping(program, observables, noise)
    return np.asarray(observables.combined(values[None, :])[0], dtype=np.float64)


def variances_of(structure: Structure, params: Floats, observables: Observables) -> Floats:
    """The observables' variances on one circuit without noise.

    O|0...0>, carried back, has the amplitude sum c sign i**ys at each X part; the part without X is
    the expectation value, and the squares of all others are the variance.
    """
    found = carried(lower(structure, params, None), observables)
    phases = np.array([1, 1j, -1, -1j])[found.ys % 4] * found.signs
    places = np.unique(found.x, axis=0, return_inverse=True)[1].reshape(-1)
    spread = found.spread
    out = np.zeros(len(observables))
    for i in range(len(observables)):
        members = slice(int(observables.starts[i]), int(observables.starts[i + 1]))
        terms = observables.members[members]
        terms, weights = terms[spread[terms]], observables.coefficients[members][spread[terms]]
        if not len(terms):
            continue
        slots = np.unique(places[terms], return_inverse=True)[1].reshape(-1)
        amplitudes = np.zeros(int(slots.max()) + 1, dtype=np.complex128)
        np.add.at(amplitudes, slots, weights * phases[terms])
        out[i] = float((amplitudes.real**2 + amplitudes.imag**2).sum())
    return out


def damping(program: Program, observables: Observables, noise: NoiseModel) -> Floats:
    """What simple noise leaves of each product, between 0 and 1."""
    out = np.empty(observables.products)
    for start in range(0, observables.products, _TOGETHER):
        some = slice(start, start + _TOGETHER)
        x, z = (_by_qubit(m[some], program.qubits) for m in (observables.x, observables.z))
        ones, twos = _met(program, list(x), list(z), len(out[some]))
        letters = np.bitwise_count(observables.x[some] | observables.z[some]).sum(axis=1)
        out[some] = (1 - noise.one_qubit) ** ones * (1 - noise.two_qubit) ** twos
        out[some] *= (1 - 2 * noise.readout) ** letters.astype(np.float64)
    return out


def _by_qubit(masks: Masks, qubits: int) -> Words:
    """From one row of qubits per product to one row of products per qubit, in words."""
    bits = np.unpackbits(masks, axis=1, count=qubits, bitorder="little").T
    packed = np.packbits(bits, axis=1, bitorder="little")
    out = np.zeros((qubits, (len(masks) + 63) // 64 * 8), dtype=np.uint8)
    out[:, : packed.shape[1]] = packed
    return out.view(np.uint64)


class _Counter:
    """How many sites each product meets."""

    def __init__(self, products: int) -> None:
        self._counts = np.zeros(products, dtype=np.int64)
        self._masks: list[Words] = []

    def add(self, mask: Words) -> None:
        self._masks.append(mask)
        if len(self._masks) == _SITES:
            self.total()

    def total(self) -> NDArray[np.int64]:
        if self._masks:
            octets = np.stack(self._masks).view(np.uint8)
            bits = np.unpackbits(octets, axis=1, count=len(self._counts), bitorder="little")
            self._counts += bits.sum(axis=0, dtype=np.int64)
            self._masks.clear()
        return self._counts


def _met(
    program: Program, x: list[Words], z: list[Words], products: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Carry products back without their signs: how many sites of one and of two qubits they meet.

    Every step, signs aside, is its own inverse.
    """
    ones, twos = _Counter(products), _Counter(products)
    xor = np.bitwise_xor
    for step, a, b in reversed(program.steps):
        if step == code.CX:
            xor(x[b], x[a], x[b])
            xor(z[a], z[b], z[a])
        elif step == code.SWAP_XZ:
            x[a], z[a] = z[a], x[a]
        elif step == code.Z_FROM_X:
            xor(z[a], x[a], z[a])
        elif step == code.X_FROM_Z:
            xor(x[a], z[a], x[a])
        elif step == code.CZ:
            xor(z[b], x[a], z[b])
            xor(z[a], x[b], z[a])
        elif step == code.SWAP:
            x[a], x[b], z[a], z[b] = x[b], x[a], z[b], z[a]
        elif step == code.ROOT:
            _root(program.products[a], x, z)
        elif step == code.NOISE_1:
            ones.add(x[a] | z[a])
        elif step == code.NOISE_2:
            twos.add(x[a] | z[a] | x[b] | z[b])
    return ones.total(), twos.total()


def _root(product: code.Product, x: list[Words], z: list[Words]) -> None:
    """What anticommutes with the product is multiplied by it."""
    clash = np.zeros_like(x[0])
    for qubit in product.x:
        clash ^= z[qubit]
    for qubit in product.z:
        clash ^= x[qubit]
    for qubit in product.x:
        x[qubit] ^= clash
    for qubit in product.z:
        z[qubit] ^= clash
