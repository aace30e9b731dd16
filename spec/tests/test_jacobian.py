"""jacobian: Jᵀ·vec g, unstacked; and magnitudes that never cancel."""

import pytest

from backproof_spec.jacobian import Jacobian
from backproof_spec.matrices import absolute, as_matrix

VALUE = as_matrix("J", [[1, -2, 3, 0], [0, 4, -5, 6]])
J = Jacobian(VALUE, absolute(VALUE), roundings=2)


def test_vjp_on_a_literal():
    assert J.vjp(as_matrix("g", [[10, 1]]), (2, 2)).tolist() == [[10, 25], [-16, 6]]


def test_magnitude_takes_absolute_values_of_both_factors():
    assert J.magnitude_vjp(as_matrix("g", [[10, -1]]), (2, 2)).tolist() == [[10, 35], [24, 6]]


def test_a_cotangent_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"vjp: g has shape \(3, 1\), expected \(2, 1\)"):
        J.vjp(as_matrix("g", [1, 2, 3]), (2, 2))
