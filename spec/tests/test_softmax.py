"""operations.softmax: logits log 1, log 2, log 1 give 1/4, 1/2, 1/4, and every number follows by hand."""

from fractions import Fraction as F

import numpy as np
import pytest
from mpmath import mp

from backproof_spec.matrices import as_matrix, shape
from backproof_spec.operations import softmax

with mp.workprec(800):
    Z = as_matrix("Z", [[mp.mpf(0)], [mp.log(2)], [mp.mpf(0)]])
J = [
    [F(3, 16), F(-1, 8), F(-1, 16)],
    [F(-1, 8), F(1, 4), F(-1, 8)],
    [F(-1, 16), F(-1, 8), F(3, 16)],
]


def test_forward(near):
    assert near(softmax.forward(Z), [[F(1, 4)], [F(1, 2)], [F(1, 4)]])


def test_columns_are_independent_samples(near):
    both = as_matrix("Z", [[Z[i, 0], mp.mpf(5)] for i in range(3)])
    third = F(1, 3)
    assert near(softmax.forward(both), [[F(1, 4), third], [F(1, 2), third], [F(1, 4), third]])
    found = softmax.jacobian(both).value
    assert shape(found) == (6, 6)
    assert near(found[:3, :3], J)
    assert near(found[3:, :3], [[0] * 3] * 3)
    assert near(found[3:, 3:], [[F(2, 9) if i == j else F(-1, 9) for j in range(3)] for i in range(3)])


def test_jacobian(near):
    found = softmax.jacobian(Z)
    assert near(found.value, J)
    assert near(
        found.magnitude,
        [
            [abs(x) + (2 * s * s if i == j else 0) for j, x in enumerate(row)]
            for i, (row, s) in enumerate(zip(J, (F(1, 4), F(1, 2), F(1, 4)), strict=True))
        ],
    )
    assert found.roundings == 5


def test_gradient(near):
    dS = [8.0, 0.0, 4.0]
    expected = [[F(5, 4)], [F(-3, 2)], [F(1, 4)]]
    assert near(softmax.dZ(Z, dS), expected)
    assert near(softmax.jacobian(Z).vjp(as_matrix("dS", dS), (3, 1)), expected)


def test_nothing_overflows_and_tails_are_not_zero():
    S = softmax.forward([[1e4], [-1e4], [1e4]])
    assert abs(S[0, 0] - 0.5) < mp.mpf(10) ** -100
    assert mp.mpf(10) ** -8687 < S[1, 0] < mp.mpf(10) ** -8685


def test_one_class_is_certain_and_has_no_gradient():
    assert softmax.forward([[3.0, -700.0]]).tolist() == [[1, 1]]
    assert softmax.jacobian([[3.0]]).value.tolist() == [[0]]
    assert softmax.dZ([[3.0]], [[5.0]]).tolist() == [[0]]


def test_an_empty_batch_keeps_its_classes():
    empty = np.zeros((3, 0))
    assert shape(softmax.forward(empty)) == shape(softmax.dZ(empty, empty)) == (3, 0)
    assert shape(softmax.jacobian(empty).value) == (0, 0)


def test_zero_classes_are_refused():
    for call in (softmax.forward, softmax.jacobian, lambda Z: softmax.dZ(Z, Z)):
        with pytest.raises(ValueError, match=r"softmax: Z has shape \(0, 2\): zero classes"):
            call(np.zeros((0, 2)))


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"softmax: dS has shape \(1, 3\), expected \(3, 1\) = shape of Z"):
        softmax.dZ(Z, [[1, 2, 3]])


MASKED = np.array([[1.0, -np.inf, 0.5], [-np.inf, -np.inf, 2.0], [0.25, 7.0, -np.inf]])


def test_a_masked_class_is_0_and_the_others_are_as_without_it():
    S, dS = softmax.forward(MASKED), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [-7.0, 8.0, 9.0]])
    gradient = softmax.dZ(MASKED, dS)
    for j in range(3):
        kept = [i for i in range(3) if np.isfinite(MASKED[i, j])]
        alone, slopes = softmax.forward(MASKED[kept, j]), softmax.dZ(MASKED[kept, j], dS[kept, j])
        for i in range(3):
            wanted = (alone[kept.index(i), 0], slopes[kept.index(i), 0]) if i in kept else (0, 0)
            assert (S[i, j], gradient[i, j]) == wanted


@pytest.mark.parametrize("absent", [np.inf, np.nan])
def test_of_numbers_that_are_not_finite_only_a_mask_is_admitted(absent):
    with pytest.raises(ValueError, match=r"softmax: Z: entry \(1, 0\) is .*, expected a finite real number"):
        softmax.forward([[0.0], [absent]])
    with pytest.raises(ValueError, match=r"softmax: dS: entry \(0, 0\) is -inf"):
        softmax.dZ([[0.0]], [[-np.inf]])


def test_a_sample_without_classes_is_refused():
    with pytest.raises(
        ValueError, match="softmax: Z: column 1 is −inf everywhere, expected a class that is not masked"
    ):
        softmax.forward([[0.0, -np.inf], [-np.inf, -np.inf]])
