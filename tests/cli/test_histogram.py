from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ketway.cli.histogram import EIGHTHS, FULL, SHORTEST_BAR, bar, draw, probability
from ketway.cli.terminal import Piece


def lines(*arguments: object, **options: object) -> list[str]:
    def text(piece: Piece) -> str:
        return piece if isinstance(piece, str) else piece[0]

    return ["".join(map(text, pieces)) for pieces in draw(*arguments, **options)]  # type: ignore[arg-type]


def test_a_bell_pair() -> None:
    assert lines({"11": 0.25, "00": 0.75}, {"11": 25, "00": 75}, columns=36) == [
        "00 ██████████████  0.7500         75",
        "11 ████▋           0.2500         25",
    ]


def test_without_counts_and_without_unicode() -> None:
    assert lines({"0": 0.5, "1": 0.25}, columns=26, unicode=False) == [
        "0 ################  0.5000",
        "1 ########          0.2500",
    ]


def test_few_outcomes_are_in_the_order_of_their_bits_and_many_by_weight() -> None:
    outcomes = {
        f"{index:05b}": (32 - index if index % 2 else index + 1) / 528 for index in range(32)
    }
    few = dict(list(outcomes.items())[:20])
    assert [line.split()[0] for line in lines(few)] == sorted(few)
    many = lines(outcomes)
    heaviest = sorted(outcomes, key=lambda bits: -outcomes[bits])[:20]
    assert sorted(outcomes[line.split()[0]] for line in many[:20]) == sorted(
        outcomes[bits] for bits in heaviest
    )
    left = sum(outcomes.values()) - sum(outcomes[bits] for bits in heaviest)
    assert many[20:] == [f"… and 12 more outcomes, mass {left:.4f}"]


def test_one_outcome_left_out_is_one_outcome() -> None:
    assert lines({"0": 0.5, "1": 0.5}, top=1)[-1] == "… and 1 more outcome, mass 0.5000"


def test_nothing_to_draw_is_said() -> None:
    assert lines({}) == ["(no outcomes)"]


def test_bars_grow_by_eighths() -> None:
    assert [bar(eighths / 8) for eighths in range(1, 9)] == [*EIGHTHS[1:], FULL]
    assert bar(2.5) == "██▌"


@given(st.floats(min_value=1e-300, max_value=200), st.booleans())
def test_what_is_not_nothing_is_seen(length: float, unicode: bool) -> None:
    drawn = bar(length, unicode=unicode)
    assert 1 <= len(drawn) <= length + 1
    assert bar(0, unicode=unicode) == ""


@given(
    st.dictionaries(st.integers(0, 255).map("{:08b}".format), st.floats(0, 1), min_size=1),
    st.integers(20, 120),
)
def test_no_line_is_wider_than_the_terminal_where_there_is_room(
    outcomes: dict[str, float], columns: int
) -> None:
    figures = max(len(probability(chance)) for chance in outcomes.values())
    needed = 8 + 3 + SHORTEST_BAR + figures
    for line in lines(outcomes, columns=columns)[:20]:
        assert len(line) <= max(columns, needed)


def test_a_probability_is_told_from_nothing_and_from_all() -> None:
    assert [probability(value) for value in (0.0, 0.00001, 0.25, 0.99999, 1.0)] == [
        "0.0000",
        "1.0e-05",
        "0.2500",
        "0.99999",
        "1.0000",
    ]
