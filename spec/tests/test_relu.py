"""operations.relu: max(Z, 0), and the declared convention at exactly 0."""

import numpy as np
import pytest
from mpmath import mp

from backproof_spec.matrices import as_matrix, shape
from backproof_spec.operations import relu

Z, dY = [[-2.0, 0.0], [3.0, -0.0], [5e-324, -5e-324]], [[1.0, 2.0], [-4.0, 8.0], [16.0, 32.0]]


def test_forward():
    assert relu.forward(Z).tolist() == [[0, 0], [3, 0], [5e-324, 0]]


@pytest.mark.parametrize("at_zero", [1, 0, 0.5])
def test_only_exact_zeros_take_the_convention(at_zero):
    assert relu.mask(Z, at_zero).tolist() == [[0, at_zero], [1, at_zero], [1, 0]]
    assert relu.dZ(Z, dY, at_zero).tolist() == [[0, 2 * at_zero], [-4, 8 * at_zero], [16, 0]]


def test_the_notes_convention_is_the_default():
    assert relu.dZ([0.0], [7.0]).tolist() == [[7]]
    assert relu.mask([0.0]).tolist() == [[1]]


def test_jacobian_is_the_diagonal_of_the_mask_in_the_order_of_vec():
    J = relu.jacobian([[-2.0, 0.0], [3.0, 4.0]], 0.5)
    assert J.value.tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 1]]
    assert J.magnitude == J.value
    assert J.vjp(as_matrix("dY", [[1, 2], [3, 4]]), (2, 2)).tolist() == [[0, 1], [3, 4]]


@pytest.mark.parametrize(("at_zero", "roundings"), [(1, 0), (0, 0), (0.5, 1)])
def test_a_selection_rounds_nothing(at_zero, roundings):
    assert relu.jacobian(Z, at_zero).roundings == roundings


def test_the_convention_is_exact_at_any_working_precision(fractions):
    with mp.workprec(20):
        dZ = fractions(relu.dZ([0.0], [1.0], 0.3))
        J = fractions(relu.jacobian([0.0], 0.3).value)
    assert dZ == J == [[0.3]]


@pytest.mark.parametrize("at_zero", [-0.1, 1.5, float("nan")])
def test_conventions_outside_clarkes_interval_are_refused(at_zero):
    for call in (lambda: relu.mask(Z, at_zero), lambda: relu.jacobian(Z, at_zero), lambda: relu.dZ(Z, dY, at_zero)):
        with pytest.raises(ValueError, match=r"relu: at_zero is .*, expected a number in Clarke's \[0, 1\]"):
            call()


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"relu: dY has shape \(1, 2\), expected \(3, 2\) = shape of Z"):
        relu.dZ(Z, [[1, 2]])
    with pytest.raises(ValueError, match=r"relu: Z: got str"):
        relu.forward("no")


@pytest.mark.parametrize("size", [(0, 3), (3, 0)])
def test_empty(size):
    empty = np.zeros(size)
    assert shape(relu.forward(empty)) == shape(relu.mask(empty)) == shape(relu.dZ(empty, empty)) == size
    assert shape(relu.jacobian(empty).value) == (0, 0)


def test_minus_infinity_becomes_0_and_lets_nothing_back():
    Z = [[-np.inf, 2.0]]
    assert (relu.forward(Z).tolist(), relu.dZ(Z, [[3.0, 4.0]]).tolist()) == ([[0, 2]], [[0, 4]])
    with pytest.raises(ValueError, match=r"relu: dY: entry \(0, 0\) is -inf, expected a finite real number"):
        relu.dZ(Z, [[-np.inf, 0.0]])
