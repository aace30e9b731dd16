"""What a definition alone must be enough for: eight operations as users spell them hold, and what is wrong does not.

The spellings are those of the rounding campaign; no verdict needs a tolerance.
"""

import math
from functools import partial, wraps

import numpy as np
import pytest
from few import few
from operations_spellings import SPELLINGS, rows_softmax, upcast

from backproof_impl import reference
from backproof_impl.conventions import Conventions, Limits
from backproof_impl.loading import as_target
from backproof_impl.numerics import product, softmax_vjp
from backproof_properties import checks, runner
from backproof_properties.results import Link, Verdict
from backproof_spec import library

EIGHT = (
    "rms_norm",
    "layer_norm",
    "gelu",
    "swiglu",
    "causal_attention",
    "conv2d",
    "lstm_cell",
    "smoothed_cross_entropy",
)
pytestmark = pytest.mark.no_cover  # see CONTRIBUTING

SHORT = {"float16": 2**-9, "bfloat16": 2**-6}
"""An error of a few roundings of what is stored."""


def _pair(name):
    return getattr(reference, name), getattr(reference, f"{name}_vjp")


def _tasks(name, pair, dtype, examples, **conventions):
    """Those that judge the pair, and it as a target."""
    operation, functions = library.operation(name), dict(zip((name, f"{name}_vjp"), pair, strict=True))
    target = as_target(functions, Conventions(**conventions), checks.signatures(operation))
    claims = tuple(each.claim for each in checks.properties(operation))
    planned = runner.tasks(claims, (dtype,), examples, 1, (operation,))
    return [task for task in planned if task.property.link is Link.IMPLEMENTATION], target


def _verdicts(name, pair, dtype, **conventions):
    tasks, target = _tasks(name, pair, dtype, 8, **conventions)
    return {runner.run(task, target).verdict for task in tasks}


def _refuted(name, pair, dtype, wrong=(True, True), **conventions):
    """Is what each task judges refuted? ``wrong``: the forward pass, and the gradients; what is right is not asked."""
    tasks, target = _tasks(name, pair, dtype, 100, **conventions)
    forward, backward = wrong
    for task in tasks:
        if forward if task.property.claim.endswith(".forward") else backward:
            yield runner.refutes(task, target)


def _one_entry(function, factor):
    """The same, one entry of everything that it returns off by this factor."""

    @wraps(function)
    def called(*arguments, **options):
        found = function(*arguments, **options)
        results = [np.array(each) for each in (found if isinstance(found, tuple) else (found,))]
        for each in results:
            each.reshape(-1)[-1:] *= each.dtype.type(factor)
        return tuple(results) if isinstance(found, tuple) else results[0][()]

    return called


# --- what is right ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", EIGHT)
def test_every_spelling_holds(name):
    pairs = [(_pair(name), Limits()), *((pair, Limits(empty=False)) for pair in SPELLINGS[name])]
    assert len(pairs) > 1
    for pair, limits in pairs:
        for dtype in ("float64", "float32"):
            assert _verdicts(name, pair, dtype, limits=limits) == {Verdict.HOLDS}


@pytest.mark.parametrize("dtype", few(SHORT, "bfloat16".__eq__))
@pytest.mark.parametrize("name", few(EIGHT, "rms_norm".__eq__))
def test_short_formats_that_sum_in_float32_hold(name, dtype):
    pair = tuple(map(upcast, _pair(name)))
    found = _verdicts(name, pair, dtype, accumulator="float32")
    assert Verdict.HOLDS in found <= {Verdict.HOLDS, Verdict.UNCERTIFIED}  # of some entries little is known


@pytest.mark.parametrize("dtype", few(SHORT, "bfloat16".__eq__))
@pytest.mark.parametrize("name", few(EIGHT, "rms_norm".__eq__))
def test_what_is_rounded_once_holds_and_is_seen_to_a_few_roundings(name, dtype):
    tasks, target = _tasks(name, tuple(map(upcast, _pair(name))), dtype, 20, intermediates="float32")
    for task in tasks:
        outcome = runner.run(task, target)
        assert outcome.verdict is Verdict.HOLDS
        assert outcome.observation.threshold < SHORT[dtype]


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", few(EIGHT, "rms_norm".__eq__))
def test_an_error_of_a_millionth_in_one_entry_is_refuted(name):
    pair = [_one_entry(each, 1 + 1e-6) for each in _pair(name)]
    assert all(_refuted(name, pair, "float64"))


