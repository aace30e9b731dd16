"""suggestion: code of another layout is told what to declare; what is wrong for another reason is not."""

import numpy as np
import pytest
from few import few

import backproof
from backproof_impl import reference as R
from backproof_impl.conventions import Conventions, declare
from backproof_properties.results import Verdict

pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

ROWS = ("layout=batch-first", "weights=in-out")


def _vjp(W, Y, b, dZ):  # noqa: ARG001 - the contract
    return Y.T @ dZ, dZ @ W.T, dZ.sum(axis=0)


def _numbered(Z, y):
    shifted = Z - Z.max(axis=0)
    return -(shifted - np.log(np.exp(shifted).sum(axis=0)))[y, np.arange(len(y))].sum()


def _check(target, *operations, conventions=None):
    return backproof.check(target, operations=operations, examples=10, seed=1, conventions=conventions)


LAYOUTS = [
    ({"linear_vjp": _vjp}, ("linear.dY", "linear.dW", "linear.db"), ROWS),
    ({"linear": lambda W, Y, b: Y @ W.T + b}, ("linear.forward",), ROWS[:1]),
    ({"softmax_cross_entropy": _numbered}, ("softmax_cross_entropy.forward",), ("labels=index",)),
]


@pytest.mark.parametrize(
    ("target", "claims", "lines"), few(LAYOUTS, lambda row: row[2] != ROWS), ids=["rows", "torch", "numbers"]
)
def test_code_of_another_layout_is_told_what_to_declare_and_holds_then(target, claims, lines):
    report = _check(target, *claims)
    assert {each.verdict for each in report.of_target} <= {Verdict.ERROR, Verdict.REFUTED}
    assert (report.suggestion.declare, report.suggestion.claims) == (lines, claims)
    shown = str(report)
    assert "the target fails on shapes, and works under" in " ".join(shown.split())
    assert " ".join(f"--declare {line}" for line in lines) in shown
    assert "\nERROR" not in shown
    assert _check(target, *claims, conventions=declare(Conventions(), [*lines])).passed


def test_what_raises_under_every_layout_gets_no_suggestion():
    def broken(*_):
        raise ZeroDivisionError

    assert _check({"linear": broken}, "linear.forward").suggestion is None


@pytest.mark.slow
def test_what_raises_at_one_size_alone_gets_no_suggestion():
    def at_nine(Z, dY):
        if len(Z) == 9:
            raise ValueError
        return dY * (Z >= 0)

    report = backproof.check({"relu_vjp": at_nine}, operations=["relu.dZ"], seed=1)
    assert [each.verdict for each in report.of_target] == [Verdict.ERROR]
    assert report.suggestion is None


def test_wrong_values_are_no_matter_of_shapes():
    assert _check({"relu": lambda Z: Z * 1.5}, "relu.forward").suggestion is None
    assert _check(R, "relu.forward").suggestion is None


def test_a_library_that_takes_no_negative_strides_is_told_what_to_declare():
    def relu(Z):
        if any(stride < 0 for stride in Z.strides):
            msg = "At least one stride in the given numpy array is negative"
            raise ValueError(msg)
        return R.relu(Z)

    report = backproof.check({"relu": relu}, operations="relu.forward", examples=100, seed=1)
    [outcome] = report.failures
    found = outcome.finding.diagnosis
    assert (outcome.verdict, found.cause) == (Verdict.ERROR, "memory-layout")
    assert "reversed" in found.sentence
    assert "reversed" not in found.declare
    declared = declare(Conventions(), [found.declare])
    assert backproof.check({"relu": relu}, operations="relu.forward", seed=1, conventions=declared).passed


def _not_of_nothing(sizes=()):
    def relu(Z):
        if Z.size == 0 or Z.shape[0] in sizes:
            msg = "expected a non-empty array"
            raise ValueError(msg)
        return R.relu(Z)

    return {"relu": relu}


def test_what_takes_nothing_that_is_empty_is_told_what_to_declare():
    report = backproof.check(_not_of_nothing(), operations="relu.forward", examples=60, seed=1)
    [outcome] = report.failures
    found = outcome.finding.diagnosis
    assert (outcome.verdict, found.cause, found.declare) == (Verdict.ERROR, "empty", "limits=empty=no")
    declared = declare(Conventions(), [found.declare])
    assert backproof.check(_not_of_nothing(), operations="relu.forward", seed=1, conventions=declared).passed


def test_what_raises_elsewhere_too_is_not_excused():
    report = backproof.check(_not_of_nothing((3, 5)), operations="relu.forward", examples=60, seed=1)
    assert [each.finding.diagnosis for each in report.failures] == [None]
