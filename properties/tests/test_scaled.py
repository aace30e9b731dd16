"""A declared factor on a gradient: it may be applied to the result, or to either operand of the product before it."""

import numpy as np
import pytest

from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_properties.judge import Refuted
from backproof_properties.results import Link
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES

CASE = {
    "W": np.array([[5e-324, 1.0]]),
    "Y": np.array([[7 * 5e-324, 0.0, 0.0], [2.0, 2.0, 0.5]]),
    "b": np.zeros(1),
    "dZ": np.array([[1e300, 1.0, -2.0]]),
}
THIRD = 1 / 3
FIRST = {
    "the result": lambda W, Y, _, dZ: (dZ @ Y.T * THIRD, W.T @ dZ * THIRD, dZ.sum(axis=1) * THIRD),
    "dZ": lambda W, Y, _, dZ: ((dZ * THIRD) @ Y.T, W.T @ (dZ * THIRD), (dZ * THIRD).sum(axis=1)),
    "the other operand": lambda W, Y, _, dZ: (dZ @ (Y * THIRD).T, (W * THIRD).T @ dZ, dZ @ np.full(3, THIRD)),
    "neither": lambda W, Y, _, dZ: (dZ @ Y.T, W.T @ dZ, dZ.sum(axis=1)),
}


def _judged(place, claim):
    conventions = Conventions(scale=dict.fromkeys(("dW", "dY", "db"), "1/batch"))
    target = as_target({"linear_vjp": FIRST[place], "CONVENTIONS": conventions})
    (each,) = (p for p in PROPERTIES if p.claim == claim and p.link is Link.IMPLEMENTATION)
    return each.check(CASE, Subject(target, "float64"))


@pytest.mark.parametrize("claim", ["linear.dW", "linear.dY", "linear.db"])
@pytest.mark.parametrize("place", ["the result", "dZ", "the other operand"])
def test_a_mean_may_be_taken_anywhere_subnormal_numbers_included(place, claim):
    assert _judged(place, claim).entries > 0


@pytest.mark.parametrize("claim", ["linear.dW", "linear.dY", "linear.db"])
def test_a_mean_that_is_not_taken_is_refuted(claim):
    with pytest.raises(Refuted):
        _judged("neither", claim)
