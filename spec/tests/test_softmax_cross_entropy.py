"""operations.softmax_cross_entropy: S·ΣP − P, on logits whose softmax is 1/4, 1/2, 1/4."""

from fractions import Fraction as F

import numpy as np
import pytest
from mpmath import mp

from backproof_spec.matrices import as_matrix, shape
from backproof_spec.operations import softmax_cross_entropy

with mp.workprec(800):
    Z = as_matrix("Z", [[mp.mpf(0)], [mp.log(2)], [mp.mpf(0)]])
QUARTER = F(1, 4)


@pytest.mark.parametrize(
    ("P", "loss_in_log_2", "dZ", "fused"),
    [
        ([0.0, 1.0, 0.0], 1, [QUARTER, -F(1, 2), QUARTER], [QUARTER, -F(1, 2), QUARTER]),
        ([0.25, 0.5, 0.25], F(3, 2), [0, 0, 0], [0, 0, 0]),
        ([1.0, 2.0, 0.0], 4, [-QUARTER, -F(1, 2), F(3, 4)], [-F(3, 4), -F(3, 2), QUARTER]),
        ([0.0, 0.0, 0.0], 0, [0, 0, 0], [QUARTER, F(1, 2), QUARTER]),
    ],
    ids=["one-hot", "soft", "unnormalised", "all-zero"],
)
def test_worked_examples(near, P, loss_in_log_2, dZ, fused):
    column = [[x] for x in dZ]
    assert near(softmax_cross_entropy.dZ(Z, P), column)
    assert near(softmax_cross_entropy.jacobian(Z, P).value, [dZ])
    assert near(softmax_cross_entropy.jacobian(Z, P).vjp(as_matrix("dL", [1]), (3, 1)), column)
    assert near(softmax_cross_entropy.dZ(Z, P, fused=True), [[x] for x in fused])
    with mp.workprec(400):
        expected = mp.log(2) * F(loss_in_log_2).numerator / F(loss_in_log_2).denominator
        assert abs(softmax_cross_entropy.forward(Z, P) - expected) < mp.mpf(10) ** -100


def test_label_mass_is_summed_per_sample(near):
    both = as_matrix("Z", [[Z[i, 0], Z[i, 0]] for i in range(3)])
    P = [[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]]
    assert near(softmax_cross_entropy.dZ(both, P), [[QUARTER, F(3, 4)], [-F(1, 2), F(3, 2)], [QUARTER, -F(9, 4)]])
    assert softmax_cross_entropy.column_sums(as_matrix("P", P)) == [1, 3]


def test_a_wide_gap_has_a_finite_loss():
    assert abs(softmax_cross_entropy.forward([[2000.0], [0.0]], [[0.0], [1.0]]) - 2000) < mp.mpf(10) ** -100


def test_one_class_has_no_loss_and_no_gradient():
    assert softmax_cross_entropy.forward([[5.0]], [[3.0]]) == 0
    assert softmax_cross_entropy.dZ([[5.0]], [[3.0]]).tolist() == [[0]]
    assert softmax_cross_entropy.dZ([[5.0]], [[3.0]], fused=True).tolist() == [[-2]]


def test_an_empty_batch():
    empty = np.zeros((3, 0))
    assert softmax_cross_entropy.forward(empty, empty) == 0
    assert shape(softmax_cross_entropy.dZ(empty, empty)) == (3, 0)
    assert shape(softmax_cross_entropy.jacobian(empty, empty).value) == (1, 0)


@pytest.mark.parametrize(
    "function", [softmax_cross_entropy.forward, softmax_cross_entropy.dZ, softmax_cross_entropy.jacobian]
)
def test_arguments_that_do_not_fit_are_named(function):
    with pytest.raises(ValueError, match=r"softmax_cross_entropy: Z has shape \(0, 2\): zero classes"):
        function(np.zeros((0, 2)), np.zeros((0, 2)))
    with pytest.raises(ValueError, match=r"softmax_cross_entropy: P has shape \(2, 1\), expected \(3, 1\)"):
        function(Z, [1, 0])


def test_a_masked_class_adds_nothing_and_one_with_a_label_is_infinite():
    Z = [[1.0], [-np.inf], [0.5]]
    P, kept = [[0.25], [0], [0.75]], ([[1.0], [0.5]], [[0.25], [0.75]])
    assert softmax_cross_entropy.forward(Z, P) == softmax_cross_entropy.forward(*kept)
    gradient, alone = softmax_cross_entropy.dZ(Z, P), softmax_cross_entropy.dZ(*kept)
    assert gradient.tolist() == [alone.tolist()[0], [0], alone.tolist()[1]]
    assert softmax_cross_entropy.forward(Z, [[0], [1], [0]]) == np.inf
    assert softmax_cross_entropy.dZ(Z, [[0], [1], [0]])[1, 0] == -1
