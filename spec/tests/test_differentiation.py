"""differentiation: the quotient is as close as its bound says, exact for affine functions, and one-sided at a kink."""

import pytest
from mpmath import mp

from backproof_spec.differentiation import (
    PRECISION_BITS,
    jacobian,
    one_sided_jacobian,
    quotient_error,
    step,
)
from backproof_spec.matrices import EXACT_BITS, as_matrix, from_entries, shape
from backproof_spec.operations import linear, relu


def _cube(X):
    return from_entries(X.rows, X.cols, {(i, j): X[i, j] ** 3 for i in range(X.rows) for j in range(X.cols)})


def _exp(X):
    return from_entries(1, 1, {(0, 0): mp.exp(X[0, 0])})


def test_the_error_of_a_cube_is_the_step_squared_and_the_bound_admits_it():
    with mp.workprec(5 * PRECISION_BITS):  # so that rounding adds nothing
        found = jacobian(_cube, as_matrix("X", [[3.0]]))[0, 0]
        assert found - 27 == step() ** 2  # ((x+h)³ − (x−h)³)/2h = 3x² + h²
        assert abs(found - 27) <= quotient_error(mp.mpf(6), mp.mpf(27), 0)
        assert abs(found - 27) > quotient_error(mp.mpf(5.9), mp.mpf(0), 0)


@pytest.mark.parametrize("x", [-3.0, 0.1, 5.0])
def test_the_bound_holds_for_exp_and_is_not_idle(x):
    found = jacobian(_exp, as_matrix("X", [[x]]))[0, 0]
    with mp.workprec(2 * PRECISION_BITS):
        e = mp.exp(mp.mpf(x))
        # e^(x+h) is rounded once, and its argument moves by at most |x|·2⁻³ᵇ: F = e^x·(1 + |x|), generously.
        bound = quotient_error(2 * e, e * (1 + abs(x)), 4)
        assert 0 < abs(found - e) <= bound
        assert abs(found - e) > bound / 1000


def test_quotient_error_on_literals():
    assert quotient_error(mp.mpf(6), mp.mpf(0), 5) == mp.ldexp(1, -400)
    assert quotient_error(mp.mpf(0), mp.mpf(3), 5) == mp.ldexp(15, -400)


def test_rows_and_columns_are_in_the_order_of_vec():
    J = jacobian(
        lambda X: as_matrix("F", [[X[0, 1] * 2, X[1, 0]], [X[0, 0], X[1, 2] * 5]]), as_matrix("X", [[1, 2, 3]] * 2)
    )
    assert J.tolist() == [[0, 0, 2, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 5]]


def test_an_affine_function_has_its_derivative_as_quotient_whatever_the_step():
    W, X = [[1, 2, 3], [4, 5, 6]], as_matrix("X", [[0.1, -7], [1e20, 5e-324], [0, 3]])
    for h in (None, mp.mpf(1), mp.mpf(1000)):
        with mp.workprec(EXACT_BITS):
            J = jacobian(lambda Y: linear.forward(W, Y, [1, 2]), X, h)
        assert linear.jacobian_Y(W, X, [1, 2]).value == J


def test_an_affine_function_at_a_huge_point_has_its_derivative_as_quotient_at_the_default_precision():
    assert jacobian(lambda Y: linear.forward([[1]], Y, [0]), as_matrix("Y", [[1e200]])).tolist() == [[1]]


def test_both_slopes_at_a_kink_and_their_mean():
    Z = as_matrix("Z", [[0.0], [2.0]])
    assert one_sided_jacobian(relu.forward, Z, 1).tolist() == [[1, 0], [0, 1]]
    assert one_sided_jacobian(relu.forward, Z, -1).tolist() == [[0, 0], [0, 1]]
    assert jacobian(relu.forward, Z).tolist() == [[0.5, 0], [0, 1]]


def test_empty_arguments_and_empty_values():
    assert shape(jacobian(relu.forward, as_matrix("Z", [[], []]))) == (0, 0)
    assert shape(jacobian(lambda _: as_matrix("F", [[], []]), as_matrix("X", [1, 2, 3]))) == (0, 3)
