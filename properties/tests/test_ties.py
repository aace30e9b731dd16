"""Equal largest entries share one gradient: in any shares that sum to 1, and in no others."""

from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest
from few import few

from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_properties import checks, runner, ties
from backproof_properties.inputs import Inputs, evaluation
from backproof_properties.results import Link, Verdict
from backproof_properties.source import Seed, Unfit
from backproof_properties.subject import Domain
from backproof_properties.ties import Group
from backproof_spec import library
from backproof_spec.language.reverse import derived

DTYPES = ("float64", "float32", "float16")
NESTED = """operation nested(X[s,i,j]) -> Y
suppose size(i) > 0
suppose size(j) > 0
R[s,i] = max_j X[s,i,j]
Y[s] = max_i R[s,i]
"""


def _first(M):
    return np.arange(M.shape[-1]) == M.argmax(-1)[..., None]


def _last(M):
    return _first(M[..., ::-1])[..., ::-1]


def _evenly(M):
    return M / M.sum(-1, keepdims=True, dtype="float64")


def _unevenly(M):
    return _evenly(M * (1.0 + np.arange(M.shape[-1])))


def _each(M):
    return M


def _none(M):
    return _first(M) * (M.sum(-1, keepdims=True) == 1)


def _half(M):
    return _evenly(M) / np.where(M.sum(-1, keepdims=True) > 1, 2, 1)


SAID = {_each: "each as if it were the only one", _none: "none of them any", _half: None}
RIGHT, WRONG = (_first, _last, _evenly, _unevenly), (_each, _none, _half)


