"""operations.cross_entropy: −Σ P·log S and −P/S, with 0·log 0 = 0."""

from fractions import Fraction as F

import numpy as np
import pytest
from mpmath import mp

from backproof_spec.matrices import as_matrix, shape
from backproof_spec.operations import cross_entropy

S, P = [[0.5, 0.25], [0.5, 0.75]], [[1.0, 3.0], [0.0, 0.0]]


def test_loss_sums_over_classes_and_samples():
    # −1·log(1/2) − 3·log(1/4) = 7·log 2
    with mp.workprec(400):
        assert abs(cross_entropy.forward(S, P) - 7 * mp.log(2)) < mp.mpf(10) ** -115


def test_gradient_and_jacobian():
    assert cross_entropy.dS(S, P).tolist() == [[-2, -12], [0, 0]]
    J = cross_entropy.jacobian(S, P)
    assert J.value.tolist() == [[-2, 0, -12, 0]]
    assert J.magnitude.tolist() == [[2, 0, 12, 0]]
    assert J.vjp(as_matrix("dL", [1]), (2, 2)) == cross_entropy.dS(S, P)


def test_a_quotient_that_no_float_holds(near):
    assert near(cross_entropy.dS([[0.75]], [[0.5]]), [[F(-2, 3)]])


def test_a_class_without_label_mass_contributes_nothing_even_at_probability_zero():
    assert cross_entropy.forward([[0.0], [1.0]], [[0.0], [1.0]]) == 0
    assert cross_entropy.dS([[0.0], [1.0]], [[0.0], [2.0]]).tolist() == [[0], [-2]]
    assert cross_entropy.jacobian([[0.0], [1.0]], [[0.0], [2.0]]).value.tolist() == [[0, -2]]


def test_label_mass_on_probability_zero_is_infinite():
    assert cross_entropy.forward([[0.0], [1.0]], [[0.5], [0.5]]) == mp.inf
    assert cross_entropy.dS([[0.0], [1.0]], [[0.5], [0.5]]).tolist() == [[-mp.inf], [-0.5]]


def test_the_jacobian_at_probability_zero_is_infinite_like_the_gradient():
    assert cross_entropy.jacobian([[0.0], [1.0]], [[0.5], [0.5]]).value.tolist() == [[-mp.inf, -0.5]]


def test_all_zero_labels_and_an_empty_batch_lose_nothing():
    assert cross_entropy.forward(S, np.zeros((2, 2))) == 0
    assert cross_entropy.forward(np.zeros((2, 0)), np.zeros((2, 0))) == 0
    assert shape(cross_entropy.dS(np.zeros((2, 0)), np.zeros((2, 0)))) == (2, 0)
    assert shape(cross_entropy.jacobian(np.zeros((2, 0)), np.zeros((2, 0))).value) == (1, 0)


def test_a_negative_probability_has_no_logarithm():
    with pytest.raises(ValueError, match=r"cross_entropy: S"):
        cross_entropy.forward([[-0.5]], [[1.0]])


@pytest.mark.parametrize("function", [cross_entropy.forward, cross_entropy.dS, cross_entropy.jacobian])
def test_arguments_that_do_not_fit_are_named(function):
    with pytest.raises(ValueError, match=r"cross_entropy: S has shape \(0, 2\): zero classes"):
        function(np.zeros((0, 2)), np.zeros((0, 2)))
    with pytest.raises(ValueError, match=r"cross_entropy: P has shape \(2, 1\), expected \(2, 2\) = shape of S"):
        function(S, [1, 0])
