"""Mistakes of public reports, each as a few lines of NumPy: refuted, with a diagnosis that is true or with none.

Beside each stands what it should have been, which must hold. The reports are named where they are public.
"""

import numpy as np
import pytest
from hypothesis import Phase, settings

from backproof_impl import reference as R
from backproof_impl.conventions import Conventions
from backproof_impl.loading import as_target
from backproof_properties import runner
from backproof_properties.results import Link, Verdict
from backproof_properties.subject import Subject
from backproof_properties.suite import PROPERTIES

pytestmark = pytest.mark.no_cover  # whole searches, of kinds that other tests cover

LINKS = {each.claim: place for place, each in enumerate(PROPERTIES) if each.link is Link.IMPLEMENTATION}
DEEP = 1000
SEEDS = (1, 2, 3) if settings.default.max_examples >= DEEP else (1,)
MICRO_BATCH = 2


def _run(target, claim, seed, examples=30, conventions=None):
    """What a search says that does not shrink."""
    each, task = PROPERTIES[LINKS[claim]], runner.Task(LINKS[claim], "float64", examples, seed)
    subject = Subject(as_target(target, conventions), "float64")
    search = runner._Search(
        each, subject, task, largest=128 if claim.startswith("network") else 5, phases=(Phase.generate,)
    )
    search.diagnose()
    return search.outcome()


def _linear(dW=None, dY=None, db=None):
    def vjp(W, Y, b, dZ):  # noqa: ARG001 - the contract
        right = (dZ @ Y.T, W.T @ dZ, dZ.sum(axis=1))
        return tuple(g if wrong is None else wrong(W, Y, dZ) for g, wrong in zip(right, (dW, dY, db), strict=True))

    return {"linear_vjp": vjp}


def _off(function, roundings):
    def off(*arguments):
        found = getattr(R, function)(*arguments)
        return found * (1 + roundings * np.finfo(found.dtype).eps)

    return {function: off}


def _fused(gradient):
    return {"softmax_cross_entropy_vjp": lambda Z, P: gradient(R.softmax(Z), P)}


def _masked(at_zero):
    def vjp(Z, dY):
        kept = np.maximum(Z, 0)  # the output; a slope of 0 makes it 0 where Z is negative, never negative itself
        return np.where((kept < 0) | (at_zero & (kept == 0)), 0, dY)

    return {"relu": lambda Z: np.maximum(Z, 0), "relu_vjp": vjp}


def _first_weight(S, P):
    mass = P.sum(axis=0)
    return (S - P / np.where(mass == 0, 1, mass)) * mass[:1]


def _without_weight(S, P):
    mass = P.sum(axis=0)
    return S - P / np.where(mass == 0, 1, mass)


def _weighted(S, P):
    mass = P.sum(axis=0)
    return (S - P / np.where(mass == 0, 1, mass)) * mass


def _ignored_left_out(S, P):
    return np.where((P == 0).all(axis=0), 0, S - P)


def _accumulated(share):
    """Gradients of micro-batches of two, each divided by ``share(all samples, samples of the part, parts)``."""

    def gradients(weights, biases, X, P):
        samples = X.shape[1]
        starts = range(0, samples, MICRO_BATCH)
        total = {"dW": [np.zeros_like(W) for W in weights], "db": [np.zeros_like(b) for b in biases]}
        for start in starts:
            part = slice(start, min(start + MICRO_BATCH, samples))
            found = R.network_gradients(weights, biases, X[:, part], P[:, part])
            divisor = X.dtype.type(share(samples, part.stop - start, len(starts)))
            for name, sums in total.items():
                total[name] = [so_far + A / divisor for so_far, A in zip(sums, found[name], strict=True)]
        return total

    return {"network_gradients": gradients}


MEAN = Conventions(reduction="mean")
FAULTY = [
    ("linear.db", _linear(db=lambda _, __, dZ: dZ.sum(axis=1) * (1 + 8 * np.finfo(dZ.dtype).eps)), None, {"precision"}),
    ("linear.dY", _linear(dY=lambda W, _, dZ: (W.T @ dZ) * (1 + 8 * np.finfo(dZ.dtype).eps)), None, {"precision"}),
    ("softmax.dZ", _off("softmax_vjp", 200), None, {"precision"}),
    ("relu.dZ", _off("relu_vjp", 8), None, {"precision"}),
    ("cross_entropy.dS", _off("cross_entropy_vjp", 8), None, {"precision"}),
    ("softmax_cross_entropy.dZ", _off("softmax_cross_entropy_vjp", 200), None, {"precision"}),
    # darknet#96, ML-From-Scratch#71
    ("softmax.dZ", {"softmax_vjp": lambda _, dS: dS.copy()}, None, {"gradient-passed-through"}),
    ("softmax.dZ", {"softmax_vjp": lambda Z, dS: dS * R.softmax(Z) * (1 - R.softmax(Z))}, None, {"softmax-diagonal"}),
    # chainer#5898
    ("relu.dZ", _masked(at_zero=False), None, {"mask-missing"}),
    # Liger-Kernel#1298, with the weights of the samples in the labels
    ("softmax_cross_entropy.dZ", _fused(_first_weight), None, {"first-sample", None}),
    ("softmax_cross_entropy.dZ", _fused(_without_weight), None, {"label-normalised", None}),
    # Paddle#28622, an ignored sample being a column without labels
    ("softmax_cross_entropy.dZ", _fused(lambda S, P: S - P), None, {"unnormalised-labels"}),
    # mlx-lm#1413, torchtune#1875
    ("network.dW", _accumulated(lambda _, held, parts: held * parts), MEAN, {"micro-batches"}),
]
CORRECT = [
    ("softmax.dZ", {"softmax_vjp": R.softmax_vjp}, None),
    ("relu.dZ", _masked(at_zero=True), Conventions(relu_at_zero=0)),
    ("softmax_cross_entropy.dZ", _fused(_weighted), None),
    ("softmax_cross_entropy.dZ", _fused(_ignored_left_out), Conventions(unnormalised_labels="unsupported")),
    ("network.dW", _accumulated(lambda samples, _, __: samples), MEAN),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("claim", "target", "conventions", "causes"), FAULTY)
def test_a_reported_mistake_is_refuted_and_its_diagnosis_is_true(claim, target, conventions, causes, seed):
    outcome = _run(target, claim, seed, conventions=conventions)
    assert outcome.verdict is Verdict.REFUTED
    assert (outcome.finding.diagnosis and outcome.finding.diagnosis.cause) in causes


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("claim", "target", "conventions"), CORRECT)
def test_what_it_should_have_been_holds(claim, target, conventions, seed):
    task = runner.Task(LINKS[claim], "float64", 10, seed)
    assert runner.run(task, as_target(target, conventions)).verdict is Verdict.HOLDS