def _windows(X, k, stride):
    at = stride * np.arange((X.shape[-1] - k) // stride + 1)[:, None] + np.arange(k)
    return X[..., at], at


def _winners(F):
    return F.max(-1, keepdims=True, initial=-np.inf) == F


def reduce_max(shares):
    def backward(X, dY):
        return (dY[:, None] * shares(_winners(X))).astype(X.dtype)

    return {"reduce_max": lambda X: X.max(1), "reduce_max_vjp": backward}


def max_pool(shares):
    def forward(X, stride=2, k=2):
        return _windows(X, int(k), int(stride))[0].max(-1)

    def backward(X, dY, stride=2, k=2):
        F, at = _windows(X, int(k), int(stride))
        dF, dX = (dY[..., None] * shares(_winners(F))).astype(X.dtype), np.zeros_like(X)
        np.add.at(dX, (..., at), dF)
        return dX

    return {"max_pool": forward, "max_pool_vjp": backward}


def nested(shares):
    def backward(X, dY):
        R = X.max(2)
        dR = (dY[:, None] * shares(_winners(R))).astype(X.dtype)
        return (dR[..., None] * shares(_winners(X))).astype(X.dtype)

    return {"nested": lambda X: X.max((1, 2)), "nested_vjp": backward}


MADE = {"reduce_max": reduce_max, "max_pool": max_pool, "nested": nested}


def _run(source, shares, dtype, examples=40):
    operation = library.operation(NESTED if source == "nested" else source)
    target = as_target(MADE[source](shares), Conventions(), checks.signatures(operation))
    claims = (f"{operation.name}.dX",)
    (task,) = (
        each
        for each in runner.tasks(claims, (dtype,), examples, 1, (operation,))
        if each.property.link is Link.IMPLEMENTATION
    )
    return runner.run(task, target)


@pytest.mark.parametrize("dtype", few(DTYPES, "float32".__eq__))
@pytest.mark.parametrize("shares", few(RIGHT, {_unevenly}.__contains__))
@pytest.mark.parametrize("source", few(MADE, "max_pool".__eq__))
def test_any_shares_that_sum_to_one_hold(source, shares, dtype):
    found = _run(source, shares, dtype)
    assert found.verdict is Verdict.HOLDS, found.finding
    assert found.observation.uncertified < found.observation.entries / 4


@pytest.mark.no_cover
@pytest.mark.parametrize("shares", few(WRONG, {_each}.__contains__))
@pytest.mark.parametrize("source", few(MADE, "reduce_max".__eq__))
def test_other_shares_are_refuted_and_named(source, shares):
    found = _run(source, shares, "float64")
    assert found.verdict is Verdict.REFUTED
    assert "tie and share a gradient: their sum is" in found.finding.message
    named = found.finding.diagnosis
    assert (named and named.sentence.rpartition("but get ")[2]) == SAID[shares]


@pytest.mark.slow
def test_what_does_not_tie_is_judged_beside_what_does():
    def backward(X, dY):
        dX = reduce_max(_evenly)["reduce_max_vjp"](X, dY)
        tied = _winners(X).sum(1) > 1
        dX[~tied] *= 1 + 2 * tied.any()
        return dX

    operation = library.operation("reduce_max")
    functions = {"reduce_max": lambda X: X.max(1), "reduce_max_vjp": backward}
    target = as_target(functions, Conventions(), checks.signatures(operation))
    (task,) = (
        each
        for each in runner.tasks(("reduce_max.dX",), ("float64",), 40, 1, (operation,))
        if each.property.link is Link.IMPLEMENTATION
    )
    assert runner.run(task, target).verdict is Verdict.REFUTED


def _ties(text, argument, **case):
    operation = derived(library.operation(text))
    return ties.of(evaluation(operation, case), next(each for each in operation.gradients if each.name == argument))


def test_who_ties_is_read_off_the_definition():
    X = np.array([[2.0, 1.0, 2.0, 0.0], [1.0, 2.0, 3.0, 0.0]])
    found = _ties("reduce_max", "X", X=X, dY=np.ones(2))
    assert found.groups == (Group(((0, 0), (0, 2)), growth=2),)
    assert not found.open


def test_how_many_tie_is_counted_of_each_group():
    found = _ties("reduce_max", "X", X=np.array([[2.0, 2.0, 0.0], [1.0, 1.0, 1.0]]), dY=np.ones(2))
    assert [group.growth for group in found.groups] == [2, 3]
    found = _ties(NESTED, "X", X=np.ones((1, 2, 3)), dY=np.ones(1))
    assert [group.growth for group in found.groups] == [9]


def test_windows_that_overlap_share_what_ties_in_either():
    X = np.array([[[1.0, 1.0, 1.0, 0.0]]])
    found = _ties("max_pool", "X", X=X, dY=np.ones((1, 1, 3)), stride=Fraction(1), k=Fraction(2))
    assert [group.places for group in found.groups] == [((0, 0, 0), (0, 0, 1), (0, 0, 2))]


def test_what_moves_the_largest_ones_at_different_rates_is_left_open():
    text = "operation f(X[i], w[i]) -> Y\nY = max_i w[i]*X[i]\n"
    given = {"X": np.array([2.0, 1.0, 0.0]), "w": np.array([1.0, 2.0, 1.0]), "dY": np.ones(())}
    found = _ties(text, "X", **given)
    assert not found.groups
    assert found.open == {(0,), (1,), (2,)}


def test_a_kink_of_another_kind_is_left_open():
    text = "operation f(X[i]) -> Y\nY = max_i abs(X[i])\n"
    found = _ties(text, "X", X=np.array([0.0, 0.0, -1.0, 1.0]), dY=np.ones(()))
    assert found.groups == ()
    assert found.open >= {(2,), (3,)}


def test_where_cotangents_are_added_up_on_the_way_all_is_left_open():
    """Equal shares may cancel there where others do not: no bound of theirs holds of any shares."""
    head = "operation f(X[a], V) -> Y\nwhere size(y) = size(a) - 1\nwhere size(u) = 2\n"
    text = f"{head}U[a] = V + X[a]\nY[y] = max_u U[y + u]\n"
    given = {"X": np.zeros(4), "V": np.ones(()), "dY": np.ones(3)}
    found = _ties(text, "X", **given)
    assert not found.groups
    assert found.open == {(a,) for a in range(4)}
    operation = derived(library.operation(text))
    by_V = next(each for each in operation.gradients if each.name == "V")
    assert ties.share_unseen(evaluation(operation, given), by_V)
    assert not ties.share_unseen(evaluation(operation, {**given, "X": np.arange(4.0)}), by_V)


def test_what_is_multiplied_on_the_way_may_overflow_there_and_is_left_open():
    text = "operation f(X[i]) -> Y\nV[i] = 0.0078125*X[i]\nU[i] = 64*V[i]\nY = max_i U[i]\n"
    assert _ties(text, "X", X=np.zeros(8), dY=np.full((), 2000.0)).open == {(i,) for i in range(8)}


def test_a_gradient_that_rests_on_no_maximum_is_judged_whatever_ties():
    text = "operation f(X[i], W[i]) -> Y\nM = max_i X[i]\nA = sum_i W[i]\nB = A^2 + A\nY = M + B\n"
    given = {"X": np.zeros(3), "W": np.ones(3), "dY": np.ones(())}
    assert [group.places for group in _ties(text, "X", **given).groups] == [((0,), (1,), (2,))]
    operation = derived(library.operation(text))
    by_W = next(each for each in operation.gradients if each.name == "W")
    assert not ties.share_unseen(evaluation(operation, given), by_W)


@pytest.mark.parametrize("name", ["reduce_max", "reduce_min", "max_pool", "max_pool2d"])
def test_of_every_built_in_maximum_the_shares_are_judged(name):
    operation = library.operation(name)
    case = next(filter(None, (_fit(operation, Seed(str(number))) for number in range(100))))
    case["X"][...] = 1
    found = ties.of(evaluation(derived(operation), case), derived(operation).gradients[0])
    assert found.groups
    assert not found.open


def _fit(operation, source):
    with suppress(Unfit):
        case = Inputs(operation, f"{operation.name}_vjp", tame=True)(source, Domain("float64", Conventions(), 5, 2))
        return case if case["X"].size > 1 and case[f"d{operation.outputs[0]}"].size else None
    return None


def _judged(name, backward, dtype="float64", **conventions):
    operation = library.operation(name)
    functions = {name: None, f"{name}_vjp": backward}
    target = as_target(functions, Conventions(**conventions), checks.signatures(operation))
    (task,) = (
        each
        for each in runner.tasks((f"{name}.dX",), (dtype,), 40, 1, (operation,))
        if each.property.link is Link.IMPLEMENTATION
    )
    return runner.run(task, target)


def _twice(X, dY):
    return (2 * _first(_winners(X)) * dY[:, None]).astype(X.dtype)


def _by_columns(X, dY):
    return (_first(_winners(X)) * dY[:, None] / X.shape[1]).astype(X.dtype)


def _narrow(X, dY):
    S = _evenly(_winners(X)).astype("float32")
    return (S * dY[:, None].astype("float32")).astype(X.dtype)


def _no_number(X, dY):
    M = _winners(X)
    return np.where(M.sum(1, keepdims=True) > 1, np.nan, M * dY[:, None]).astype(X.dtype)


@pytest.mark.slow
@pytest.mark.parametrize("backward", [_twice, _by_columns, _narrow, _no_number])
def test_another_mistake_that_shows_where_entries_tie_is_not_called_one_of_shares(backward):
    found = _judged("reduce_max", backward)
    assert found.verdict is Verdict.REFUTED
    assert found.finding.diagnosis is None or found.finding.diagnosis.cause != "ties"


@pytest.mark.no_cover
def test_who_raises_where_entries_tie_does_not_hold():
    def raises(X, dY):
        if (_winners(X).sum(1) > 1).any():
            raise OverflowError
        return _winners(X) * dY[:, None]

    assert _judged("reduce_max", raises).verdict is Verdict.ERROR


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("dtype", "conventions"),
    few(
        [
            ("bfloat16", {"accumulator": "float32"}),
            ("float16", {"intermediates": "float32"}),
            ("float32", {"arithmetic": "flush-to-zero"}),
        ],
        lambda row: row[0] == "bfloat16",
    ),
)
def test_shares_hold_under_what_is_declared(dtype, conventions):
    def smallest(X, dY):
        M = X.min(1, keepdims=True, initial=np.inf) == X
        return (M * dY[:, None].astype("float32") / M.sum(1, keepdims=True)).astype(X.dtype)

    assert _judged("reduce_min", smallest, dtype, **conventions).verdict is Verdict.HOLDS
