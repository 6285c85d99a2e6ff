"""Prices and durations, against the published formulas worked out by hand."""

from __future__ import annotations

import pytest

from ketway.devices.loading import load
from ketway.devices.price import Load, RateCard, busy_micros, quote

CATALOGUE = load()
CARDS = sorted(set(CATALOGUE.cards.values()), key=lambda card: card.id)
QPUS = [d for d in CATALOGUE.of("ionq") if d.kind == "qpu"]


@pytest.mark.parametrize("device", QPUS, ids=lambda device: device.name)
def test_every_qpu_has_a_price(device: object) -> None:
    name = device.name  # type: ignore[attr-defined]
    assert CATALOGUE.quote(name, Load(gates_1q=1, gates_2q=1, shots=1)).cost > 0


def test_the_price_list_of_aria() -> None:
    """AQT = 0.000220 N1 C + 0.000975 N2 C, at least 12.4166, or 97.50 with error mitigation."""
    one, two, shots = 10, 30, 1000
    assert one * shots * 0.000220 + two * shots * 0.000975 == pytest.approx(31.45)
    load_ = Load(gates_1q=one, gates_2q=two, shots=shots)
    assert CATALOGUE.quote("qpu.aria-1", load_).cost == 31.45
    small = Load(gates_1q=1, gates_2q=1, shots=100)
    assert CATALOGUE.quote("qpu.aria-1", small).cost == 12.4166
    mitigated = Load(gates_1q=1, gates_2q=1, shots=1000, mitigated=True)
    assert CATALOGUE.quote("qpu.aria-1", mitigated).cost == 97.5


def test_compute_time_costs_by_the_second() -> None:
    """20 + 150 microseconds for reset and reading, 130 and 970 for the gates, of every shot."""
    load_ = Load(circuits=2, gates_1q=3, gates_2q=5, shots=10_000)
    micros = 10_000 * (2 * (20 + 150) + 3 * 130 + 5 * 970)
    device = CATALOGUE.device("qpu.forte-enterprise-1")
    assert busy_micros(device, load_) == micros == 55_800_000
    card = CATALOGUE.cards[device.name]
    found = quote(device, card, load_)
    assert found.cost == round(card.per_second * 55.8, 4)
    assert (found.unit, found.micros) == ("usd", micros)


def test_simulators_are_free_and_take_nobody_elses_time() -> None:
    found = CATALOGUE.quote("simulator", Load(gates_1q=9, gates_2q=9, shots=9999))
    assert (found.cost, found.micros) == (0.0, 0)


@pytest.mark.parametrize(
    "card", sorted(set(CATALOGUE.cards.values()), key=lambda c: c.id), ids=lambda card: card.id
)
def test_every_figure_of_a_card_has_a_source(card: RateCard) -> None:
    """What `derived` does not name stands in the source, digit by digit."""
    for name in ("one_qubit", "two_qubit", "minimum", "minimum_mitigated", "per_second"):
        figure = getattr(card, name)
        if figure and name not in card.derived:
            written = {f"{figure:f}".rstrip("0").rstrip("."), f"{figure:.2f}", f"{figure:.6f}"}
            assert any(text in card.source for text in written), (name, figure)
