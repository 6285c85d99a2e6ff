"""A distribution as bars of text.

Pure: what it needs to know of the terminal (its width, whether it has block characters) is given.
Each line is a sequence of pieces with a style, so that the same drawing is printed with and
without colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ketway.cli.terminal import Piece

TOP = 20
"""Distributions with more outcomes show only their heaviest."""

EIGHTHS = " ▏▎▍▌▋▊▉"
FULL = "█"
SHORTEST_BAR = 8


def draw(
    outcomes: Mapping[str, float],
    counts: Mapping[str, int] | None = None,
    *,
    columns: int = 80,
    unicode: bool = True,
    top: int = TOP,
) -> Iterator[list[Piece]]:
    """One line per outcome: the bits (qubit 0 rightmost), a bar, the probability, the count.

    Up to `top` outcomes are in the order of their bits; of more, the heaviest come first and the
    last line says what was left out. The longest bar fills the room there is.
    """
    shown = _chosen(outcomes, top)
    if not shown:
        yield ["(no outcomes)"]
        return
    label = max(len(bits) for bits in shown)
    chances = {bits: probability(outcomes[bits]) for bits in shown}
    figures = {
        bits: f"{chance:<8}{counts.get(bits, 0):>9,}" if counts is not None else f"{chance}"
        for bits, chance in chances.items()
    }
    room = max(SHORTEST_BAR, columns - label - 3 - max(map(len, figures.values())))
    heaviest = max(outcomes[bits] for bits in shown)
    for bits in shown:
        length = outcomes[bits] / heaviest * room if heaviest > 0 else 0.0
        drawn = bar(length, unicode=unicode)
        yield [
            (bits.rjust(label), "bold"),
            " ",
            (drawn.ljust(room), "cyan"),
            "  ",
            figures[bits],
        ]
    hidden = len(outcomes) - len(shown)
    if hidden:
        mass = max(0.0, sum(outcomes.values()) - sum(outcomes[bits] for bits in shown))
        dots = "…" if unicode else "..."
        noun = "outcome" if hidden == 1 else "outcomes"
        yield [(f"{dots} and {hidden:,} more {noun}, mass {probability(mass)}", "dim")]


def bar(length: float, *, unicode: bool = True) -> str:
    """A bar of that many columns; anything that is not nothing is seen."""
    if length <= 0:
        return ""
    if not unicode:
        return "#" * max(1, round(length))
    eighths = max(1, round(length * 8))
    return FULL * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def probability(value: float) -> str:
    """Four decimals, or as many figures as it takes to tell it from nothing and from all."""
    if value != 0 and (abs(value) < 0.0005 or 0.99995 <= value < 1):
        return f"{value:.1e}" if value < 0.5 else f"{value:.6g}"
    return f"{value:.4f}"


def _chosen(outcomes: Mapping[str, float], top: int) -> list[str]:
    if len(outcomes) <= top:
        return sorted(outcomes, key=lambda bits: (len(bits), bits))
    return sorted(outcomes, key=lambda bits: (-outcomes[bits], bits))[:top]