@pytest.mark.parametrize("dtype", few(SHORT, "bfloat16".__eq__))
@pytest.mark.parametrize("name", few(EIGHT, "rms_norm".__eq__))
def test_an_error_of_a_few_roundings_of_a_short_format_is_refuted(name, dtype):
    pair = [upcast(_one_entry(each, 1 + 8 * SHORT[dtype])) for each in _pair(name)]
    assert any(_refuted(name, pair, dtype, accumulator="float32"))


@pytest.mark.parametrize("dtype", few(SHORT, "bfloat16".__eq__))
@pytest.mark.parametrize("name", few(EIGHT, "rms_norm".__eq__))
def test_where_one_rounding_is_declared_four_are_refuted(name, dtype):
    def off(function):
        once = upcast(function)

        def called(*arguments, **options):
            found = once(*arguments, **options)
            results = found if isinstance(found, tuple) else (found,)
            results = tuple(each * (1 + each.dtype.type(SHORT[dtype])) for each in results)
            return results if isinstance(found, tuple) else results[0]

        return called

    pair = [off(each) for each in _pair(name)]
    assert all(_refuted(name, pair, dtype, intermediates="float32"))


@pytest.mark.slow
def test_gradients_in_another_order_are_named_though_their_shapes_differ():
    def swapped(Q, K, V, dO):
        dQ, dK, dV = reference.attention_vjp(Q, K, V, dO)
        return dK, dQ, dV

    tasks, target = _tasks("attention", (reference.attention, swapped), "float64", 20)
    found = {task.property.claim.partition(".")[2]: runner.run(task, target) for task in tasks}
    assert [name for name, outcome in found.items() if outcome.verdict is Verdict.HOLDS] == ["forward", "dV"]
    for name, other in (("dQ", "dK"), ("dK", "dQ")):
        said = found[name].finding.diagnosis
        assert (said.cause, said.sentence.partition(" stands")[0]) == ("order", other)
        assert said.sentence.endswith("in the order dQ, dK, dV")


def huber_by_another_slope(Y, T, dL, d=1):
    residual = Y - T
    dY = dL * np.where(np.abs(residual) <= d, residual, np.sign(residual))
    return dY, -dY


def rms_norm_by_its_own_eps(X, g, dY, eps=1e-6):  # noqa: ARG001 - that is the mistake
    return reference.rms_norm_vjp(X, g, dY)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [("huber", huber_by_another_slope, "d is ignored: it is taken as 1"),
     ("rms_norm", rms_norm_by_its_own_eps, "in r[s], eps is ignored: it is taken as 1e-6")],
    ids=["d", "eps"],
)  # fmt: skip
def test_a_parameter_that_is_its_default_whatever_is_asked_is_named(name, wrong, said):
    tasks, target = _tasks(name, (getattr(reference, name), wrong), "float64", 20)
    found = [runner.run(task, target) for task in tasks]
    assert [each.verdict for each in found] == [Verdict.HOLDS, Verdict.REFUTED, Verdict.REFUTED]
    assert {each.finding.diagnosis.sentence.removesuffix(", not on all inputs") for each in found[1:]} == {said}


def test_a_mistaken_statistic_is_named_where_there_is_another_way_to_what_it_is_for():
    def wrong(X, g, b, eps=1e-5):
        return g * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0, ddof=1) + X.dtype.type(eps)) + b

    tasks, target = _tasks("batch_norm", (wrong, reference.batch_norm_vjp), "float64", 20)
    said = runner.run(tasks[0], target).finding.diagnosis
    assert said.sentence == "in v[i], mean_s c[s,i]^2 is divided by size(s) - 1"


def test_what_is_of_another_shape_and_no_other_gradient_has_no_diagnosis():
    def wrong(Q, K, V, dO):
        dQ, dK, dV = reference.attention_vjp(Q, K, V, dO)
        return 2 * dK, dQ, dV

    tasks, target = _tasks("attention", (reference.attention, wrong), "float64", 20)
    task = next(each for each in tasks if each.property.claim == "attention.dQ")
    assert runner.run(task, target).finding.diagnosis is None


