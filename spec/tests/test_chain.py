"""chain: scalar compositions by hand, and softmax ∘ relu ∘ linear against the difference quotient."""

import itertools

import pytest
from mpmath import mp

from backproof_spec import chain
from backproof_spec.differentiation import jacobian
from backproof_spec.matrices import as_matrix, vec

BY_NAME = {f.name: f for f in chain.SCALARS}


@pytest.mark.parametrize(
    ("f", "g", "x", "first", "third"),
    [
        ("square", "square", 3, 108, 72),  # x⁴: 4x³, 24x
        ("reciprocal", "square", 2, -0.25, -0.75),  # x⁻²: −2x⁻³, −24x⁻⁵
        ("square", "reciprocal", 2, -0.25, -0.75),
        ("reciprocal", "reciprocal", 5, 1, 0),  # x
    ],
)
def test_scalar_compositions_by_hand(f, g, x, first, third):
    with mp.workprec(400):
        found = chain.scalar_derivative(BY_NAME[f], BY_NAME[g], mp.mpf(x))
        jerk = chain.scalar_third_derivative(BY_NAME[f], BY_NAME[g], mp.mpf(x))
        assert max(abs(found - first), abs(jerk - third)) < mp.mpf(10) ** -100


@pytest.mark.parametrize("name", ["square", "reciprocal", "exp", "log1p"])
def test_each_derivative_is_the_derivative_of_the_one_before(name):
    f = BY_NAME[name]
    with mp.workprec(600):
        x, h = mp.mpf("0.7"), mp.ldexp(1, -150)
        for lower, higher in itertools.pairwise((f.value, *f.derivatives)):
            assert abs((lower(x + h) - lower(x - h)) / (2 * h) - higher(x)) < mp.mpf(10) ** -80


def test_the_order_of_composition_matters():
    with mp.workprec(400):
        x = mp.mpf(2)
        # exp(x²)′ = 2x·exp(x²), (exp x)²′ = 2·exp(2x)
        there = chain.scalar_derivative(BY_NAME["exp"], BY_NAME["square"], x)
        back = chain.scalar_derivative(BY_NAME["square"], BY_NAME["exp"], x)
        assert abs(there - back - 2 * mp.exp(4)) < mp.mpf(10) ** -100


W, Y, b, dS = [[1.0, -2.0], [0.5, 3.0]], [[0.5], [-1.0]], [0.25, 0.0], [2.0, -1.0]


def test_the_product_of_three_jacobians_is_the_derivative():
    # Z = (2.75, −2.75): the second row is dead, so only W's first row passes.
    J = chain.jacobian_Y(W, Y, b).value
    quotient = jacobian(lambda X: chain.forward(W, X, b), as_matrix("Y", Y))
    with mp.workprec(400):
        assert mp.norm(J - quotient, mp.inf) < mp.mpf(10) ** -100
        s = 1 / (1 + mp.exp(mp.mpf("-2.75")))
        assert abs(J[0, 0] - s * (1 - s)) < mp.mpf(10) ** -100
        assert abs(J[0, 1] + 2 * s * (1 - s)) < mp.mpf(10) ** -100


def test_the_formulas_one_after_the_other_are_the_transposed_product():
    J = chain.jacobian_Y(W, Y, b)
    found = chain.dY(W, Y, b, dS)
    with mp.workprec(400):
        assert mp.norm(vec(found) - J.value.T * as_matrix("dS", dS), mp.inf) < mp.mpf(10) ** -100
        s = 1 / (1 + mp.exp(mp.mpf("-2.75")))
        assert abs(found[0, 0] - 3 * s * (1 - s)) < mp.mpf(10) ** -100
    assert J.roundings == 4 + 0 + 2
    assert all(J.magnitude[i, j] >= abs(J.value[i, j]) for i in range(2) for j in range(2))


@pytest.mark.parametrize("slope", [1, 0.5, 0])
def test_the_convention_at_a_kink_passes_through(slope):
    # Z = 0 in both classes: S = (1/2, 1/2), softmax's gradient of (2, −1) is (3/4, −3/4).
    expected = [[0.75 * (1 - 2) * slope], [0]]
    assert chain.dY([[1.0, 1.0], [2.0, 1.0]], [0.0, 0.0], [0.0, 0.0], dS, slope).tolist() == expected
