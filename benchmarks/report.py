"""What was measured: a row per figure, beside the peer's in the same run, and the goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A bound on the figure, or on the ratio of the figure to the peer's."""

    bound: float
    least: bool = False
    """The bound is to be reached; otherwise it is to be stayed under."""
    ratio: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<'} {self.bound:g}{'x' if self.ratio else ''}"

    def holds(self, value: float) -> bool:
        return value >= self.bound if self.least else value < self.bound


@dataclass(frozen=True)
class Row:
    name: str
    what: str
    unit: str
    figures: Sequence[float]
    """One per repeat."""
    peer: str | None = None
    peer_figures: Sequence[float] = ()
    """Taken in turns with ours: the pairs belong together."""
    goal: Goal | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def figure(self) -> float:
        return statistics.median(self.figures)

    @property
    def peer_figure(self) -> float | None:
        return statistics.median(self.peer_figures) if self.peer_figures else None

    @property
    def ratios(self) -> list[float]:
        """Of each pair: what slows a whole machine for a while slows both."""
        if not self.peer_figures:
            return []
        return [ours / theirs for ours, theirs in zip(self.figures, self.peer_figures, strict=True)]

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def holds(self) -> bool | None:
        if self.goal is None:
            return None
        value = self.ratio if self.goal.ratio else self.figure
        assert value is not None, "a goal on the ratio has a peer"
        return self.goal.holds(value)

    def record(self) -> dict[str, Any]:
        """For the JSON."""
        return {
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "figure": self.figure,
            "figures": list(self.figures),
            "peer": self.peer,
            "peer_figure": self.peer_figure,
            "peer_figures": list(self.peer_figures),
            "ratio": self.ratio,
            "ratios": self.ratios,
            "goal": None if self.goal is None else str(self.goal),
            "holds": self.holds,
            "notes": self.notes,
        }


HEADINGS = ("what", "figure", "(min - max)", "unit", "peer", "peer's", "ratio", "goal", "holds")


def table(rows: Sequence[Row]) -> str:
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"{row.name}: {row.what}",
        _number(row.figure),
        f"({_number(min(row.figures))} - {_number(max(row.figures))})",
        row.unit,
        row.peer or "",
        "" if row.peer_figure is None else _number(row.peer_figure),
        "" if row.ratio is None else f"{row.ratio:.3f}x",
        "" if row.goal is None else str(row.goal),
        {None: "", True: "yes", False: "NO"}[row.holds],
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
