"""operations.linear: a worked example by hand, its Jacobians in full, and the three formulas as their transposes."""

import mpmath
import numpy as np
import pytest
from mpmath import mp

from backproof_spec.matrices import kron, shape
from backproof_spec.operations import linear

W, Y, b = [[1, 2, 3], [4, 5, 6]], [[1, -1], [0, 2], [2, 1]], [10, 20]
dZ = [[1, 2], [0, -1]]


def test_forward_adds_the_bias_to_every_column():
    assert linear.forward(W, Y, b).tolist() == [[17, 16], [36, 32]]


def test_gradients():
    assert linear.dW(dZ, Y).tolist() == [[-1, 4, 4], [1, -2, -1]]
    assert linear.dY(W, dZ).tolist() == [[1, -2], [2, -1], [3, 0]]
    assert linear.db(dZ).tolist() == [[3], [-1]]


def test_jacobian_W():
    J = linear.jacobian_W(W, Y, b)
    assert J.value.tolist() == [
        [1, 0, 0, 0, 2, 0],
        [0, 1, 0, 0, 0, 2],
        [-1, 0, 2, 0, 1, 0],
        [0, -1, 0, 2, 0, 1],
    ]
    assert J.magnitude[2, 0] == 1
    assert J.roundings == 2


def test_jacobian_Y():
    J = linear.jacobian_Y(W, Y, b)
    assert J.value.tolist() == [[1, 2, 3, 0, 0, 0], [4, 5, 6, 0, 0, 0], [0, 0, 0, 1, 2, 3], [0, 0, 0, 4, 5, 6]]
    assert J.roundings == 2


def test_jacobian_b():
    J = linear.jacobian_b(W, Y, b)
    assert J.value.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    assert J.roundings == 2


def test_formulas_are_the_transposed_jacobians():
    cotangent = linear.forward(dZ, np.eye(2), [0, 0])
    assert linear.jacobian_W(W, Y, b).vjp(cotangent, (2, 3)) == linear.dW(dZ, Y)
    assert linear.jacobian_Y(W, Y, b).vjp(cotangent, (3, 2)) == linear.dY(W, dZ)
    assert linear.jacobian_b(W, Y, b).vjp(cotangent, (2, 1)) == linear.db(dZ)


def test_magnitudes_are_sums_of_absolute_monomials():
    cotangent = linear.forward(dZ, np.eye(2), [0, 0])
    # |dZ|·|Y|ᵀ = [[1, 2], [0, 1]]·[[1, 0, 2], [1, 2, 1]]
    assert linear.jacobian_W(W, Y, b).magnitude_vjp(cotangent, (2, 3)).tolist() == [[3, 4, 4], [1, 2, 1]]


def test_the_transposed_kronecker_factors_give_another_matrix():
    right = linear.jacobian_W(W, Y, b).value
    assert kron(mpmath.eye(2), mpmath.matrix(Y).T) != right


def test_results_are_exact_at_any_working_precision():
    with mp.workprec(20):
        assert linear.forward([[1e200, 1.0, -1e200]], [1.0, 1.0, 1.0], [0.0]).tolist() == [[1]]
        assert linear.dW([[1e200, 1.0, -1e200]], [[1.0, 1.0, 1.0]]).tolist() == [[1]]
        assert linear.dY([[1e200], [1.0], [-1e200]], [1.0, 1.0, 1.0]).tolist() == [[1]]
        assert linear.db([[1e200, 1.0, -1e200]]).tolist() == [[1]]


@pytest.mark.parametrize(("m", "n", "p"), [(0, 2, 3), (2, 0, 3), (2, 3, 0), (0, 0, 0), (1, 1, 1)])
def test_empty_dimensions(m, n, p):
    zero_W, zero_Y, zero_b, zero_dZ = np.zeros((m, n)), np.zeros((n, p)), np.ones(m), np.zeros((m, p))
    assert linear.forward(zero_W, zero_Y, zero_b).tolist() == np.ones((m, p)).tolist()
    assert shape(linear.dW(zero_dZ, zero_Y)) == (m, n)
    assert shape(linear.dY(zero_W, zero_dZ)) == (n, p)
    assert linear.db(zero_dZ).tolist() == np.zeros((m, 1)).tolist()
    assert shape(linear.jacobian_W(zero_W, zero_Y, zero_b).value) == (m * p, m * n)
    assert shape(linear.jacobian_Y(zero_W, zero_Y, zero_b).value) == (m * p, n * p)
    assert shape(linear.jacobian_b(zero_W, zero_Y, zero_b).value) == (m * p, m)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: linear.forward(W, W, b),
            r"linear: Y has shape \(2, 3\), expected \(3, 3\) = \(columns of W, samples\)",
        ),
        (lambda: linear.forward(W, Y, [1]), r"linear: b has shape \(1, 1\), expected \(2, 1\) = \(rows of W, 1\)"),
        (lambda: linear.forward(W, Y, [[1, 2]]), r"linear: b has shape \(1, 2\), expected \(2, 1\)"),
        (lambda: linear.jacobian_W(W, Y, [1]), r"linear: b has shape"),
        (lambda: linear.jacobian_Y(W, W, b), r"linear: Y has shape"),
        (lambda: linear.jacobian_b(W, W, b), r"linear: Y has shape"),
        (lambda: linear.dW([[1]], Y), r"linear: dZ has shape \(1, 1\), expected \(1, 2\)"),
        (lambda: linear.dY(W, [[1]]), r"linear: dZ has shape \(1, 1\), expected \(2, 1\)"),
        (lambda: linear.db("no"), r"linear: dZ: got str"),
    ],
)
def test_arguments_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
