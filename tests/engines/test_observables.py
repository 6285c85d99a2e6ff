"""Observables: what is read is what was written; what cannot be read is named by its place."""

from __future__ import annotations

import numpy as np
import pytest

from ketway.engines.observables import Bits, Observables, mask_integers
from ketway.jobs.failures import Code, FailedError


def masks(observables: Observables) -> list[tuple[int, int]]:
    x, z = mask_integers(observables.x).tolist(), mask_integers(observables.z).tolist()
    return list(zip(x, z, strict=True))


def test_the_rightmost_letter_of_a_label_is_qubit_0() -> None:
    found = Observables.of_labels(3, [[("XIZ", 1.0), ("YII", 2.0)]])
    assert masks(found) == [(0b100, 0b001), (0b100, 0b100)]
    assert found.coefficients.tolist() == [1, 2]


def test_letters_go_to_the_qubits_named_with_them() -> None:
    found = Observables.of_letters(12, [[("XZ", [2, 0], 1.0), ("IY", [5, 11], -0.5)]])
    assert masks(found) == [(1 << 2, 1 << 0), (1 << 11, 1 << 11)]
    assert found.starts.tolist() == [0, 2]


def test_labels_and_letters_say_the_same() -> None:
    rng = np.random.default_rng(4)
    labels = ["".join(rng.choice(list("IXYZ"), size=11)) for _ in range(40)]
    dense = Observables.of_labels(11, [[(label, 1.0)] for label in labels])
    sparse = Observables.of_letters(11, [[(label, range(10, -1, -1), 1.0)] for label in labels])
    assert masks(dense) == masks(sparse)


def test_a_product_that_comes_twice_is_kept_once_and_the_identity_not_at_all() -> None:
    found = Observables.of_labels(
        2, [[("XX", 1.0), ("II", 3.0)], [], [("II", 0.5), ("ZI", 2.0), ("II", 1.0), ("XX", -1.0)]]
    )
    assert found.products == 2
    assert found.offsets.tolist() == [3, 0, 1.5]
    assert found.starts.tolist() == [0, 1, 1, 3]
    assert found.members.tolist() == [0, 1, 0]
    values = found.combined(np.array([[0.25, 1.0], [0.0, -1.0]]))
    assert values.tolist() == [[3.25, 0, 3.25], [3, 0, -0.5]]


def test_masks_may_be_given_as_they_are() -> None:
    bits = Bits(np.array([[1, 0], [0, 1]], np.uint8), np.array([[0, 0], [0, 1]], np.uint8))
    found = Observables.of_bits(9, bits, np.array([0, 1, 2]), [2.0, 3.0])
    assert masks(found) == [(1, 0), (256, 256)]


@pytest.mark.parametrize(
    ("sums", "words"),
    [
        ([[("XZ", 1.0)]], "Term 0 of observable 0 .* the label has 2 letters for 3"),
        (
            [[("XZI", 1.0)], [("ZZZ", 1.0), ("xII", 1.0)]],
            "Term 1 of observable 1 .* 'x' is not one",
        ),
        ([[("XZI", 1.0), ("ZxI", 1.0)]], "Term 1 of observable 0 .* 'x' is not one"),
        ([[("XZI", 1.0), ("ZΨI", 1.0)]], "Term 1 of observable 0 .* 'Ψ' is not one"),
        ([[], [("XZI", float("nan"))]], "Term 0 of observable 1 .* not finite"),
    ],
)
def test_a_label_that_cannot_be_read_is_named(
    sums: list[list[tuple[str, float]]], words: str
) -> None:
    with pytest.raises(FailedError, match=words) as error:
        Observables.of_labels(3, sums)
    assert error.value.failure.code == Code.INVALID_INPUT


@pytest.mark.parametrize(
    ("term", "words"),
    [
        (("XZ", [1], 1.0), "2 letters for 1 qubits"),
        (("XZ", [1, 1], 1.0), "a qubit comes twice"),
        (("XQ", [1, 2], 1.0), "'Q' is not one"),
        (("XZ", [1, 3], 1.0), "qubit 3 is not among the 3 qubits"),
        (("XZ", [-1, 0], 1.0), "qubit -1 is not among"),
        (("X", [0], float("inf")), "not finite"),
    ],
)
def test_letters_that_cannot_be_read_are_named(
    term: tuple[str, list[int], float], words: str
) -> None:
    with pytest.raises(FailedError, match=f"Term 1 of observable 1 cannot be read: .*{words}"):
        Observables.of_letters(3, [[("X", [0], 1.0)], [("Z", [2], 1.0), term]])
