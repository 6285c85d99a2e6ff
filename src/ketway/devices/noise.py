"""What noise is: figures, with where they come from. Engines apply it; they hold no numbers."""

from __future__ import annotations

import msgspec


class NoiseModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """Depolarising noise after each gate, as IonQ's documentation defines its simulator's.

    After a one-qubit gate: rho -> (1 - r1) rho + r1 I/2: X, Y or Z with probability r1/4 each.
    After a two-qubit gate: rho -> (1 - r2) rho + r2 I/4: 15 Pauli pairs of probability r2/16 each.
    A gate on more qubits counts as the two-qubit gates it compiles to (see `engines/noise.py`).
    """

    name: str
    one_qubit: float
    two_qubit: float
    readout: float = 0.0
    """Probability that a measured bit is read wrong."""
    source: str = ""

    @property
    def ideal(self) -> bool:
        return self.one_qubit == 0 and self.two_qubit == 0 and self.readout == 0

    @property
    def rates(self) -> dict[str, float]:
        rates = {"1q": self.one_qubit, "2q": self.two_qubit}
        if self.readout:
            rates["readout"] = self.readout
        return rates