def _without_eps(function):
    @wraps(function)
    def called(*arguments, eps=0):  # noqa: ARG001 - forgotten
        return function(*arguments, eps=0)

    return called


def _rms_without_mean(X, g, dY, eps=1e-6):
    r = 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + X.dtype.type(eps))
    return r * g * dY, (dY * X * r).sum(axis=0)


def _layer_without(mean, variance, X, g, _, dY, eps=1e-5):
    """Without one of the two mean terms."""
    c = X - X.mean(axis=1, keepdims=True)
    r, G = 1 / np.sqrt((c * c).mean(axis=1, keepdims=True) + X.dtype.type(eps)), g * dY
    dX = r * (G - mean * G.mean(axis=1, keepdims=True) - variance * c * r**2 * (G * c).mean(axis=1, keepdims=True))
    return dX, (dY * c * r).sum(axis=0), dY.sum(axis=0)


def _rows_for_columns(X, g, eps=1e-6):
    """Σ X²/s, where it is Σ X²/i."""
    return g * X / np.sqrt((X * X).sum(axis=1, keepdims=True) / len(X) + X.dtype.type(eps))


def _causal(masked, size, Q, K):
    """S, of logits divided by √size; ``masked``: the mask is applied to it, not to the logits."""
    A, seen = product(Q, K.T) / Q.dtype.type(math.sqrt(Q.shape[size])), np.tri(len(Q), dtype=bool)
    return rows_softmax(A) * seen if masked else rows_softmax(np.where(seen, A, A.dtype.type(-np.inf)))


def _causal_pair(masked, size):
    def forward(Q, K, V):
        return product(_causal(masked, size, Q, K), V)

    def vjp(Q, K, V, dO):
        S, root = _causal(masked, size, Q, K), Q.dtype.type(math.sqrt(Q.shape[size]))
        dA = softmax_vjp(S, product(dO, V.T))
        return product(dA, K) / root, product(dA.T, Q) / root, product(S.T, dO)

    return forward, vjp


def _smoothed_by_samples(Z, t, dL=1, smooth=0.1):
    """Smoothing divided by the number of samples."""
    D = rows_softmax(Z) - Z.dtype.type(smooth / len(Z)) if len(Z) else np.array(Z)
    D[np.arange(len(t)), t] -= Z.dtype.type(1 - smooth)
    return dL * D


def _kernel_turned(X, W, z, stride=1, pad=0, dilation=1):
    """The rows of a square kernel for its columns."""
    return reference.conv2d(X, W.swapaxes(2, 3) if W.shape[2] == W.shape[3] else W, z, stride, pad, dilation)


WRONG = {
    "rms_norm, no mean term": ("rms_norm", (None, _rms_without_mean)),
    "rms_norm, no eps": ("rms_norm", tuple(map(_without_eps, _pair("rms_norm")))),
    "rms_norm, mean over the other size": ("rms_norm", (_rows_for_columns, None)),
    "layer_norm, no mean of dY": ("layer_norm", (None, partial(_layer_without, 0, 1))),
    "layer_norm, no term of the variance": ("layer_norm", (None, partial(_layer_without, 1, 0))),
    "layer_norm, no eps": ("layer_norm", tuple(map(_without_eps, _pair("layer_norm")))),
    "attention, masked after the softmax": ("causal_attention", _causal_pair(masked=True, size=1)),
    "attention, √ of the other size": ("causal_attention", _causal_pair(masked=False, size=0)),
    "cross-entropy, smoothed by samples": ("smoothed_cross_entropy", (None, _smoothed_by_samples)),
    "conv2d, square kernels turned": ("conv2d", (_kernel_turned, None)),
}


@pytest.mark.parametrize("mistake", few(WRONG, "attention, masked after the softmax".__eq__))
def test_a_mistake_of_those_that_people_make_is_refuted(mistake):
    name, wrong = WRONG[mistake]
    pair = [ours or right for ours, right in zip(wrong, _pair(name), strict=True)]
    assert any(_refuted(name, pair, "float64", map(bool, wrong)))
