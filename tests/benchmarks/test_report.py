from __future__ import annotations

import pytest
from benchmarks.report import Goal, Row, table


@pytest.mark.parametrize(
    ("goal", "value", "holds", "written"),
    [
        (Goal(5), 4.9, True, "< 5"),
        (Goal(5), 5.0, False, "< 5"),
        (Goal(400, least=True), 400.0, True, ">= 400"),
        (Goal(400, least=True), 399.0, False, ">= 400"),
        (Goal(0.5, ratio=True), 0.4, True, "< 0.5x"),
    ],
)
def test_a_goal_holds_or_not(goal: Goal, value: float, holds: bool, written: str) -> None:
    assert goal.holds(value) is holds
    assert str(goal) == written


def test_the_ratio_is_that_of_the_pairs() -> None:
    """The machine was three times slower in the second repeat, for both."""
    row = Row("batch", "x", "s", [1.0, 3.0, 1.2], "peer", [4.0, 12.0, 4.8])
    assert row.ratios == pytest.approx([0.25, 0.25, 0.25])
    assert row.ratio == pytest.approx(0.25)
    assert (row.figure, row.peer_figure) == (1.2, 4.8)


def test_a_goal_on_the_ratio_looks_at_the_ratio() -> None:
    row = Row("batch", "x", "s", [3.0], "peer", [4.0], Goal(0.5, ratio=True))
    assert row.holds is False
    assert Row("batch", "x", "s", [1.0], "peer", [4.0], Goal(0.5, ratio=True)).holds is True


def test_the_table_says_it_all() -> None:
    rows = [
        Row("submit", "accepted", "ms", [2.0, 1.0, 3.0], goal=Goal(1.5)),
        Row("batch", "read", "s", [1.0], "Aer 0.1", [4.0], Goal(0.5, ratio=True)),
        Row("flow", "jobs", "jobs/s", [1234.5]),
    ]
    _, _, submit, batch, flow = table(rows).splitlines()
    assert submit.split() == ["submit:", "accepted", "2", "(1", "-", "3)", "ms", "<", "1.5", "NO"]
    assert batch.split()[-8:] == ["s", "Aer", "0.1", "4", "0.250x", "<", "0.5x", "yes"]
    assert flow.split()[:3] == ["flow:", "jobs", "1,234"]
