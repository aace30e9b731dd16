"""The links of any claim: what a difference quotient can say, and what it cannot."""

import numpy as np
import pytest

from backproof_properties import checks
from backproof_properties.property import Unsettled
from backproof_properties.results import Link
from backproof_properties.source import Unfit
from backproof_properties.subject import Subject
from backproof_spec.composition import network
from backproof_spec.language.reading import read

PYTHAGORAS = """operation f(X[i]) -> Y
Y[i] = X[i]
gradient by X[i] = dY[i]*(sin(X[i])^2 + cos(X[i])^2)
"""
SOFTPLUS = """operation softplus(X[i]) -> Y
Y[i] = log(1 + exp(X[i]))
gradient by X[i] = dY[i]*exp(X[i])/(1 + exp(X[i]))
"""


@pytest.mark.parametrize("X", [-(10.0**6), -(4.0 * 10**14)])
def test_a_slope_below_what_rounding_leaves_of_a_quotient_says_nothing(X):
    with pytest.raises(Unfit, match="what rounding leaves"):
        checks.definition_to_jacobian(read(SOFTPLUS), "X", {"X": np.array([X]), "dY": np.ones(1)}, Subject(None, ""))


def test_so_does_the_smaller_of_two_logits_that_lie_far_apart():
    case = {
        "X": np.ones((1, 1)),
        "W1": np.zeros((2, 1)),
        "b1": np.array([3e6, 4e14]),
        "P": np.array([[0.0], [1.0]]),
        "dL": np.ones(()),
    }
    with pytest.raises(Unfit, match="what rounding leaves"):
        checks.definition_to_jacobian(network(1), "b1", case, Subject(None, ""))


def test_what_the_prover_cannot_see_is_uncertified_and_says_where_both_sides_are_shown():
    (link,) = (each for each in checks.properties(read(PYTHAGORAS)) if each.link is Link.PROOF)
    with pytest.raises(Unsettled, match="different normal forms; backproof prove shows both"):
        link.check({}, Subject(None, ""))


def test_a_definition_that_is_too_large_for_the_kernel_is_uncertified():
    large = read("operation f(X[i]) -> Y\nY[i] = ((((X[i]^9 + X[i])^9)^9)^9 + 1)^9")
    (link,) = (each for each in checks.properties(large) if each.link is Link.PROOF)
    with pytest.raises(Unsettled, match=r"line 2, column 8: as it is written this has up to .*: define names for its"):
        link.check({}, Subject(None, ""))


def test_what_more_bits_leave_is_demanded():
    seen = checks.definition_to_jacobian(
        read(SOFTPLUS), "X", {"X": np.array([-5000.0]), "dY": np.ones(1)}, Subject(None, "")
    )
    assert seen.entries == 1
    assert seen.worst < 2.0**-390
