"""An exception in place of numbers is an error, unless one of them certainly overflows: that is a way to say so."""

import math

import numpy as np
import pytest

from backproof_impl.loading import as_target
from backproof_properties import runner
from backproof_properties.contract import Raised
from backproof_properties.results import Link, Verdict
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES

HUGE = np.array([[1e200, 1.0]])
OVERFLOWS = {"W": HUGE, "Y": HUGE.T, "b": np.zeros(1), "dZ": np.array([[1e200]])}
FINITE = {"W": np.array([[1.0, 2.0]]), "Y": np.array([[3.0], [0.1]]), "b": np.zeros(1), "dZ": np.array([[1.0]])}
UNCERTAIN = {**OVERFLOWS, "Y": np.array([[1e200], [-1e200]]), "W": np.array([[1e200, 1e200]])}


def _fsum(A, B):
    sums = [[math.fsum(x * y for x, y in zip(a, b, strict=True)) for b in B.T.tolist()] for a in A.tolist()]
    return np.array(sums).reshape(len(A), B.shape[1])


def _linear(W, Y, b):
    return _fsum(np.column_stack([W, b]), np.vstack([Y, np.ones(Y.shape[1])]))


def _raising(error):
    def function(*_):
        raise error

    return function


def _check(claim, functions, case):
    (each,) = (p for p in PROPERTIES if p.claim == claim and p.link is Link.IMPLEMENTATION)
    return each.check(case, Subject(as_target(functions), "float64"))


@pytest.mark.parametrize("error", [OverflowError("too large"), FloatingPointError("overflow"), ValueError("domain")])
def test_an_exception_where_the_exact_value_overflows_is_admitted_and_counted(error):
    seen = _check("linear.forward", {"linear": _raising(error)}, OVERFLOWS)
    assert (seen.entries, seen.uncertified, seen.raised) == (1, 0, 1)


@pytest.mark.parametrize("claim", ["linear.dW", "linear.dY", "linear.db"])
def test_one_output_that_overflows_is_enough_where_one_call_returns_several(claim):
    functions = {"linear_vjp": _raising(OverflowError())}
    assert _check(claim, functions, OVERFLOWS).raised == 1
    with pytest.raises(Raised):
        _check(claim, functions, FINITE)


def test_an_exception_where_all_is_finite_is_an_error_and_so_is_one_of_another_kind():
    with pytest.raises(Raised, match="linear: raised OverflowError: too large"):
        _check("linear.forward", {"linear": _raising(OverflowError("too large"))}, FINITE)
    with pytest.raises(Raised, match="TypeError"):
        _check("linear.forward", {"linear": _raising(TypeError())}, OVERFLOWS)


def test_an_exception_where_an_overflow_is_possible_shows_nothing_certain():
    seen = _check("linear.forward", {"linear": _raising(OverflowError())}, UNCERTAIN)
    assert (seen.entries, seen.uncertified, seen.raised) == (0, 1, 1)


def test_the_logarithm_of_zero_and_a_division_by_it_may_raise():
    S, P = np.array([[0.0], [1.0]]), np.array([[1.0], [0.0]])
    logs = {"cross_entropy": lambda S, P: -sum(p * math.log(s) for s, p in zip(S.flat, P.flat, strict=True) if p)}
    assert _check("cross_entropy.forward", logs, {"S": S, "P": P}).raised == 1
    with pytest.raises(Raised, match="ValueError"):
        _check("cross_entropy.forward", {"cross_entropy": _raising(ValueError())}, {"S": S, "P": P[::-1]})
    assert (
        _check("cross_entropy.dS", {"cross_entropy_vjp": _raising(ZeroDivisionError())}, {"S": S, "P": P}).raised == 1
    )


def test_a_network_of_which_one_gradient_may_overflow_may_raise():
    case = {"weights": [np.array([[1e200], [1.0]])], "biases": [np.zeros(2)], "X": HUGE[:, :1], "P": np.eye(2)[:, :1]}
    small = {**case, "weights": [np.ones((2, 1))], "X": np.ones((1, 1))}
    functions = {"network_gradients": _raising(OverflowError())}
    for claim in ("network.forward", "network.dX", "network.dW", "network.db"):
        assert _check(claim, functions, case).raised == 1
        with pytest.raises(Raised):
            _check(claim, functions, small)


@pytest.mark.no_cover
def test_a_product_by_fsum_which_raises_where_it_overflows_holds():
    target = as_target({"linear": _linear})
    (task,) = (t for t in runner.tasks(("linear.forward",), ("float64",), 40, 1) if t.property.functions)
    outcome = runner.run(task, target)
    assert (outcome.verdict, outcome.finding) == (Verdict.HOLDS, None)
    assert outcome.observation.raised > 0
