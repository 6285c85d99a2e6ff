from __future__ import annotations

import numpy as np
import pytest

from ketway.engines import bitrows
from ketway.engines.bitrows import counted, counted_integers, turned
from ketway.jobs.results import integers_of, width_of


@pytest.mark.parametrize("bits", [0, 1, 7, 8, 9, 64, 65, 200])
@pytest.mark.parametrize("shots", [1, 63, 64, 65, 1000])
def test_turning_keeps_every_bit_in_its_place(bits: int, shots: int) -> None:
    rng = np.random.default_rng(bits * 1000 + shots)
    plain = rng.integers(0, 2, size=(bits, shots), dtype=np.uint8)
    padded = np.zeros((bits, (shots + 63) // 64 * 64), dtype=np.uint8)
    padded[:, :shots] = plain
    words = np.packbits(padded, axis=1, bitorder="little").view("<u8")
    rows = turned(words.reshape(bits, (shots + 63) // 64), bits, shots)
    assert rows.shape == (shots, width_of(bits))
    assert (np.unpackbits(rows, axis=1, bitorder="little")[:, :bits] == plain.T).all()
    assert not np.unpackbits(rows, axis=1, bitorder="little")[:, bits:].any()


def test_turning_goes_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.random.default_rng(1).integers(0, 2**63, size=(50, 40)).astype(np.uint64)
    whole = turned(words, 50, 2500)
    monkeypatch.setattr(bitrows, "_CHUNK", 60)
    assert (turned(words, 50, 2500) == whole).all()


def check(rows: np.ndarray, bits: int) -> None:
    outcomes, counts, shots = counted(rows, bits)
    integers = integers_of(rows)
    wanted = sorted(set(integers))
    assert integers_of(outcomes) == wanted
    assert counts.tolist() == [integers.count(value) for value in wanted]
    assert [wanted[shot] for shot in shots.tolist()] == integers
    assert shots.dtype == np.uint32
    assert counts.dtype == np.int64


@pytest.mark.parametrize("bits", [1, 5, 16, 30, 64, 65, 100, 130])
@pytest.mark.parametrize("different", [1, 2, 150])
def test_counting_is_what_python_counts(bits: int, different: int) -> None:
    rng = np.random.default_rng(bits + different)
    spaces = rng.integers(0, 256, size=(different, width_of(bits)), dtype=np.uint8)
    if bits % 8:
        spaces[:, -1] &= (1 << bits % 8) - 1
    check(spaces[rng.integers(0, different, size=300)], bits)


def test_wide_outcomes_with_zeros_at_their_ends_are_kept_apart() -> None:
    rows = np.zeros((4, 12), dtype=np.uint8)
    rows[1, 11], rows[2, 0], rows[3, 5] = 1, 1, 1
    check(rows, 96)


def test_outcomes_whose_hashes_agree_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bitrows, "_hashes", lambda rows: rows[:, 0].astype(np.uint64) % 3)
    rng = np.random.default_rng(4)
    check(rng.integers(0, 256, size=(40, 12), dtype=np.uint8)[rng.integers(0, 40, size=200)], 96)


@pytest.mark.parametrize("bits", [0, 3, 10, 20, 40])
def test_integers_are_counted_alike_by_table_and_by_sorting(bits: int) -> None:
    rng = np.random.default_rng(bits)
    for shots in (1, 50, 20_000):
        values = rng.integers(0, 1 << bits, size=shots, dtype=np.uint64)
        outcomes, counts, places = counted_integers(values, bits)
        wanted, wanted_counts = np.unique(values, return_counts=True)
        assert (outcomes == wanted).all()
        assert (counts == wanted_counts).all()
        assert (outcomes[places] == values).all()
